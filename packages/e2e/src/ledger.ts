import type { ChunkRecord, DeadMark, Job } from '@sluice/core/ports/job-store';
import type { Item } from './cloud.ts';
import type { ExpectedRow, Fate } from './file.ts';

/** Everything that the deployment holds of one job, as it was read from table, ledger and bucket. */
export type Found = {
  readonly job: Job;
  readonly items: readonly Item[];
  readonly chunks: readonly ChunkRecord[];
  readonly marks: readonly DeadMark[];
  /** Lines of the reject objects. */
  readonly rejects: readonly string[];
};

export type Totals = {
  readonly rows: number;
  readonly rejected: number;
  readonly done: number;
  readonly failed: number;
  readonly dead: number;
};

type Reject = { readonly row: number; readonly line: number; readonly code: string };

const textIn = (item: Item, name: string): string => item[name]?.S ?? '';

/** Differences that are told one by one; the rest only by their number. */
const toldMax = 10;

/**
 * Compares what a deployment holds with what the file says: every row once and in the place its fate names, with its values,
 * its line, its result; the equation; the ledger's own counts; the sum of the amounts. `isOutsideOn`: whether rows that need
 * the outside service are done by now, or dead. Answers with the totals and a line for each difference.
 */
export const checkLedger = (
  expected: readonly ExpectedRow[],
  found: Found,
  isOutsideOn: boolean,
): { readonly totals: Totals; readonly differences: readonly string[] } => {
  const differences: string[] = [];
  const expect = (what: string, wanted: unknown, is: unknown): void => {
    const [a, b] = [JSON.stringify(wanted), JSON.stringify(is)];
    if (a !== b) differences.push(`${what}: expected ${a}, found ${b}`);
  };

  const items = new Map<number, Item[]>();
  for (const item of found.items) {
    const row = Number(item['row']?.N);
    items.set(row, [...(items.get(row) ?? []), item]);
  }
  const rejects = new Map<number, Reject[]>();
  for (const text of found.rejects) {
    const reject = JSON.parse(text) as Reject;
    rejects.set(reject.row, [...(rejects.get(reject.row) ?? []), reject]);
  }
  const marked = new Set(found.marks.map(({ row }) => row));

  let wantedSum = 0n;
  let sum = 0n;
  const statusOf: Readonly<Record<Exclude<Fate, 'rejected'>, string>> = {
    done: 'DONE',
    unwanted: 'FAILED',
    outside: isOutsideOn ? 'DONE' : 'PENDING',
  };
  for (const { row, line, fate, code, values, hundredths = 0n } of expected) {
    const ofRow = items.get(row) ?? [];
    const rejected = rejects.get(row) ?? [];
    items.delete(row);
    rejects.delete(row);
    if (fate === 'rejected') {
      expect(`row ${row} in the table`, 0, ofRow.length);
      expect(
        `row ${row} among the rejects`,
        [{ row, line, code }],
        rejected.map((it) => ({ row: it.row, line: it.line, code: it.code })),
      );
      continue;
    }
    expect(`row ${row} among the rejects`, 0, rejected.length);
    expect(`row ${row} in the table`, 1, ofRow.length);
    const [item] = ofRow;
    if (item === undefined) continue;
    const status = statusOf[fate];
    expect(`row ${row}, line`, line, Number(item['line']?.N));
    expect(`row ${row}, values`, values, JSON.parse(textIn(item, 'data') || 'null'));
    expect(`row ${row}, status`, status, textIn(item, 'status'));
    if (status === 'FAILED')
      expect(`row ${row}, error`, 'UNWANTED', (JSON.parse(textIn(item, 'error') || '[]') as string[])[0]);
    // A redrive takes the mark back; after a repair it stays, and counts for nothing.
    if (fate === 'outside' && !isOutsideOn) expect(`row ${row}, dead mark`, true, marked.has(row));
    if (status !== 'DONE') continue;
    wantedSum += hundredths;
    const result = JSON.parse(textIn(item, 'result') || '{}') as { readonly hundredths?: string };
    if (/^\d+$/.test(result.hundredths ?? '')) sum += BigInt(result.hundredths ?? '');
  }
  for (const row of items.keys()) differences.push(`row ${row}: in the table, but not in the file`);
  for (const row of rejects.keys()) differences.push(`row ${row}: among the rejects, but not in the file`);
  expect('sum of the amounts of rows that are done, in hundredths', String(wantedSum), String(sum));

  const count = (status: string): number => found.items.filter((item) => textIn(item, 'status') === status).length;
  const pending = new Set(
    found.items.filter((item) => textIn(item, 'status') === 'PENDING').map((item) => Number(item['row']?.N)),
  );
  const totals: Totals = {
    rows: expected.length,
    rejected: found.rejects.length,
    done: count('DONE'),
    failed: count('FAILED'),
    dead: [...pending].filter((row) => marked.has(row)).length,
  };
  expect(
    'rows = rejected + done + failed + dead',
    totals.rows,
    totals.rejected + totals.done + totals.failed + totals.dead,
  );

  const total = (of: (chunk: ChunkRecord) => number): number => found.chunks.reduce((all, chunk) => all + of(chunk), 0);
  expect('plan of the job, chunks', found.chunks.length, found.job.plan?.chunks);
  expect('plan of the job, rows', totals.rows, found.job.plan?.rows);
  expect(
    'rows of the chunks',
    totals.rows,
    total(({ rows }) => rows),
  );
  expect(
    'counts of the chunks',
    [totals.rows - totals.rejected, totals.rejected],
    [total(({ cleaned }) => cleaned?.accepted ?? 0), total(({ cleaned }) => cleaned?.rejected ?? 0)],
  );
  expect('state of the job', isOutsideOn ? 'COMPLETE' : 'HELD', found.job.state);
  if (isOutsideOn) {
    expect(
      'final counts of the chunks',
      [totals.done, totals.failed],
      [total(({ closed }) => closed?.done ?? 0), total(({ closed }) => closed?.failed ?? 0)],
    );
  }
  const more = differences.length - toldMax;
  return { totals, differences: more > 0 ? [...differences.slice(0, toldMax), `and ${more} more`] : differences };
};
