import type { DeadMark, JobStore } from '@sluice/core/ports/job-store';

/** Gives the marks of chunks that are asked for in ascending order. */
export type MarkReader = (chunk: number) => Promise<readonly DeadMark[]>;

/**
 * Reads a job's marks along with its chunks, from the chunk `from` on: no more of them are in memory than a chunk and a page
 * have, and none are read before the first is asked for.
 */
export const createMarkReader = (jobs: Pick<JobStore, 'listMarks'>, jobId: string, from: number): MarkReader => {
  const pages = jobs.listMarks(jobId, from)[Symbol.asyncIterator]();
  let page: readonly DeadMark[] = [];
  let at = 0;
  let isOver = false;
  return async (chunk) => {
    const found: DeadMark[] = [];
    for (;;) {
      for (let mark = page[at]; mark !== undefined; mark = page[++at]) {
        const of = mark.chunk ?? -1;
        if (of > chunk) return found;
        if (of === chunk) found.push(mark);
      }
      if (isOver) return found;
      const { value, done } = await pages.next();
      isOver = done === true;
      page = isOver ? [] : (value as readonly DeadMark[]);
      at = 0;
    }
  };
};
