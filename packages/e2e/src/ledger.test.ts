import { describe, expect, it } from 'vitest';
import type { Item } from './cloud.ts';
import type { ExpectedRow } from './file.ts';
import type { Found } from './ledger.ts';
import { checkLedger } from './ledger.ts';

const rows: readonly ExpectedRow[] = [
  { row: 1, line: 2, fate: 'done', values: [1, 'a'], hundredths: 5n },
  { row: 2, line: 3, fate: 'rejected', code: 'REQUIRED' },
  { row: 3, line: 4, fate: 'unwanted', values: [3, null], hundredths: 7n },
  { row: 4, line: 6, fate: 'outside', values: [4, 'd'], hundredths: 100n },
];

const itemOf = (row: number, line: number, data: unknown, more: Readonly<Record<string, string>>): Item => ({
  pk: { S: `job#0#${row}` },
  row: { N: `${row}` },
  line: { N: `${line}` },
  data: { S: JSON.stringify(data) },
  ...Object.fromEntries(Object.entries(more).map(([name, text]) => [name, { S: text }])),
});

const done = (row: number, line: number, data: unknown, hundredths: string): Item =>
  itemOf(row, line, data, { status: 'DONE', result: JSON.stringify({ hundredths }) });

/** A job of these rows that is as it should be while the outside service is off. */
const held: Found = {
  job: { state: 'HELD', plan: { chunks: 1, rows: 4, closedAt: 0 } } as Found['job'],
  items: [
    done(1, 2, [1, 'a'], '005'),
    itemOf(3, 4, [3, null], { status: 'FAILED', error: '["UNWANTED","why"]' }),
    itemOf(4, 6, [4, 'd'], { status: 'PENDING' }),
  ],
  chunks: [{ chunk: 0, start: 0, end: 9, firstRow: 1, rows: 4, firstLine: 2, cleaned: { accepted: 3, rejected: 1 } }],
  marks: [
    { jobId: 'job', stage: 'process-rows', chunk: 0, row: 4, code: 'PROCESSOR_ERROR', message: 'why', attempts: 5 },
  ],
  rejects: ['{"row":2,"line":3,"code":"REQUIRED"}'],
};

/** The same once the service is on. */
const complete: Found = {
  ...held,
  job: { ...held.job, state: 'COMPLETE' },
  items: [...held.items.slice(0, 2), done(4, 6, [4, 'd'], '100')],
  chunks: held.chunks.map((chunk) => ({ ...chunk, closed: { done: 2, failed: 1 } })),
};

describe('the ledger', () => {
  it('adds up while rows are dead, and when they are done', () => {
    expect(checkLedger(rows, held, false)).toEqual({
      totals: { rows: 4, rejected: 1, done: 1, failed: 1, dead: 1 },
      differences: [],
    });
    expect(checkLedger(rows, complete, true)).toEqual({
      totals: { rows: 4, rejected: 1, done: 2, failed: 1, dead: 0 },
      differences: [],
    });
  });

  it.each<[string, Partial<Found>, string]>([
    ['a row is lost', { items: complete.items.slice(1) }, 'row 1 in the table: expected 1, found 0'],
    [
      'a row is there twice',
      { items: [...complete.items, done(1, 2, [1, 'a'], '5')] },
      'row 1 in the table: expected 1, found 2',
    ],
    [
      'a row is there that the file does not have',
      { items: [...complete.items, done(5, 7, [], '0')] },
      'row 5: in the table, but not in the file',
    ],
    ['a reject is lost', { rejects: [] }, 'row 2 among the rejects'],
    ['a reject is there twice', { rejects: [...held.rejects, ...held.rejects] }, 'row 2 among the rejects'],
    [
      'a reject is also a row',
      { items: [...complete.items, done(2, 3, [], '0')] },
      'row 2 in the table: expected 0, found 1',
    ],
    ['a reject has another code', { rejects: ['{"row":2,"line":3,"code":"PATTERN"}'] }, 'row 2 among the rejects'],
    [
      'a value is another',
      { items: [done(1, 2, [1, 'b'], '5'), ...complete.items.slice(1)] },
      'row 1, values: expected [1,"a"], found [1,"b"]',
    ],
    [
      'a line is another',
      { items: [done(1, 3, [1, 'a'], '5'), ...complete.items.slice(1)] },
      'row 1, line: expected 2, found 3',
    ],
    ['a result is another', { items: [done(1, 2, [1, 'a'], '6'), ...complete.items.slice(1)] }, 'sum of the amounts'],
    ['a row is not done yet', { items: held.items }, 'row 4, status: expected "DONE", found "PENDING"'],
    [
      'the plan counts other rows',
      { job: { ...complete.job, plan: { chunks: 1, rows: 5, closedAt: 0 } } },
      'plan of the job, rows: expected 4, found 5',
    ],
    ['a chunk was not closed', { chunks: held.chunks }, 'final counts of the chunks'],
    ['the job is in another state', { job: held.job }, 'state of the job: expected "COMPLETE", found "HELD"'],
  ])('does not add up when %s', (_, change, difference) => {
    const { differences } = checkLedger(rows, { ...complete, ...change }, true);
    expect(differences.join('\n')).toContain(difference);
  });

  it('does not add up when the dead have no mark', () => {
    const { differences } = checkLedger(rows, { ...held, marks: [] }, false);
    expect(differences).toContain('row 4, dead mark: expected true, found false');
  });
});
