import type { Job } from '@sluice/core/ports/job-store';
import { toTerminalText } from '../terminal-text.ts';
import { UsageError } from '../usage-error.ts';
import type { Operator } from './operator.ts';

const idLength = 26;
const leastLength = 4;

/**
 * The job that `text` names: by its id, by the first characters of it (four at least), or as `latest`. Throws UsageError when
 * there is none, or more than one.
 */
export const findJob = async ({ jobs, stack }: Pick<Operator, 'jobs' | 'stack'>, text: string): Promise<Job> => {
  const isId = /^[0-9a-z]+$/.test(text) && text.length >= leastLength && text.length <= idLength;
  const shown = toTerminalText(JSON.stringify(text), 60);
  if (!isId) {
    throw new UsageError(`JOB: expected an id of 26 letters and digits, the first of them, or latest, found ${shown}`);
  }
  const none = new UsageError(`JOB: expected a job of ${stack.name}, found none for ${shown}; sluice jobs lists them`);
  if (text.length === idLength) {
    const job = await jobs.getJob(text);
    if (job === undefined) throw none;
    return job;
  }
  const found: Job[] = [];
  for await (const page of jobs.listJobs()) {
    if (text === 'latest' && page[0] !== undefined) return page[0];
    found.push(...page.filter(({ jobId }) => jobId.startsWith(text)));
  }
  const [job, other] = found;
  if (job === undefined) throw none;
  if (other !== undefined) {
    throw new UsageError(`JOB: expected one job, found ${found.length} whose id begins with ${shown}`);
  }
  return job;
};
