import type { Expected } from '../expected-rows.ts';
import { terminalStates } from './job-graph.ts';
import type { Shadow, ShadowFile } from './shadow.ts';
import { versionKey } from './shadow.ts';
import { violate } from './violate.ts';

// Once nothing goes wrong any more: every file that can be read, or was told of, has its job; every job has ended, as its file
// deserves, and that was told.

export const checkLiveness = (shadow: Shadow, expect: (file: ShadowFile) => Expected, isAnnouncing: boolean): void => {
  for (const file of shadow.files.values()) {
    const { version } = file;
    const job = shadow.jobsByFile.get(versionKey(version));
    if (expect(file).ends === 'ignored') {
      if (job !== undefined)
        violate('liveness', 'expected no job of a file under no profile, found one', { job: job.jobId });
      continue;
    }
    if (job === undefined && (file.isThere || file.isTold)) {
      violate('liveness', 'expected a job of every file, found none', { key: version.key });
    }
  }
  for (const job of shadow.jobs.values()) {
    if (!terminalStates.has(job.state)) {
      violate('liveness', `expected every job to end, found one ${job.state}`, { job: job.jobId });
    }
    if (isAnnouncing && !job.isAnnounced) {
      violate('announcements', `expected the end of every job to be told, found a job ${job.state} untold`, {
        job: job.jobId,
      });
    }
  }
};
