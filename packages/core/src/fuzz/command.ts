import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findTargets } from './find-targets.ts';
import { caseOf, type Finding, type FuzzReport, fuzz } from './fuzz.ts';
import { startWatchdog } from './watchdog.ts';

/** Runs every target of the repository: `node command.ts [--minutes 10] [--seed S] [--cases N] [--case N] [--only TARGET]`. */

const progressMilliseconds = 15_000;
const shownBytesMax = 4_096;

const write = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Any bytes as a string of JavaScript, to be read as latin1. */
const quote = (bytes: Buffer): string =>
  JSON.stringify(bytes.toString('latin1')).replace(
    /[\x7f-\xff]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16)}`,
  );

const describe = ({ target, kind, caseNumber, message, options, input, shrunk }: Finding, again: string): string => {
  const isShort = shrunk.length <= shownBytesMax;
  return [
    '',
    `FOUND by ${target} (${kind}) in case ${caseNumber}`,
    `  ${message.slice(0, shownBytesMax)}`,
    `  options  ${JSON.stringify(options)}`,
    `  input    ${shrunk.length} bytes, of ${input.length} at first${isShort ? '' : `; the first ${shownBytesMax}:`}`,
    `  string   Buffer.from(${quote(shrunk.subarray(0, shownBytesMax))}, 'latin1')`,
    `  hex      ${shrunk.subarray(0, shownBytesMax).toString('hex')}`,
    `  again    ${again} CASE=${caseNumber}`,
  ].join('\n');
};

const listOf = (counts: ReadonlyMap<string, number>): string[] =>
  [...counts]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, count]) => `  ${count.toLocaleString('en-US').padStart(12)}  ${name}`);

const summarise = ({ cases, kinds, outcomes }: FuzzReport, seconds: number): string =>
  [
    '',
    'cases by target and kind of input',
    ...listOf(kinds),
    'cases by what they met',
    ...listOf(outcomes),
    `${cases.toLocaleString('en-US')} cases in ${seconds.toFixed(1)} s, ${Math.round(cases / seconds).toLocaleString('en-US')} cases/s`,
  ].join('\n');

const numberOf = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined || text === '') return undefined;
  const number = Number(text);
  if (Number.isFinite(number) && number >= 0) return number;
  throw new Error(`expected --${name} to be a number, found ${JSON.stringify(text)}`);
};

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seed: { type: 'string' },
    cases: { type: 'string' },
    case: { type: 'string' },
    only: { type: 'string' },
  },
});
const single = numberOf('case', values.case);
const casesMax = single === undefined ? (numberOf('cases', values.cases) ?? Number.POSITIVE_INFINITY) : 1;
const minutes = numberOf('minutes', values.minutes) ?? 10;
const seed = values.seed === undefined || values.seed === '' ? randomBytes(4).toString('hex') : values.seed;
const only = values.only === undefined || values.only === '' ? undefined : values.only;
const found = await findTargets(fileURLToPath(new URL('../../../', import.meta.url)));
const targets = only === undefined ? found : found.filter(({ name }) => name === only);
if (targets.length === 0)
  throw new Error(`expected a target, found none; known are ${found.map(({ name }) => name).join(', ')}`);

const again = `make fuzz SEED=${seed}${only === undefined ? '' : ` ONLY=${only}`}`;
const start = performance.now();
const secondsSince = (): number => (performance.now() - start) / 1_000;
const watchdog = startWatchdog(again);
let toldAt = start;
if (single !== undefined) {
  // Shown before it is tried: it may be one that does not end.
  const { target, fuzzCase } = caseOf(targets, seed, single);
  write(`${target.name} (${fuzzCase.kind}) ${JSON.stringify(fuzzCase.options)}`);
  write(quote(fuzzCase.input.subarray(0, shownBytesMax)));
}
write(`seed ${seed}, ${targets.length} targets: ${targets.map(({ name }) => name).join(', ')}`);
const report = await fuzz({
  targets,
  seed,
  from: single ?? 0,
  isOver: (cases) => {
    const now = performance.now();
    if (now - toldAt >= progressMilliseconds) {
      toldAt = now;
      const seconds = secondsSince();
      write(`${seconds.toFixed(0)} s, ${cases.toLocaleString('en-US')} cases, ${Math.round(cases / seconds)} cases/s`);
    }
    return cases >= casesMax || secondsSince() >= minutes * 60;
  },
  onCase: watchdog.see,
  seconds: () => process.cpuUsage().user / 1_000_000,
});
watchdog.stop();
write(summarise(report, secondsSince()));
if (report.finding === undefined) write(`nothing found; the same again: ${again}`);
else write(describe(report.finding, again));
process.exitCode = report.finding === undefined ? 0 : 1;
