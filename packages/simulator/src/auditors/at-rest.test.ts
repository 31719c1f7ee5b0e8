import type { ChunkRecord, Job } from '@sluice/core/ports/job-store';
import type { StoredRow } from '@sluice/core/ports/row-store';
import { describe, expect, it } from 'vitest';
import type { ExpectedRow } from '../expected-rows.ts';
import { createVersionedObjects } from '../versioned-objects.ts';
import type { JobAtRest, RestStores } from './at-rest.ts';
import { auditAtRest } from './at-rest.ts';
import { expectBroken } from './broken.ts';
import type { Invariant } from './violate.ts';

const jobId = '0123456789abcdefghjkmnpqrs';
const source = Buffer.from('a,b\n\n1,cnry1\n2\n3,cnry3\n4,cnry4\n\n');
const rows: readonly ExpectedRow[] = [
  { row: 1, line: 3, byteStart: 5, byteEnd: 12, accepted: true, values: ['1', 'cnry1'] },
  { row: 2, line: 4, byteStart: 13, byteEnd: 14, accepted: false, code: 'FIELD_COUNT' },
  { row: 3, line: 5, byteStart: 15, byteEnd: 22, accepted: true, values: ['3', 'cnry3'] },
  { row: 4, line: 6, byteStart: 23, byteEnd: 30, accepted: true, values: ['4', 'cnry4'] },
];
const key = `jobs/${jobId}/rejects/00000000.ndjson`;

type Given = {
  readonly chunks: ChunkRecord[];
  readonly stored: StoredRow[][];
  readonly marks: { chunk?: number; row?: number }[];
  readonly objects: Record<string, string>;
  readonly job: Job;
};

const reject = (change: object = {}): string =>
  `${JSON.stringify({ row: 2, line: 4, byteStart: 13, byteEnd: 14, code: 'FIELD_COUNT', message: '', raw: '2', ...change })}\n`;

/** What a job that is COMPLETE has come to. */
const sound = (): Given => ({
  chunks: [
    {
      ...{ chunk: 0, start: 4, end: 15, firstRow: 1, rows: 2, firstLine: 2 },
      cleaned: { accepted: 1, rejected: 1, rejects: key },
      closed: { done: 1, failed: 0 },
    },
    {
      ...{ chunk: 1, start: 15, end: 32, firstRow: 3, rows: 2, firstLine: 5 },
      cleaned: { accepted: 2, rejected: 0 },
      closed: { done: 1, failed: 1 },
    },
  ],
  stored: [
    [{ row: 1, line: 3, status: 'DONE', data: '["1","cnry1"]' }],
    [
      { row: 3, line: 5, status: 'DONE', data: '["3","cnry3"]' },
      { row: 4, line: 6, status: 'FAILED', data: '["4","cnry4"]', error: { code: 'A', message: 'b' } },
    ],
  ],
  marks: [{ chunk: 0, row: 1 }],
  objects: { [key]: reject() },
  job: {
    jobId,
    file: { bucket: 'inbox', key: 'a.csv', etag: 'e', bytes: source.length },
    profile: { prefix: '' },
    schemaHash: '',
    codeVersion: '',
    rowsPerMessage: 0,
    createdAt: 0,
    repairs: 0,
    auditAt: 0,
    state: 'COMPLETE',
    layout: {
      source: { bucket: 'inbox', key: 'a.csv', etag: 'e' },
      bytes: source.length,
      delimiter: ',',
      columns: ['a', 'b'],
      outputColumns: ['a', 'b'],
      dataStart: 4,
      dataLine: 2,
    },
    plan: { chunks: 2, rows: 4, closedAt: 0 },
  },
});

const audit = async ({ chunks, stored, marks, objects, job }: Given, change: Partial<JobAtRest> = {}) => {
  const store = createVersionedObjects({ isVersioned: false, now: () => 0, pieceBytes: 7 });
  for (const [name, text] of Object.entries(objects)) await store.put('work', name, text);
  const given: JobAtRest = { job, rows, source, workBucket: 'work', mergesRejects: false, ...change };
  const stores: RestStores = {
    objects: store,
    rows: {
      // A page for each row.
      async *readChunk(_, chunk) {
        for (const row of stored[chunk] ?? []) yield [row];
      },
    },
    jobs: {
      async *listChunks() {
        for (const chunk of chunks) yield [chunk];
      },
      async *listMarks() {
        yield marks.map((mark) => ({ jobId, stage: 'store-rows', code: '', message: '', attempts: 1, ...mark }));
      },
    },
  };
  return auditAtRest(stores, given);
};

const as = (state: Job['state'], given: Given): Given => ({ ...given, job: { ...given.job, state } });

describe('a job at rest', () => {
  it('that is sound is told row by row', async () => {
    expect(await audit(sound())).toEqual({ rows: 4, rejected: 1, done: 2, failed: 1, dead: 0, open: 0 });
  });

  it('may be all of one chunk', async () => {
    const { chunks, stored, ...given } = sound();
    const [first, second] = chunks as [ChunkRecord, ChunkRecord];
    const cleaned = { accepted: 3, rejected: 1, rejects: key };
    const chunk = { ...first, end: second.end, rows: 4, cleaned, closed: { done: 2, failed: 1 } };
    const job = { ...given.job, plan: { chunks: 1, rows: 4, closedAt: 0 } };
    expect(await audit({ ...given, job, chunks: [chunk], stored: [stored.flat()] })).toMatchObject({
      rows: 4,
      open: 0,
    });
  });

  it('may hold no rows at all', async () => {
    const given = sound();
    const job = { ...given.job, plan: { chunks: 0, rows: 0, closedAt: 0 } };
    const empty = { ...given, job, chunks: [], stored: [], marks: [] };
    expect(await audit(empty, { rows: [], source: source.subarray(0, 4) })).toMatchObject({ rows: 0 });
  });

  it('may end before its rows do, when it is limited', async () => {
    const given = sound();
    const job = { ...given.job, profile: { prefix: '', limit: 2 }, plan: { chunks: 1, rows: 2, closedAt: 0 } };
    const limited = { ...given, job, chunks: given.chunks.slice(0, 1) };
    expect(await audit(limited, { rows: rows.slice(0, 2) })).toMatchObject({ rows: 2 });
  });

  it('that has not ended may lack rows, which are dead where they are marked, or open', async () => {
    const given = as('OPEN', sound());
    const [first, second] = given.chunks as [ChunkRecord, ChunkRecord];
    const { closed: _, ...open } = second;
    const [stored] = given.stored as [StoredRow[]];
    const pending: StoredRow = { row: 3, line: 5, status: 'PENDING', data: '["3","cnry3"]' };
    const unfinished = { ...given, chunks: [first, open], stored: [stored, [pending]] };
    expect(await audit(unfinished)).toEqual({ rows: 4, rejected: 1, done: 1, failed: 0, dead: 0, open: 2 });
    const marks = [{ chunk: 1, row: 3 }, { chunk: 1, row: 4 }, { chunk: 0, row: 1 }, { chunk: 1 }, {}];
    expect(await audit({ ...unfinished, marks })).toMatchObject({ dead: 2, open: 0 });
    const { cleaned: __, ...uncleaned } = open;
    const given2 = { ...unfinished, chunks: [first, uncleaned], marks: [{ chunk: 1 }] };
    expect(await audit(given2)).toMatchObject({ dead: 2, open: 0 });
  });

  const broken: readonly (readonly [string, Invariant, RegExp, (given: Given) => Given | Partial<Given>])[] = [
    ['a chunk left out', 'I1', /expected chunk 0, found another/, ({ chunks }) => ({ chunks: chunks.slice(1) })],
    ['a gap', 'I1', /from byte 15 on/, (given) => chunk(given, 1, { start: 16 })],
    ['an overlap', 'I1', /from byte 15 on/, (given) => chunk(given, 1, { start: 14 })],
    ['bytes beyond the file', 'I1', /within 32/, (given) => chunk(given, 1, { end: 33 })],
    ['bytes not planned', 'I1', /32 bytes planned, found 31/, (given) => chunk(given, 1, { end: 31 })],
    [
      'a chunk that ends within a line',
      'I1',
      /ends? with a line, found byte 14/,
      (given) => chunk(given, 0, { end: 14 }),
    ],
    ['another first row', 'I2', /from row 3/, (given) => chunk(given, 1, { firstRow: 4 })],
    ['another first line', 'I2', /line 5/, (given) => chunk(given, 1, { firstLine: 6 })],
    [
      'a row too many in a chunk',
      'I2',
      /expected 2 rows in a chunk, found it planned with 3/,
      (given) => chunk(given, 0, { rows: 3 }),
    ],
    ['a row too few in a chunk', 'I2', /more than 1 rows.*row 2/, (given) => chunk(given, 0, { rows: 1 })],
    [
      'another plan',
      'I2',
      /2 chunks and 4 rows/,
      ({ job }) => ({ job: { ...job, plan: { chunks: 2, rows: 5, closedAt: 0 } } }),
    ],
    ['chunks not planned', 'I2', /plan of 1 chunks/, ({ chunks, marks }) => ({ chunks: chunks.slice(0, 1), marks })],
    ['values of no file', 'I1', /values.*row 3/, (given) => row(given, 1, 0, { data: '["3","cnry4"]' })],
    ['another line', 'I1', /line 5, found 6.*row 3/, (given) => row(given, 1, 0, { line: 6 })],
    ['a row missing', 'I3', /neither.*row 4/, ({ stored: [a = [], b = []] }) => ({ stored: [a, b.slice(0, 1)] })],
    [
      'a row missing before others',
      'I3',
      /neither.*row 3/,
      ({ stored: [a = [], b = []] }) => ({ stored: [a, b.slice(1)] }),
    ],
    ['a row twice', 'I3', /twice.*row 4/, ({ stored: [a = [], b = []] }) => ({ stored: [a, [...b, ...b.slice(1)]] })],
    [
      'a row of another chunk',
      'I3',
      /no chunk.*row 3/,
      ({ stored: [a = [], b = []] }) => ({ stored: [[...a, ...b], b] }),
    ],
    [
      'a rejected row',
      'I3',
      /stored.*row 2/,
      ({ stored: [a = [], b = []] }) => ({ stored: [[...a, { ...(a[0] as StoredRow), row: 2 }], b] }),
    ],
    ['no reject object', 'I3', /found none.*chunk 0/, () => ({ objects: {} })],
    [
      'a reject too few',
      'I3',
      /1 rejected rows, found 0/,
      (given) => chunk(given, 0, { cleaned: { accepted: 1, rejected: 1 } }),
    ],
    ['a reject too many', 'I3', /1 rejected rows, found 2.*row 2/, () => ({ objects: { [key]: reject() + reject() } })],
    ['rejects that cannot be read', 'I3', /lines of JSON/, () => ({ objects: { [key]: 'x\n' } })],
    ['another reject', 'I3', /found row 1.*row 2/, () => ({ objects: { [key]: reject({ row: 1 }) } })],
    [
      'counts of others',
      'I8',
      /1 rows accepted and 1 rejected, found 2 and 0/,
      (given) => chunk(given, 0, { cleaned: { accepted: 2, rejected: 0, rejects: key } }),
    ],
    [
      'final counts of others',
      'I8',
      /1 rows done and 1 failed, found 2 and 0/,
      (given) => chunk(given, 1, { closed: { done: 2, failed: 0 } }),
    ],
    [
      'a chunk that is not counted',
      'I9',
      /counted and closed.*chunk 1/,
      ({ chunks: [a, b] }) => ({ chunks: [a as ChunkRecord, without(b as ChunkRecord, 'cleaned')] }),
    ],
    [
      'a chunk that is not closed',
      'I9',
      /counted and closed.*chunk 1/,
      ({ chunks: [a, b] }) => ({ chunks: [a as ChunkRecord, without(b as ChunkRecord, 'closed')] }),
    ],
    [
      'a row that is open',
      'I4',
      /1 and 0.*chunk 1/,
      (given) => ({
        ...row(given, 1, 0, { status: 'PENDING' }),
        ...chunk(given, 1, { closed: { done: 0, failed: 1 } }),
      }),
    ],
    [
      'a row that is dead',
      'I4',
      /0 and 1.*chunk 1/,
      (given) => ({
        ...row(given, 1, 0, { status: 'PENDING' }),
        ...chunk(given, 1, { closed: { done: 0, failed: 1 } }),
        marks: [{ chunk: 1, row: 3 }],
      }),
    ],
    ['a mark on a row of another chunk', 'I4', /chunk 0, row 3/, () => ({ marks: [{ chunk: 0, row: 3 }] })],
    ['a mark on no chunk', 'I4', /chunk 7/, () => ({ marks: [{ chunk: 7 }] })],
  ];

  it.each(broken)('is not sound with %s: %s', async (_, invariant, message, spoil) => {
    const given = sound();
    await expectBroken(invariant, message, () => audit({ ...given, ...spoil(given) }));
  });

  it('is not sound with a row that a chunk cuts: I1', async () => {
    const { job, ...given } = sound();
    const cut = Buffer.from('a,b\n1,"x\ny"\n');
    const chunks = [
      { chunk: 0, start: 4, end: 9, firstRow: 1, rows: 0, firstLine: 2 },
      { chunk: 1, start: 9, end: 12, firstRow: 1, rows: 1, firstLine: 3 },
    ];
    const change = {
      source: cut,
      rows: [{ row: 1, line: 2, byteStart: 4, byteEnd: 11, accepted: true, values: ['1', 'x y'] }] as const,
    };
    await expectBroken('I1', /cut by a chunk.*row 1/, () =>
      audit({ ...as('OPEN', { ...given, job }), chunks, stored: [], marks: [] }, change),
    );
  });

  it('is not sound with other bytes of a rejected row than those of the file, whatever their form', async () => {
    const given = sound();
    await audit({ ...given, objects: { [key]: reject({ raw: undefined, rawBase64: 'Mg==' }) } });
    for (const change of [{ raw: '3' }, { raw: '2 ' }, { raw: undefined, rawBase64: 'Mw==' }, { raw: undefined }]) {
      await expectBroken('I3', /bytes.*row 2/, () => audit({ ...given, objects: { [key]: reject(change) } }));
    }
  });
});

function chunk({ chunks }: Given, index: number, change: Partial<ChunkRecord>): Pick<Given, 'chunks'> {
  return { chunks: chunks.map((each, i) => (i === index ? { ...each, ...change } : each)) };
}

function row({ stored }: Given, at: number, index: number, change: Partial<StoredRow>): Pick<Given, 'stored'> {
  return {
    stored: stored.map((each, i) =>
      i === at ? each.map((one, j) => (j === index ? { ...one, ...change } : one)) : each,
    ),
  };
}

function without(given: ChunkRecord, part: 'cleaned' | 'closed'): ChunkRecord {
  return Object.fromEntries(Object.entries(given).filter(([name]) => name !== part)) as unknown as ChunkRecord;
}
