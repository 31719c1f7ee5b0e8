import type { Job } from '@sluice/core/ports/job-store';
import type { Found } from './visit-letters.ts';

/** The rows of a job, and the chunks as a whole, that letters were seen of: memory holds their numbers. */
export type WithLetter = {
  readonly rows: ReadonlySet<number>;
  readonly chunks: ReadonlySet<number>;
  add(found: Found): void;
};

export const createWithLetter = (job: Job | undefined): WithLetter => {
  const rows = new Set<number>();
  const chunks = new Set<number>();
  return {
    rows,
    chunks,
    add({ parts }) {
      for (const { jobId, chunk, row } of parts) {
        if (job === undefined || jobId !== job.jobId) continue;
        if (row !== undefined) rows.add(row);
        else if (chunk !== undefined) chunks.add(chunk);
      }
    },
  };
};
