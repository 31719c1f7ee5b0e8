import { describe, expect, it } from 'vitest';
import { SluiceError } from './errors.ts';
import {
  type FinishedMessage,
  findJobId,
  finishedEnvelope,
  parseAuditMessage,
  parseChunkMessage,
  parseFinishedMessage,
  parseRowsMessage,
  type RowsMessage,
  rowsEnvelope,
  searchBody,
  serialise,
  serialiseAudit,
  serialiseChunk,
  serialiseRepair,
  singleOutcome,
  singleRow,
  sweepBody,
} from './messages.ts';

const jobId = 'a0b1c2d3e4f5g6h7j8k9m0n1p2';
const chunk = { jobId, chunk: 3, start: 10, end: 99, firstRow: 5, rows: 7, firstLine: 6 };
const rows: RowsMessage = {
  v: 1,
  kind: 'rows',
  jobId,
  columns: ['a', '__proto__'],
  rows: [
    [0, 1, 2, ['x', null]],
    [0, 2, 3, [1.5, true]],
  ],
};
const finished: FinishedMessage = {
  v: 1,
  kind: 'finished',
  jobId,
  outcomes: [
    [0, 1, 'DONE', { a: [1, { b: null }] }],
    [0, 2, 'DONE', null],
    [0, 3, 'FAILED', ['NO_FUNDS', 'expected money, found none']],
  ],
};

const readers = {
  chunk: parseChunkMessage,
  rows: parseRowsMessage,
  finished: parseFinishedMessage,
  audit: parseAuditMessage,
} as const;
type Kind = keyof typeof readers;
const samples: Record<Kind, unknown> = {
  chunk: JSON.parse(serialiseChunk(chunk)),
  rows,
  finished,
  audit: JSON.parse(serialiseAudit(jobId)),
};
const kinds = Object.keys(readers) as Kind[];

const errorOf = (read: () => unknown): SluiceError => {
  try {
    read();
  } catch (thrown) {
    if (thrown instanceof SluiceError) return thrown;
    throw thrown;
  }
  throw new Error('expected a refusal, found the message read');
};

describe('messages', () => {
  it('bring a chunk there and back', () => {
    expect(parseChunkMessage(serialiseChunk(chunk))).toEqual({ v: 1, kind: 'chunk', ...chunk });
  });

  it('bring the ranges of a repair there and back', () => {
    const ranges: [number, number][] = [
      [5, 5],
      [7, 11],
    ];
    expect(parseChunkMessage(serialiseChunk({ ...chunk, ranges })).ranges).toEqual(ranges);
  });

  it('bring rows there and back through their envelope', () => {
    const { head, tail } = rowsEnvelope(jobId, rows.columns, 2);
    expect(parseRowsMessage(head + rows.rows.map(serialise).join(',') + tail)).toEqual({ ...rows, tried: 2 });
  });

  it('bring outcomes there and back through their envelope', () => {
    const { head, tail } = finishedEnvelope(jobId);
    expect(parseFinishedMessage(head + finished.outcomes.map(serialise).join(',') + tail)).toEqual(finished);
  });

  it('bring what is for audits there and back', () => {
    expect(parseAuditMessage(serialiseAudit(jobId))).toEqual({ v: 1, kind: 'audit', jobId });
    expect(parseAuditMessage(serialiseAudit(jobId, 2 ** 41))).toEqual({ v: 1, kind: 'audit', jobId, due: 2 ** 41 });
    expect(parseAuditMessage(serialiseRepair(jobId))).toEqual({ v: 1, kind: 'repair', jobId });
    expect(parseAuditMessage(searchBody)).toEqual({ v: 1, kind: 'search' });
    // What the schedules of a deployment send.
    expect([sweepBody, searchBody]).toEqual(['{"v":1,"kind":"sweep"}', '{"v":1,"kind":"search"}']);
    expect(parseAuditMessage(sweepBody)).toEqual({ v: 1, kind: 'sweep' });
  });

  it('make a row or an outcome alone a message that says how often it was tried', () => {
    expect(parseRowsMessage(singleRow(rows, [0, 2, 3, [1.5, true]], 4))).toEqual({
      ...rows,
      tried: 4,
      rows: [[0, 2, 3, [1.5, true]]],
    });
    expect(parseFinishedMessage(singleOutcome(finished, [0, 2, 'DONE', null], 1))).toEqual({
      ...finished,
      tried: 1,
      outcomes: [[0, 2, 'DONE', null]],
    });
  });

  it('say nothing of tries when there were none', () => {
    expect(parseRowsMessage(singleRow(rows, [0, 2, 3, [1.5, true]], 0))).not.toHaveProperty('tried');
  });

  it('keep a column and a result key called __proto__ as data', () => {
    const read = parseRowsMessage(JSON.stringify(rows));
    expect(read.columns).toEqual(['a', '__proto__']);
    const body = JSON.stringify(finished).replace('"a":', '"__proto__":');
    const [first] = parseFinishedMessage(body).outcomes;
    expect(first && JSON.stringify(first[3])).toBe('{"__proto__":[1,{"b":null}]}');
    expect(singleOutcome(finished, first as FinishedMessage['outcomes'][number], 0)).toContain('{"__proto__":[1');
    expect(({} as Record<string, unknown>)['b']).toBeUndefined();
  });

  it.each(kinds.flatMap((reader) => kinds.filter((kind) => kind !== reader).map((kind) => [reader, kind] as const)))(
    'of kind %s are not read from one of kind %s',
    (reader, kind) => {
      expect(errorOf(() => readers[reader](JSON.stringify(samples[kind]))).code).toBe('MESSAGE_INVALID');
    },
  );

  it.each(kinds)('of kind %s are read from their own sample', (kind) => {
    expect(readers[kind](JSON.stringify(samples[kind]))).toEqual(samples[kind]);
  });

  it.each(kinds)('of kind %s refuse another version', (kind) => {
    for (const v of [0, 2, '1', null, undefined, 1.5]) {
      const body = JSON.stringify({ ...(samples[kind] as object), v });
      expect(errorOf(() => readers[kind](body)).code).toBe('MESSAGE_INVALID');
    }
  });

  it.each(kinds)('of kind %s refuse what is not JSON and never quote it', (kind) => {
    for (const body of ['', '{', 'SECRET', '{"v":1,"kind":SECRET', '"SECRET"', '[]', 'null', '17']) {
      const { code, message, cause } = errorOf(() => readers[kind](body));
      expect(code).toBe('MESSAGE_INVALID');
      expect(message).toContain(`expected a ${kind} message of version 1, found`);
      expect(message).not.toContain('SECRET');
      expect(cause).toBeUndefined();
    }
  });

  it.each<[Kind, object]>([
    ['chunk', { chunk: -1 }],
    ['chunk', { start: 1.5 }],
    ['chunk', { end: '9' }],
    ['chunk', { rows: 2 ** 53 }],
    ['chunk', { jobId: 'SECRET' }],
    ['chunk', { jobId: `${jobId}\n` }],
    ['chunk', { ranges: [[1]] }],
    ['chunk', { ranges: [[1, 2, 3]] }],
    ['chunk', { ranges: 'SECRET' }],
    ['rows', { columns: ['SECRET', 1] }],
    ['rows', { columns: { length: 2 } }],
    ['rows', { rows: [] }],
    ['rows', { rows: 'SECRET' }],
    ['rows', { rows: [[0, 1, 2, ['SECRET']]] }],
    ['rows', { rows: [[0, 1, 2, ['SECRET', 'b', 'c']]] }],
    ['rows', { rows: [[0, 1, 2, ['SECRET', {}]]] }],
    ['rows', { rows: [[0, 1, 2, ['SECRET', []]]] }],
    ['rows', { rows: [[0, 1, ['SECRET', 'b']]] }],
    ['rows', { rows: [[0, '1', 2, ['SECRET', 'b']]] }],
    ['rows', { rows: [[0, -1, 2, ['SECRET', 'b']]] }],
    ['rows', { rows: [rows.rows[0], null] }],
    ['rows', { rows: [[0, 1, 2, ['SECRET', 'b'], 5]] }],
    ['rows', { tried: -1 }],
    ['rows', { tried: 'SECRET' }],
    ['rows', { jobId: jobId.toUpperCase() }],
    ['finished', { outcomes: [] }],
    ['finished', { outcomes: [[0, 1, 'DONE', ['SECRET']]] }],
    ['finished', { outcomes: [[0, 1, 'DONE', 'SECRET']] }],
    ['finished', { outcomes: [[0, 1, 'DONE']] }],
    ['finished', { outcomes: [[0, 1, 'PENDING', null]] }],
    ['finished', { outcomes: [[0, 1, 'FAILED', null]] }],
    ['finished', { outcomes: [[0, 1, 'FAILED', ['SECRET']]] }],
    ['finished', { outcomes: [[0, 1, 'FAILED', ['SECRET', 1]]] }],
    ['finished', { outcomes: [[0, 1.5, 'DONE', null]] }],
    ['audit', { jobId: undefined }],
    ['audit', { due: -1 }],
    ['audit', { due: 'now' }],
    ['audit', { kind: 'repair', jobId: 'x' }],
    ['audit', { jobId: 17 }],
  ])('of kind %s refuse the shape %j without quoting it', (kind, change) => {
    const body = JSON.stringify({ ...(samples[kind] as object), ...change });
    const { code, message } = errorOf(() => readers[kind](body));
    expect(code).toBe('MESSAGE_INVALID');
    expect(message).not.toContain('SECRET');
  });

  it('tell their job as far as that can be read', () => {
    expect(findJobId(JSON.stringify({ jobId, anything: 'else' }))).toBe(jobId);
    for (const body of ['', 'null', '17', '{}', '[]', '{"jobId":"../../x"}', '{"jobId":17}', `{"jobId":"${jobId}`]) {
      expect(findJobId(body)).toBeUndefined();
    }
  });
});
