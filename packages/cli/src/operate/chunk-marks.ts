import type { ChunkPlan, DeadMark, JobStore } from '@sluice/core/ports/job-store';
import type { MarkReason } from './row-gaps.ts';

/** The marks on one chunk. */
export type ChunkMarks = {
  /** Of the chunk as a whole. */
  readonly whole: MarkReason | undefined;
  /** Of one of its rows. */
  of(row: number): MarkReason | undefined;
};

const toReason = ({ stage, code, attempts, permanent }: DeadMark): MarkReason => ({
  stage,
  code,
  attempts,
  ...(permanent === undefined ? {} : { permanent }),
});

/**
 * Gives the marks of chunks that are asked for in ascending order. Millions of rows may be marked, so a chunk's are kept as a number
 * a row, and a page of them is in memory besides.
 */
export const createMarkCursor = (
  jobs: Pick<JobStore, 'listMarks'>,
  jobId: string,
): ((chunk: ChunkPlan) => Promise<ChunkMarks>) => {
  const pages = jobs.listMarks(jobId)[Symbol.asyncIterator]();
  const reasons: MarkReason[] = [];
  const indexes = new Map<string, number>();
  let page: readonly DeadMark[] = [];
  let at = 0;

  const indexOf = (mark: DeadMark): number => {
    const reason = toReason(mark);
    const key = JSON.stringify(reason);
    const index = indexes.get(key) ?? reasons.push(reason) - 1;
    indexes.set(key, index);
    return index;
  };

  const peek = async (): Promise<DeadMark | undefined> => {
    while (at === page.length) {
      const { value, done } = await pages.next();
      if (done === true) return undefined;
      page = value;
      at = 0;
    }
    return page[at];
  };

  return async ({ chunk, firstRow, rows }) => {
    let whole: MarkReason | undefined;
    /** Index of the reason, plus 1, of each row. */
    let byRow: Uint32Array | undefined;
    for (let mark = await peek(); mark !== undefined; mark = await peek()) {
      const of = mark.chunk ?? -1;
      if (of > chunk) break;
      at++;
      if (of < chunk) continue;
      if (mark.row === undefined) whole = toReason(mark);
      else {
        byRow ??= new Uint32Array(rows);
        byRow[mark.row - firstRow] = indexOf(mark) + 1;
      }
    }
    return { whole, of: (row) => reasons[(byRow?.[row - firstRow] ?? 0) - 1] };
  };
};
