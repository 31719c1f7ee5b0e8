import { jobStoreContract } from '@sluice/core/ports/job-store.contract';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openDatabase } from './database.ts';
import { createLocalJobs } from './job-store.ts';

const jobId = '0123456789abcdefghjkmnpqrs';

jobStoreContract('the local jobs table', async () => {
  const database = openDatabase(':memory:');
  return {
    store: createLocalJobs(database),
    async close() {
      database.close();
    },
  };
});

describe('the local jobs table', () => {
  const setUp = () => {
    const database = openDatabase(':memory:');
    onTestFinished(() => database.close());
    return createLocalJobs(database);
  };

  it('reads in pages of 500, none of them empty', async () => {
    const store = setUp();
    const thousand = Array.from({ length: 1000 }, (_, index) => index);
    await store.putChunks(
      jobId,
      thousand.map((chunk) => ({ chunk, start: 0, end: 1, firstRow: 1, rows: 1, firstLine: 2 })),
    );
    await store.putMarks(
      thousand.map((row) => ({ jobId, stage: 'LOST', chunk: 0, row, code: 'A', message: 'b', attempts: 1 })),
    );
    const sizes: number[] = [];
    for await (const page of store.listChunks(jobId)) sizes.push(page.length);
    for await (const page of store.listMarks(jobId)) sizes.push(page.length);
    expect(sizes).toEqual([500, 500, 500, 500]);
  });

  it('lists the mark on the file first, and that on a chunk before those on its rows', async () => {
    const store = setUp();
    const places = [{ chunk: 1, row: 0 }, { chunk: 0, row: 0 }, { chunk: 1 }, {}, { chunk: 0 }];
    await store.putMarks(
      places.map((place) => ({ jobId, stage: 'LOST', ...place, code: 'A', message: 'b', attempts: 1 })),
    );
    for await (const page of store.listMarks(jobId)) {
      expect(page.map(({ chunk, row }) => ({ chunk, row }))).toEqual([
        { chunk: undefined, row: undefined },
        { chunk: 0, row: undefined },
        { chunk: 0, row: 0 },
        { chunk: 1, row: undefined },
        { chunk: 1, row: 0 },
      ]);
    }
  });
});
