import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditNote, ChunkPlan, ChunkRecord, DeadMark, Job, JobChange, JobState, JobStore } from './job-store.ts';
import { jobStates, terminalStates } from './job-store.ts';
import type { ObjectVersion } from './object-store.ts';

// What every JobStore promises. An adapter runs it from a test of its own.

/** An empty table for one test alone. */
export type JobStoreSetUp = { readonly store: JobStore; close(): Promise<void> };

const jobId = '0123456789abcdefghjkmnpqrs';
const otherJobId = 'zzzzzzzzzzzzzzzzzzzzzzzzzz';
const source = { bucket: 'uploads', key: 'in/a file.csv', etag: '"0-1"' };

const jobOf = (id = jobId, state: JobState = 'PLANNING'): Job => ({
  jobId: id,
  file: { ...source, versionId: 'v 1', bytes: 2 ** 40 },
  profile: { prefix: 'in/', delimiter: ';', header: true, maxRejectedRatio: 0.01 },
  schemaHash: 'hash',
  codeVersion: '1',
  rowsPerMessage: 0,
  createdAt: 1_700_000_000_000,
  state,
  repairs: 0,
  auditAt: 0,
});

const layout = {
  source,
  bytes: 2 ** 40,
  delimiter: ';',
  columns: ['a', 'b "c"', '__proto__', '👍'],
  outputColumns: ['a'],
  dataStart: 17,
  dataLine: 2,
};

const found = { rows: 30, rejected: 1, done: 20, failed: 2, dead: 3, open: 4 };
const note: AuditNote = {
  through: 3,
  ledger: found,
  round: { next: 5, ledger: found, closed: 1, cleaned: 2, isNegative: false },
  repair: { kind: 'automatic', next: 4 },
  witnesses: [
    [3, 31, 0, 5, 1, 0],
    [4, 44, 2, 0, 0, 2],
  ],
  answeredAt: 9,
  accounted: 23,
  fruitless: 2,
};

const planOf = (chunk: number): ChunkPlan => ({
  chunk,
  start: chunk * 1000,
  end: chunk * 1000 + 1000,
  firstRow: chunk * 10 + 1,
  rows: 10,
  firstLine: chunk * 20 + 2,
});

const markOf = (place: { readonly chunk?: number; readonly row?: number }, message = 'why', job = jobId): DeadMark => ({
  jobId: job,
  stage: 'process-rows',
  ...place,
  code: 'TIMEOUT',
  message,
  attempts: 3,
});

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** Every one once, in an order that is neither theirs nor the reverse. */
const scattered = (numbers: readonly number[]): number[] => {
  const order = (index: number): number => (index * 7919) % 10_007;
  return numbers.toSorted((a, b) => order(a) - order(b));
};

const collect = async <Entry>(pages: AsyncIterable<readonly Entry[]>): Promise<Entry[]> => {
  const entries: Entry[] = [];
  for await (const page of pages) entries.push(...page);
  return entries;
};

export const jobStoreContract = (name: string, setUp: () => Promise<JobStoreSetUp>): void => {
  describe(name, () => {
    let store: JobStore;
    let close: () => Promise<void>;
    beforeEach(async () => {
      const made = await setUp();
      store = made.store;
      close = () => made.close();
    });
    afterEach(() => close());

    const chunksOf = (job = jobId): Promise<ChunkRecord[]> => collect(store.listChunks(job));
    const marksOf = (job = jobId): Promise<DeadMark[]> => collect(store.listMarks(job));

    describe('createJob', () => {
      it('keeps the job as it is', async () => {
        expect(await store.createJob(jobOf())).toBe(true);
        expect(await store.getJob(jobId)).toEqual(jobOf());
      });

      it('keeps every part that a job may have', async () => {
        const job: Job = {
          ...jobOf(),
          chunkBytes: 1024,
          layout,
          cursor: { chunk: 3, offset: 2 ** 40, row: 31, line: 33 },
          plan: { chunks: 3, rows: 30, closedAt: 5 },
          reason: { code: 'FILE_FORMAT', message: 'expected "a", found \ufffe' },
          repairedAt: 7,
          askedAt: 8,
          audited: note,
        };
        await store.createJob(job);
        expect(await store.getJob(jobId)).toEqual(job);
      });

      it('keeps a schema that is odd', async () => {
        const text = '{"__proto__":{"a":null},"constructor":[[],{},""],"👍":1e300,"a.b":"\\u0000"}';
        await store.createJob({ ...jobOf(), profile: { prefix: '', schema: JSON.parse(text) as unknown } });
        expect(JSON.stringify((await store.getJob(jobId))?.profile.schema)).toBe(JSON.stringify(JSON.parse(text)));
      });

      it('answers false when the job exists, and changes nothing', async () => {
        await store.createJob(jobOf());
        expect(await store.createJob({ ...jobOf(), state: 'OPEN', codeVersion: '2' })).toBe(false);
        expect(await store.getJob(jobId)).toEqual(jobOf());
      });

      it('answers false when the job has ended', async () => {
        await store.createJob(jobOf(jobId, 'COMPLETE'));
        expect(await store.createJob(jobOf())).toBe(false);
        expect((await store.getJob(jobId))?.state).toBe('COMPLETE');
      });

      it('lets one of two calls at once create the job', async () => {
        const answers = await Promise.all([store.createJob(jobOf()), store.createJob(jobOf())]);
        expect(answers.sort()).toEqual([false, true]);
      });
    });

    describe('getJob', () => {
      it('is undefined where there is no job', async () => {
        await store.createJob(jobOf());
        expect(await store.getJob(otherJobId)).toBeUndefined();
      });
    });

    describe('changeJob', () => {
      it.each<readonly [string, JobChange]>([
        ['state', { state: 'OPEN' }],
        ['layout', { layout }],
        ['cursor', { cursor: { chunk: 1, offset: 1000, row: 11, line: 12 } }],
        ['plan', { plan: { chunks: 1, rows: 10, closedAt: 9 } }],
        ['reason', { reason: { code: 'FILE_FORMAT', message: `it's "odd" \uffff` } }],
        ['repairs', { repairs: 2, repairedAt: 11 }],
        ['when it is due', { auditAt: 2 ** 41 }],
        ['what was asked for', { askedAt: 12 }],
        ['what audits found', { audited: note }],
        ['its end and that it was told', { state: 'COMPLETE', announcedAt: 13 }],
        ['that its rows were deleted', { forgottenAt: 14 }],
        ['several at once', { state: 'REFUSED', repairs: 1, reason: { code: 'A', message: 'b' } }],
        ['nothing', {}],
      ])('changes what it is given, and nothing else: %s', async (_, change) => {
        await store.createJob(jobOf());
        await store.createJob(jobOf(otherJobId));
        expect(await store.changeJob(jobId, ['PLANNING'], change)).toBe(true);
        expect(await store.getJob(jobId)).toEqual({ ...jobOf(), ...change });
        expect(await store.getJob(otherJobId)).toEqual(jobOf(otherJobId));
      });

      it('replaces what was changed before', async () => {
        await store.createJob(jobOf());
        await store.changeJob(jobId, ['PLANNING'], { cursor: { chunk: 1, offset: 1000, row: 11, line: 12 } });
        await store.changeJob(jobId, ['PLANNING'], {
          cursor: { chunk: 2, offset: 2000, row: 21, line: 22 },
          repairs: 1,
        });
        expect(await store.getJob(jobId)).toEqual({
          ...jobOf(),
          cursor: { chunk: 2, offset: 2000, row: 21, line: 22 },
          repairs: 1,
        });
      });

      it.each(jobStates)('changes a job that stands in one of the states: %s', async (state) => {
        await store.createJob(jobOf(jobId, state));
        const others = jobStates.filter((other) => other !== state);
        expect(await store.changeJob(jobId, others, { repairs: 9 })).toBe(false);
        expect(await store.getJob(jobId)).toEqual(jobOf(jobId, state));
        expect(await store.changeJob(jobId, [...others, state], { repairs: 9 })).toBe(true);
        expect(await store.getJob(jobId)).toEqual({ ...jobOf(jobId, state), repairs: 9 });
      });

      it('goes by the state the job stands in now', async () => {
        await store.createJob(jobOf());
        expect(await store.changeJob(jobId, ['PLANNING'], { state: 'OPEN' })).toBe(true);
        expect(await store.changeJob(jobId, ['PLANNING'], { state: 'REFUSED' })).toBe(false);
        expect(await store.changeJob(jobId, ['OPEN'], { state: 'COMPLETE' })).toBe(true);
        expect((await store.getJob(jobId))?.state).toBe('COMPLETE');
      });

      it('answers false where there is no job, and makes none', async () => {
        expect(await store.changeJob(jobId, jobStates, { state: 'OPEN' })).toBe(false);
        expect(await store.getJob(jobId)).toBeUndefined();
      });

      it('lets one of two calls at once move the job', async () => {
        await store.createJob(jobOf());
        const answers = await Promise.all([
          store.changeJob(jobId, ['PLANNING'], { state: 'OPEN' }),
          store.changeJob(jobId, ['PLANNING'], { state: 'REFUSED' }),
        ]);
        expect(answers.toSorted()).toEqual([false, true]);
        expect((await store.getJob(jobId))?.state).toBe(answers[0] ? 'OPEN' : 'REFUSED');
      });
    });

    describe('takeLease', () => {
      beforeEach(async () => {
        await store.createJob(jobOf());
        await store.createJob(jobOf(otherJobId));
      });

      it('takes a lease that is free, and the job stays as it is', async () => {
        expect(await store.takeLease(jobId, 'plan', 'a', 1000, 2000)).toBe(true);
        expect(await store.getJob(jobId)).toEqual(jobOf());
      });

      it('leaves a lease with its owner until it has expired', async () => {
        await store.takeLease(jobId, 'plan', 'a', 1000, 2000);
        expect(await store.takeLease(jobId, 'plan', 'b', 1000, 9000)).toBe(false);
        expect(await store.takeLease(jobId, 'plan', 'b', 1999, 9000)).toBe(false);
        expect(await store.takeLease(jobId, 'plan', 'b', 2000, 9000)).toBe(true);
      });

      it('leaves a lease that changed hands with its new owner', async () => {
        await store.takeLease(jobId, 'plan', 'a', 1000, 2000);
        await store.takeLease(jobId, 'plan', 'b', 2500, 4000);
        expect(await store.takeLease(jobId, 'plan', 'a', 3000, 9000)).toBe(false);
      });

      it('extends the lease of the same owner', async () => {
        await store.takeLease(jobId, 'plan', 'a', 1000, 2000);
        expect(await store.takeLease(jobId, 'plan', 'a', 1500, 4000)).toBe(true);
        expect(await store.takeLease(jobId, 'plan', 'b', 3000, 9000)).toBe(false);
        expect(await store.takeLease(jobId, 'plan', 'b', 4000, 9000)).toBe(true);
      });

      it('keeps the leases of a job apart, and those of two jobs', async () => {
        expect(await store.takeLease(jobId, 'plan', 'a', 1000, 2000)).toBe(true);
        expect(await store.takeLease(jobId, 'audit', 'b', 1000, 2000)).toBe(true);
        expect(await store.takeLease(otherJobId, 'plan', 'c', 1000, 2000)).toBe(true);
        expect(await store.takeLease(jobId, 'plan', 'b', 1000, 2000)).toBe(false);
        expect(await store.takeLease(jobId, 'audit', 'a', 1000, 2000)).toBe(false);
      });

      it('lets one of two owners at once have the lease', async () => {
        const answers = await Promise.all(['a', 'b'].map((owner) => store.takeLease(jobId, 'plan', owner, 1000, 2000)));
        expect(answers.sort()).toEqual([false, true]);
      });
    });

    describe('releaseLease', () => {
      beforeEach(async () => {
        await store.createJob(jobOf());
        await store.takeLease(jobId, 'plan', 'a', 1000, 2000);
        await store.takeLease(jobId, 'audit', 'a', 1000, 2000);
      });

      it('frees the lease, and no other', async () => {
        await store.releaseLease(jobId, 'plan', 'a');
        expect(await store.takeLease(jobId, 'audit', 'b', 1001, 2000)).toBe(false);
        expect(await store.takeLease(jobId, 'plan', 'b', 1001, 2000)).toBe(true);
      });

      it('does nothing when another holds the lease', async () => {
        await store.releaseLease(jobId, 'plan', 'b');
        expect(await store.takeLease(jobId, 'plan', 'b', 1001, 2000)).toBe(false);
      });

      it('does nothing to the lease of who took it over', async () => {
        await store.takeLease(jobId, 'plan', 'b', 2000, 3000);
        await store.releaseLease(jobId, 'plan', 'a');
        expect(await store.takeLease(jobId, 'plan', 'c', 2001, 3000)).toBe(false);
      });

      it('does nothing when nobody holds the lease', async () => {
        await store.releaseLease(jobId, 'plan', 'a');
        await store.releaseLease(jobId, 'plan', 'a');
        expect(await store.getJob(jobId)).toEqual(jobOf());
        expect(await store.takeLease(jobId, 'plan', 'b', 1001, 2000)).toBe(true);
      });
    });

    describe('putChunks', () => {
      it('keeps chunks as they are planned', async () => {
        await store.putChunks(jobId, [planOf(0), planOf(1)]);
        expect(await chunksOf()).toEqual([planOf(0), planOf(1)]);
      });

      it('leaves chunks that exist, and writes those that do not', async () => {
        await store.putChunks(jobId, [planOf(0), planOf(2)]);
        await store.putChunks(jobId, [{ ...planOf(0), rows: 99 }, planOf(1), { ...planOf(2), end: 1 }]);
        expect(await chunksOf()).toEqual([planOf(0), planOf(1), planOf(2)]);
      });

      it('leaves the counts of chunks that exist', async () => {
        await store.putChunks(jobId, [planOf(0)]);
        await store.putCounts(jobId, 0, { accepted: 9, rejected: 1 });
        await store.closeChunk(jobId, 0, { done: 8, failed: 1 });
        const before = await chunksOf();
        await store.putChunks(jobId, [planOf(0)]);
        expect(await chunksOf()).toEqual(before);
      });

      it('keeps two jobs apart', async () => {
        await store.putChunks(jobId, [planOf(0)]);
        await store.putChunks(otherJobId, [{ ...planOf(0), rows: 99 }, planOf(1)]);
        expect(await chunksOf()).toEqual([planOf(0)]);
        expect(await chunksOf(otherJobId)).toEqual([{ ...planOf(0), rows: 99 }, planOf(1)]);
      });

      it('does nothing when it is given nothing', async () => {
        await store.putChunks(jobId, []);
        expect(await chunksOf()).toEqual([]);
      });
    });

    describe('putCounts', () => {
      beforeEach(async () => {
        await store.putChunks(jobId, [planOf(0), planOf(1)]);
        await store.putChunks(otherJobId, [planOf(0)]);
      });

      it('writes the counts of one chunk', async () => {
        const counts = { accepted: 7, rejected: 3, rejects: 'jobs/a b/rejects/00000000.ndjson' };
        expect(await store.putCounts(jobId, 0, counts)).toBe(true);
        expect(await chunksOf()).toEqual([{ ...planOf(0), cleaned: counts }, planOf(1)]);
        expect(await chunksOf(otherJobId)).toEqual([planOf(0)]);
      });

      it.each([
        ['the same', { accepted: 10, rejected: 0 }],
        ['others', { accepted: 0, rejected: 10, rejects: 'key' }],
      ])('answers false when counts were there already, and those stay: %s', async (_, counts) => {
        await store.putCounts(jobId, 0, { accepted: 10, rejected: 0 });
        expect(await store.putCounts(jobId, 0, counts)).toBe(false);
        expect(await chunksOf()).toEqual([{ ...planOf(0), cleaned: { accepted: 10, rejected: 0 } }, planOf(1)]);
      });

      it('keeps counts of nothing', async () => {
        expect(await store.putCounts(jobId, 0, { accepted: 0, rejected: 0 })).toBe(true);
        expect(await store.putCounts(jobId, 0, { accepted: 1, rejected: 1 })).toBe(false);
        expect((await chunksOf())[0]?.cleaned).toEqual({ accepted: 0, rejected: 0 });
      });

      it('lets one of two calls at once write', async () => {
        const answers = await Promise.all(
          [1, 2].map((accepted) => store.putCounts(jobId, 0, { accepted, rejected: 0 })),
        );
        expect(answers.toSorted()).toEqual([false, true]);
        expect((await chunksOf())[0]?.cleaned?.accepted).toBe(answers[0] ? 1 : 2);
      });
    });

    describe('closeChunk', () => {
      beforeEach(async () => {
        await store.putChunks(jobId, [planOf(0), planOf(1)]);
        await store.putChunks(otherJobId, [planOf(0)]);
        await store.putCounts(jobId, 0, { accepted: 9, rejected: 1 });
      });

      it('writes the final counts of one chunk beside the others', async () => {
        expect(await store.closeChunk(jobId, 0, { done: 8, failed: 1 })).toBe(true);
        expect(await chunksOf()).toEqual([
          { ...planOf(0), cleaned: { accepted: 9, rejected: 1 }, closed: { done: 8, failed: 1 } },
          planOf(1),
        ]);
        expect(await chunksOf(otherJobId)).toEqual([planOf(0)]);
      });

      it.each([
        ['the same', { done: 0, failed: 9 }],
        ['others', { done: 9, failed: 0 }],
      ])('answers false when final counts were there already, and those stay: %s', async (_, closed) => {
        await store.closeChunk(jobId, 0, { done: 0, failed: 9 });
        expect(await store.closeChunk(jobId, 0, closed)).toBe(false);
        expect((await chunksOf())[0]?.closed).toEqual({ done: 0, failed: 9 });
      });

      it('lets one of two calls at once write', async () => {
        const answers = await Promise.all([1, 2].map((done) => store.closeChunk(jobId, 0, { done, failed: 0 })));
        expect(answers.toSorted()).toEqual([false, true]);
        expect((await chunksOf())[0]?.closed?.done).toBe(answers[0] ? 1 : 2);
      });
    });

    describe('listChunks', () => {
      it('lists nothing where no chunk is planned', async () => {
        expect(await chunksOf()).toEqual([]);
      });

      it.each([500, 1_201])('lists each of %i chunks once, in order', async (count) => {
        const chunks = range(0, count - 1);
        await store.putChunks(jobId, scattered(chunks).map(planOf));
        await store.putCounts(jobId, count - 1, { accepted: 10, rejected: 0 });
        const listed = await chunksOf();
        expect(listed.map(({ chunk }) => chunk)).toEqual(chunks);
        expect(listed.filter(({ cleaned }) => cleaned !== undefined).map(({ chunk }) => chunk)).toEqual([count - 1]);
      });
    });

    describe('listChunks from a chunk on', () => {
      it.each([
        [0, 0],
        [1, 1],
        [700, 700],
        [1_200, 1_200],
        [1_201, undefined],
        [10 ** 7, undefined],
      ])('begins with it: %i', async (from, first) => {
        const chunks = range(0, 1_200);
        await store.putChunks(jobId, chunks.map(planOf));
        await store.putMarks([markOf({ chunk: 3, row: 31 })]);
        const listed = (await collect(store.listChunks(jobId, from))).map(({ chunk }) => chunk);
        expect(listed).toEqual(first === undefined ? [] : chunks.slice(first));
      });
    });

    describe('putMarks', () => {
      it('keeps marks as they are', async () => {
        const marks: readonly DeadMark[] = [
          { ...markOf({ chunk: 1, row: 11 }, `it's "odd" \uffff 👍`), permanent: true },
          { ...markOf({ chunk: 2, row: 21 }), stage: 'LOST', attempts: 0 },
        ];
        await store.putMarks(marks);
        expect(await marksOf()).toEqual(marks);
      });

      it('keeps marks on a row, on its chunk and on the file apart', async () => {
        const marks = [markOf({ chunk: 0, row: 0 }, 'row'), markOf({ chunk: 0 }, 'chunk'), markOf({}, 'file')];
        await store.putMarks(marks);
        expect((await marksOf()).map(({ message }) => message).sort()).toEqual(['chunk', 'file', 'row']);
      });

      it.each([
        ['row', { chunk: 1, row: 11 }],
        ['chunk', { chunk: 1 }],
        ['file', {}],
      ])('replaces the older mark on the same %s', async (_, place) => {
        await store.putMarks([{ ...markOf(place, 'older'), permanent: true }]);
        const newer: DeadMark = { ...markOf(place, 'newer'), stage: 'store-rows', code: 'UNKNOWN', attempts: 5 };
        await store.putMarks([newer]);
        expect(await marksOf()).toEqual([newer]);
      });

      it('replaces no mark on another place', async () => {
        const places = [{}, { chunk: 1 }, { chunk: 1, row: 11 }, { chunk: 1, row: 12 }, { chunk: 2, row: 21 }];
        await store.putMarks(places.map((place) => markOf(place, 'older')));
        await store.putMarks([markOf({ chunk: 1, row: 12 }, 'newer')]);
        expect((await marksOf()).filter(({ message }) => message === 'newer')).toHaveLength(1);
        expect((await marksOf()).filter(({ message }) => message === 'older')).toHaveLength(4);
      });

      it('takes marks of several jobs in a call, and keeps them apart', async () => {
        const marks = [markOf({ chunk: 1, row: 11 }, 'here'), markOf({ chunk: 1, row: 11 }, 'there', otherJobId)];
        await store.putMarks(marks);
        expect(await marksOf()).toEqual(marks.slice(0, 1));
        expect(await marksOf(otherJobId)).toEqual(marks.slice(1));
      });

      it('does nothing when it is given nothing', async () => {
        await store.putMarks([]);
        expect(await marksOf()).toEqual([]);
      });
    });

    describe('removeMarks', () => {
      const places = [{}, { chunk: 1 }, { chunk: 1, row: 11 }, { chunk: 1, row: 12 }, { chunk: 2, row: 21 }];
      const all = places.map((place) => markOf(place));
      beforeEach(() => store.putMarks(all));

      it.each(all.map((mark, index) => [index, mark] as const))(
        'removes the mark that it is given, and no other: %i',
        async (_, mark) => {
          await store.removeMarks([mark]);
          expect(await marksOf()).toEqual(all.filter((other) => other !== mark));
        },
      );

      it('removes several at once, each mark as it was read', async () => {
        await store.removeMarks((await marksOf()).slice(1));
        expect(await marksOf()).toEqual(all.slice(0, 1));
      });

      it.each<readonly [string, Partial<DeadMark>]>([
        ['message', { message: 'newer' }],
        ['code', { code: 'OTHER' }],
        ['stage', { stage: 'store-rows' }],
        ['attempts', { attempts: 4 }],
        ['permanence', { permanent: true }],
      ])('leaves a mark that was replaced by one of another %s', async (_, other) => {
        const read = markOf({ chunk: 1, row: 11 });
        await store.putMarks([{ ...read, ...other }]);
        const before = await marksOf();
        await store.removeMarks([read]);
        expect(await marksOf()).toEqual(before);
      });

      it('removes a mark that was replaced by the same', async () => {
        const { message, jobId: job, ...rest } = markOf({ chunk: 1, row: 11 });
        await store.putMarks([{ message, ...rest, jobId: job }]);
        await store.removeMarks([markOf({ chunk: 1, row: 11 })]);
        expect(await marksOf()).toHaveLength(all.length - 1);
      });

      it('keeps two jobs apart', async () => {
        await store.putMarks(places.map((place) => markOf(place, 'why', otherJobId)));
        await store.removeMarks(all);
        expect(await marksOf()).toEqual([]);
        expect(await marksOf(otherJobId)).toHaveLength(all.length);
      });

      it('removes an odd mark', async () => {
        const odd: DeadMark = { ...markOf({ chunk: 5, row: 1 }, `it's "odd" \uffff \ud83d 👍`), permanent: true };
        await store.putMarks([odd]);
        await store.removeMarks([odd]);
        expect(await marksOf()).toEqual(all);
      });

      it('does nothing where there is no such mark, and when it is given nothing', async () => {
        await store.removeMarks([markOf({ chunk: 1, row: 13 }), markOf({ chunk: 3 })]);
        await store.removeMarks([]);
        expect(await marksOf()).toEqual(all);
      });
    });

    describe('listMarks', () => {
      it('lists nothing where there is no mark', async () => {
        expect(await marksOf()).toEqual([]);
      });

      it('lists marks in chunk and row order', async () => {
        const places = [
          [10, 101],
          [2, 30],
          [2, 100],
          [2, 21],
          [9, 91],
          [100, 1001],
          [2, 3],
        ] as const;
        await store.putMarks(places.map(([chunk, row]) => markOf({ chunk, row })));
        await store.putMarks([markOf({ chunk: 9 }), markOf({ chunk: 2 })]);
        const listed = await marksOf();
        expect(listed.map(({ chunk }) => chunk)).toEqual([2, 2, 2, 2, 2, 9, 9, 10, 100]);
        expect(listed.flatMap(({ row }) => row ?? [])).toEqual([3, 21, 30, 100, 91, 101, 1001]);
      });

      it('begins with the chunk that it is given, its own mark first', async () => {
        const places = [
          {},
          { chunk: 2 },
          { chunk: 2, row: 21 },
          { chunk: 9 },
          { chunk: 9, row: 91 },
          { chunk: 10, row: 1 },
        ];
        await store.putMarks(places.map((place) => markOf(place)));
        const placesFrom = async (from: number) =>
          (await collect(store.listMarks(jobId, from))).map(({ chunk, row }) => [chunk, row]);
        expect(await placesFrom(0)).toEqual([
          [2, undefined],
          [2, 21],
          [9, undefined],
          [9, 91],
          [10, 1],
        ]);
        expect(await placesFrom(3)).toEqual([
          [9, undefined],
          [9, 91],
          [10, 1],
        ]);
        expect(await placesFrom(10)).toEqual([[10, 1]]);
        expect(await placesFrom(11)).toEqual([]);
      });

      it.each([500, 1_201])('lists each of %i marks once, in order', async (count) => {
        const rows = range(1, count);
        // Pages end within a chunk.
        await store.putMarks(scattered(rows).map((row) => markOf({ chunk: Math.floor(row / 300), row })));
        expect((await marksOf()).map(({ chunk, row }) => [chunk, row])).toEqual(
          rows.map((row) => [Math.floor(row / 300), row]),
        );
      });
    });

    describe('listDueJobs', () => {
      const now = 1_000_000;
      const listDue = (at = now): Promise<string[]> => collect(store.listDueJobs(at));
      const dueJob = (id: string, auditAt: number, state: JobState = 'OPEN'): Job => ({ ...jobOf(id, state), auditAt });

      it('lists nothing where there is no job', async () => {
        expect(await listDue()).toEqual([]);
      });

      it('lists the jobs that are due by now, those that have waited longest first', async () => {
        await store.createJob(dueJob('job-c', now - 1));
        await store.createJob(dueJob('job-d', now + 1));
        await store.createJob(dueJob('job-b', now));
        await store.createJob(dueJob('job-a', 900_000));
        await store.createJob(dueJob('job-e', 2 ** 40));
        expect(await listDue()).toEqual(['job-a', 'job-c', 'job-b']);
        expect(await listDue(2 ** 40)).toEqual(['job-a', 'job-c', 'job-b', 'job-d', 'job-e']);
        expect(await listDue(0)).toEqual([]);
      });

      it('goes by when a job is due now', async () => {
        await store.createJob(dueJob(jobId, now));
        await store.changeJob(jobId, ['OPEN'], { auditAt: now + 60_000 });
        expect(await listDue()).toEqual([]);
        expect(await listDue(now + 60_000)).toEqual([jobId]);
        await store.changeJob(jobId, ['OPEN'], { auditAt: now - 1, state: 'HELD' });
        expect(await listDue()).toEqual([jobId]);
      });

      it('lists jobs in every state, also those at their end that was not told', async () => {
        for (const state of jobStates) await store.createJob(dueJob(`job-${state}`, now, state));
        expect((await listDue()).sort()).toEqual(jobStates.map((state) => `job-${state}`).sort());
      });

      it.each(terminalStates)('leaves out a job that ended %s once that was told', async (state) => {
        await store.createJob(dueJob(jobId, now));
        await store.createJob(dueJob(otherJobId, now));
        await store.changeJob(jobId, ['OPEN'], { state });
        expect((await listDue()).sort()).toEqual([jobId, otherJobId]);
        await store.changeJob(jobId, [state], { announcedAt: now });
        expect(await listDue()).toEqual([otherJobId]);
        await store.changeJob(jobId, [state], { auditAt: 0 });
        expect(await listDue()).toEqual([otherJobId]);
      });

      it('lists a job again that was told to be at its end and goes on', async () => {
        await store.createJob({ ...dueJob(jobId, now, 'SUPERSEDED'), announcedAt: now });
        expect(await listDue()).toEqual([]);
        expect(await store.changeJob(jobId, ['SUPERSEDED'], { state: 'OPEN' })).toBe(true);
        expect(await listDue()).toEqual([jobId]);
        expect(await store.getJob(jobId)).toEqual(dueJob(jobId, now));
        await store.changeJob(jobId, ['OPEN'], { state: 'COMPLETE' });
        expect(await listDue()).toEqual([jobId]);
      });

      it('lists each of many jobs once, in order, also those that are due at the same time', async () => {
        const ids = range(1, 1_100).map((number) => `job-${String(number).padStart(5, '0')}`);
        const dueAt = (index: number): number => Math.floor(index / 10);
        for (const index of scattered(ids.map((_, at) => at))) {
          await store.createJob(dueJob(ids[index] ?? '', dueAt(index)));
        }
        const listed = await listDue();
        expect(listed.toSorted()).toEqual(ids);
        const times = listed.map((id) => dueAt(ids.indexOf(id)));
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      });
    });

    describe('listJobs', () => {
      const listAll = (): Promise<Job[]> => collect(store.listJobs());
      const createdJob = (id: string, createdAt: number, state: JobState = 'OPEN'): Job => ({
        ...jobOf(id, state),
        createdAt,
      });

      it('lists nothing where there is no job', async () => {
        await store.noteFile(source);
        await store.putChunks(jobId, [planOf(0)]);
        expect(await listAll()).toEqual([]);
      });

      it('lists whole jobs, those created last first', async () => {
        const jobs = [
          { ...createdJob('job-a', 1_000), chunkBytes: 1024, layout },
          createdJob('job-b', 3_000),
          createdJob('job-c', 2_000),
        ];
        for (const job of jobs) await store.createJob(job);
        expect(await listAll()).toEqual([jobs[1], jobs[2], jobs[0]]);
      });

      it('lists jobs as they stand now, in every state, also when their end was told', async () => {
        for (const [index, state] of jobStates.entries())
          await store.createJob(createdJob(`job-${state}`, index, state));
        await store.changeJob('job-COMPLETE', ['COMPLETE'], { announcedAt: 5, forgottenAt: 6 });
        await store.changeJob('job-HELD', ['HELD'], { state: 'OPEN' });
        const listed = await listAll();
        expect(listed.map(({ jobId: id }) => id)).toEqual(jobStates.map((state) => `job-${state}`).toReversed());
        expect(listed.find(({ jobId: id }) => id === 'job-COMPLETE')).toMatchObject({ announcedAt: 5, forgottenAt: 6 });
        expect(listed.find(({ jobId: id }) => id === 'job-HELD')).toMatchObject({ state: 'OPEN' });
      });

      it('lists each of many jobs once, in order, also those that were created at the same time', async () => {
        const ids = range(1, 320).map((number) => `job-${String(number).padStart(5, '0')}`);
        const createdAt = (index: number): number => Math.floor(index / 7);
        for (const index of scattered(ids.map((_, at) => at))) {
          await store.createJob(createdJob(ids[index] ?? '', createdAt(index)));
        }
        const listed = await listAll();
        expect(listed.map(({ jobId: id }) => id).sort()).toEqual(ids);
        const times = listed.map((job) => job.createdAt);
        expect(times).toEqual(times.toSorted((a, b) => b - a));
      });
    });

    describe('noteFile', () => {
      const version: ObjectVersion = { bucket: 'uploads', key: 'in/a file.csv', etag: 'etag-1', versionId: 'v 1' };
      const { versionId: _, ...unversioned } = version;

      it('makes hasFile true of this version, and of no other', async () => {
        expect(await store.hasFile(version)).toBe(false);
        await store.noteFile(version);
        expect(await store.hasFile(version)).toBe(true);
        for (const other of [
          { ...version, bucket: 'others' },
          { ...version, key: 'in/a file.csv ' },
          { ...version, versionId: 'v 2' },
          unversioned,
        ]) {
          expect(await store.hasFile(other)).toBe(false);
        }
      });

      it('tells versions by their etag where the bucket keeps none', async () => {
        await store.noteFile(unversioned);
        expect(await store.hasFile(unversioned)).toBe(true);
        expect(await store.hasFile({ ...unversioned, etag: 'etag-2' })).toBe(false);
        expect(await store.hasFile(version)).toBe(false);
      });

      it('may be done again, and is no job', async () => {
        await store.noteFile(version);
        await store.noteFile(version);
        expect(await store.hasFile(version)).toBe(true);
        expect(await collect(store.listDueJobs(Number.MAX_SAFE_INTEGER))).toEqual([]);
      });
    });
  });
};
