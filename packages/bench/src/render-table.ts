import type { Machine } from './machine.ts';
import { numberText, spreadText } from './number-text.ts';
import type { ExperimentResult, MeasureResult, Results } from './results.ts';
import type { Spread } from './statistics.ts';

// Figures as Markdown, which terminals show as well as pages do.

/** Text that stands in a cell as it is. Titles are the product's own; names of files are not. */
const cell = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, ' ').replace(/[\\|<>`*_[\]]/g, (character) => `\\${character}`);

const parts = ['', '', 'half', 'a third', 'a quarter', 'a fifth', 'a sixth'];

/** That a contender was given but a part of the rows, where it was. */
const partText = (divisor: number): string =>
  divisor === 1 ? '' : ` (over ${parts[divisor] ?? `one in ${divisor}`} of the rows)`;

const mebibytes = (bytes: number): string => `${numberText(bytes / 2 ** 20)} MiB`;

const tableOf = ({ measures, contenders }: ExperimentResult): string[] => [
  `| | ${measures.map(({ title, unit }) => cell(`${title} (${unit})`)).join(' | ')} |`,
  `|---|${measures.map(() => '---:|').join('')}`,
  ...contenders.map(({ title, divisor = 1, measures: found }) => {
    const cells = measures.map(({ name }) => {
      const spread = found[name];
      return spread === undefined ? '' : spreadText(spread);
    });
    return `| ${cell(title)}${partText(divisor)} | ${cells.join(' | ')} |`;
  }),
];

/** `5.2 times (4.9 to 5.4)` as good. */
const ratioText = (ratio: Spread): string => spreadText(ratio).replace(/ |$/, ' times ').trim();

/** A line for each peer. */
const ratioLines = ({ measures, contenders, ratios }: ExperimentResult): string[] =>
  contenders.flatMap(({ id, title }) => {
    const parts = measures.flatMap(({ name, title: of }) => {
      const ratio = ratios.find(({ peer, measure }) => peer === id && measure === name);
      return ratio === undefined ? [] : [`${cell(of)} ${ratioText(ratio)}`];
    });
    return parts.length === 0 ? [] : [`- Ours against ${cell(title)}: ${parts.join('; ')}`];
  });

export type AimResult = {
  readonly experiment: string;
  readonly contender: string;
  readonly measure: MeasureResult;
  readonly aim: NonNullable<MeasureResult['aim']>;
  readonly median: number;
  readonly isMet: boolean;
};

/** Every aim, held against each contender that is ours, by the median. */
export const aimsOf = ({ title, measures, contenders }: ExperimentResult): AimResult[] =>
  measures.flatMap((measure) => {
    const { aim, name, better } = measure;
    if (aim === undefined) return [];
    return contenders
      .filter(({ isOurs }) => isOurs)
      .flatMap(({ title: contender, measures: found }) => {
        const median = found[name]?.median;
        if (median === undefined) return [];
        const isMet = better === 'more' ? median >= aim.value : median <= aim.value;
        return [{ experiment: title, contender, measure, aim, median, isMet }];
      });
  });

const aimLine = ({ contender, measure, aim, median, isMet }: AimResult): string => {
  const bound = measure.better === 'more' ? 'at least' : 'at most';
  const found = isMet ? `met, ${numberText(median)}` : `**missed**, ${numberText(median)}`;
  return `- Aim for ${cell(contender)}: ${cell(measure.title)} ${bound} ${numberText(aim.value)} ${measure.unit} (${cell(aim.source)}): ${found}`;
};

const workedOn = ({ date, divisor = 1, file, contenders }: ExperimentResult): string => {
  const counts = Object.values(contenders[0]?.measures ?? {}).map(({ values }) => values.length);
  const times = Math.max(1, ...counts);
  const of = file === undefined ? '' : ` File: ${cell(file.name)}, ${file.bytes.toLocaleString('en-US')} bytes.`;
  const trial = divisor === 1 ? '' : ` **A trial with the rows divided by ${divisor}: nothing to go by.**`;
  return `Measured on ${date}, ${times === 1 ? 'once' : `${times} times`}.${of}${trial}`;
};

/** An experiment: its title, what is done, a table, ratios, aims. */
export const renderExperiment = (experiment: ExperimentResult): string => {
  const lines = [...ratioLines(experiment), ...aimsOf(experiment).map(aimLine)];
  return [
    `### ${experiment.title}`,
    '',
    experiment.about,
    '',
    ...tableOf(experiment),
    '',
    ...(lines.length === 0 ? [] : [...lines, '']),
    workedOn(experiment),
  ].join('\n');
};

export const renderMachine = ({ cpu, cores, memoryBytes, os, node, python }: Machine): string =>
  `${cpu}, ${cores} cores, ${mebibytes(memoryBytes)} of memory, ${os}, Node ${node}, Python ${python}`;

/** What stands between the markers of docs/performance.md. `pictures`: paths as the page links them, by what they show. */
export const renderSection = (
  { date, machine, experiments }: Results,
  pictures: readonly { readonly path: string; readonly alt: string }[],
): string =>
  [
    `${date}, on ${renderMachine(machine)}.`,
    ...pictures.map(({ path, alt }) => `![${alt}](${path})`),
    ...experiments.map(renderExperiment),
  ].join('\n\n');
