import { catchOutput } from '@sluice/core/caught-output';
import { queueNames } from '@sluice/core/ports/queue';
import { defineProcessor, permanent, type Result } from '@sluice/core/processor';
import { stageNames } from '@sluice/core/wiring';
import { describe, expect, it, vi } from 'vitest';
import { canaries, findCanaries } from './canaries.ts';
import { bytesOfLines, isIdleLine, parseLogLines } from './log-lines.ts';
import { type LoggedRun, type LoggedRunOptions, runLogged } from './logged-run.ts';

/**
 * Bytes of log, of all stages together: a quarter more than what is measured. Lines are written by the invocation, never by the row;
 * a sweep that finds nothing due is one more each minute, whatever there is to do. docs/runbook.md, "Logs", tells of both.
 */
const budgets = {
  /** With debug lines of a hundredth of the invocations, as Terraform sets it. */
  sampled: { perMillionRows: 15_000_000, perIdleDay: 1_200_000 },
  /** With those of every invocation. */
  every: { perMillionRows: 35_000_000, perIdleDay: 2_700_000 },
} as const;

const budgetRows = 60_000;

const profile = {
  prefix: '',
  schema: {
    columns: {
      id: { type: 'integer', required: true },
      kind: { type: 'enum', required: true, values: ['a', 'b', canaries.schemaValue] },
    },
    ragged: 'reject',
  },
};

/** One in a hundred is rejected, in four ways; quotes, line ends and more than ASCII are everywhere. */
const lineOf = (row: number): string => {
  const quoted = `"${canaries.quotedCell} said ""é"",\nand left"`;
  const fields = [String(row), row % 2 === 0 ? 'a' : 'b', `Zoë ${canaries.cell}`, quoted];
  if (row % 400 === 100) return [...fields, canaries.rejectedCell].join(',');
  if (row % 400 === 200) return [canaries.rejectedCell, ...fields.slice(1)].join(',');
  if (row % 400 === 300) return ['', canaries.rejectedCell, ...fields.slice(2)].join(',');
  if (row % 400 === 0) return `${row},a,"${canaries.rejectedCell}"x,y`;
  if (row % 1_000 === 999) return [row, 'a', `${canaries.longCell} `.repeat(300), 'x'].join(',');
  if (row % 500 === 250) return [row, 'a', canaries.failingCell, 'x'].join(',');
  return fields.join(',');
};

const fileOf = (rows: number): Buffer =>
  Buffer.from(
    `id,kind,${canaries.headerName},text\n${Array.from({ length: rows }, (_, index) => lineOf(index + 1)).join('\n')}\n`,
  );

/** One in a hundred fails for good, one in two hundred at first, a few always, each in another way; all of them talk. */
const processor = defineProcessor({
  name: 'talking',
  process({ row, data }, { attempt }): Result | Promise<Result> {
    const told = `${canaries.processorError} of ${JSON.stringify(data)}`;
    if (row % 100 === 1) throw permanent('NOT_WANTED', `${canaries.permanentMessage} ${told}`);
    if (row % 100 === 2) return { [canaries.badResult]: () => told } as never;
    if (row % 200 === 3 && attempt === 1) throw new Error(told);
    if (row % 4_000 === 4) throw told;
    if (row % 4_000 === 5) return Promise.reject(new TypeError(told, { cause: data }));
    if (row % 4_000 === 6) throw Object.assign(new Error(told), { code: told, $metadata: { told } });
    return { greeting: `${canaries.result} ${told}` };
  },
});

const unreadable = [
  canaries.unreadableBody,
  `{"v":99,"kind":"${canaries.unreadableBody}"}`,
  `{"v":1,"jobId":"0123456789abcdefghjkmnpqrs","rows":["${canaries.unreadableBody}"`,
];

const output = catchOutput();

/** What a stage says by the console would reach the log, too. */
const catchConsole = (): void => {
  for (const method of ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const) {
    vi.spyOn(console, method).mockImplementation(
      (...given: unknown[]) => void output.push(`${given.map(String).join(' ')}\n`),
    );
  }
};

const run = async (options: Omit<LoggedRunOptions, 'profiles' | 'processor'>): Promise<LoggedRun> => {
  catchConsole();
  return runLogged({ profiles: [profile], processor, ...options });
};

const linesOf = (message: string): number => output.filter((line) => line.includes(`"message":"${message}"`)).length;

describe('the log of all stages', () => {
  it.each([
    [0.01, budgets.sampled],
    [1, budgets.every],
  ])('keeps its budget with debug lines of %s of the invocations', async (sampleRate, budget) => {
    const { jobs, minutes } = await run({ files: { 'a.csv': fileOf(budgetRows) }, sampleRate });
    expect(jobs.map(({ state, plan }) => [state, plan?.rows])).toEqual([['HELD', budgetRows]]);
    const lines = parseLogLines(output);
    // Every stage is heard, or its bytes would not be in the sum.
    expect([...new Set(lines.map(({ stage }) => stage))].sort()).toEqual([undefined, ...stageNames].sort());
    const perMillionRows = (bytesOfLines(lines.filter((line) => !isIdleLine(line))) / budgetRows) * 1_000_000;
    const perIdleDay = (bytesOfLines(lines.filter(isIdleLine)) / minutes) * 60 * 24;
    expect(perMillionRows).toBeLessThan(budget.perMillionRows);
    expect(perIdleDay).toBeLessThan(budget.perIdleDay);
  });
});

/** Files that are refused or hard to read, beside one that is neither; small packs, so that much goes on. */
const hostile = {
  files: {
    [`in/${canaries.objectKey}.csv`]: fileOf(4_000),
    [`${canaries.objectKey} é+&.csv`]: Buffer.from(`${canaries.refusedHeader},${canaries.refusedHeader}\n1,2\n`),
    'open.csv': Buffer.from(`id,kind\n1,"a ${canaries.rejectedCell}\n2,b\n`),
    'bytes.csv': Buffer.concat([Buffer.from(`id,kind\n1,${canaries.rejectedCell}`), Buffer.from([0xff, 0xfe, 0x0a])]),
  },
  strays: Object.fromEntries(queueNames.map((name) => [name, unreadable])),
  rowsPerMessage: 20,
  chunkBytes: 20_000,
};

/** What was said of personal data, and where. */
const leaks = (): string[] => output.flatMap((line) => findCanaries(line).map((found) => `${found}: ${line}`));

describe('the log of all stages', () => {
  it.each([0.01, 1])('says nothing of what files, processors and messages hold, sampled at %s', async (sampleRate) => {
    const { jobs, kept, deadLetters } = await run({ ...hostile, sampleRate });
    expect(leaks()).toEqual([]);
    // All of it was there to be told.
    expect(jobs.map(({ state }) => state).sort()).toEqual(['COMPLETE', 'COMPLETE', 'HELD', 'REFUSED']);
    expect(findCanaries(kept)).toContain('rejectedCell, plain');
    expect(Math.min(...Object.values(deadLetters))).toBeGreaterThanOrEqual(unreadable.length);
    expect(linesOf('rows are dead')).toBeGreaterThan(0);
  });

  it.each([0.01, 1])(
    'says nothing of it either while services fail and quote all they were given, sampled at %s',
    async (sampleRate) => {
      const { jobs } = await run({ ...hostile, sampleRate, faultShare: 0.05, faultMinutes: 120 });
      expect(leaks()).toEqual([]);
      expect(jobs).toHaveLength(4);
      expect(linesOf('the batch failed as a whole')).toBeGreaterThan(0);
      expect(linesOf('rows are dead')).toBeGreaterThan(0);
      expect(output.join('')).toContain('found an error of class ValidationException');
    },
  );
});
