import type { RejectLine } from '@sluice/core/rejected-rows';
import type { RowObserver } from '../export-job.ts';
import type { CodeCount, Codes, DeadRows, Example } from './report-page.ts';

/** Rows shown of a code. */
export const examplesMax = 3;
/** Codes that are told apart: a processor may make as many as there are rows. */
export const codesMax = 50;
/** Characters of a row that are shown, and of a code and a message. */
export const rawMost = 200;
const codeMost = 100;
const messageMost = 300;

type Count = { rows: number; readonly examples: Example[] };

/** Counts rows by code, with the first few of each. */
type Collector = {
  add(code: string, example: () => Example): void;
  codes(): Codes;
};

const byRows = (a: { readonly rows: number }, b: { readonly rows: number }): number => b.rows - a.rows;

const createCollector = (): Collector => {
  const counts = new Map<string, Count>();
  let others = 0;
  return {
    add(fullCode, example) {
      const code = fullCode.slice(0, codeMost);
      const count = counts.get(code) ?? { rows: 0, examples: [] };
      if (count.rows === 0 && counts.size === codesMax) {
        others++;
        return;
      }
      counts.set(code, count);
      count.rows++;
      if (count.examples.length < examplesMax) count.examples.push(example());
    },
    codes() {
      const all = [...counts].map(([code, { rows, examples }]): CodeCount => ({ code, rows, examples }));
      return { counts: all.sort(byRows), others };
    },
  };
};

const exampleOf = (line: string): Example => {
  const { row, line: at, column, message, raw, rawBase64 } = JSON.parse(line) as RejectLine;
  const shown = raw ?? rawBase64;
  return {
    row,
    line: at,
    message: message.slice(0, messageMost),
    ...(column === undefined ? {} : { column: column.slice(0, codeMost) }),
    // A part of a string keeps all of it in memory, unless it is made anew.
    ...(shown === undefined ? {} : { raw: Buffer.from(shown.slice(0, rawMost + 1)).toString() }),
  };
};

/** Hears of rows that are not done, and keeps a few of them: memory does not grow with their number. */
export type Examples = RowObserver & {
  rejects(): Codes;
  failures(): Codes;
  deadRows(): DeadRows;
};

export const collectExamples = (): Examples => {
  const [rejects, failures, dead] = [createCollector(), createCollector(), createCollector()];
  return {
    rejected: (code, line) => rejects.add(code, () => exampleOf(line)),
    failed: (row, { code, message }) => failures.add(code, () => ({ row, message: message.slice(0, messageMost) })),
    dead: (row, { stage, code, message }) =>
      dead.add(`${stage} ${code}`, () => ({ row, message: message.slice(0, messageMost) })),
    rejects: rejects.codes,
    failures: failures.codes,
    deadRows() {
      const { counts, others } = dead.codes();
      const told = counts.map(({ code: both, rows }) => {
        const [stage = '', ...code] = both.split(' ');
        return { stage, code: code.join(' '), rows };
      });
      return { counts: told, others };
    },
  };
};
