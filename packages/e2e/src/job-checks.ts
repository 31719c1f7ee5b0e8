import { isDeepStrictEqual } from 'node:util';
import { createAwsJobs } from '@sluice/core/aws/job-store';
import { serialiseAudit } from '@sluice/core/messages';
import type { JobEnded } from '@sluice/core/ports/events';
import type { Job, JobState } from '@sluice/core/ports/job-store';
import { readObjects, readTable, sendMessage } from './cloud.ts';
import type { Found, Totals } from './ledger.ts';
import { checkLedger } from './ledger.ts';
import { checkMergedRejects } from './merged-rejects.ts';
import type { Say, Stage } from './stage.ts';
import { failWith, fileOf, lostKey } from './stage.ts';
import { waitFor } from './steps.ts';

// What becomes of a job: its state, its ledger, its merged rejects, and what is told of its end.

export const readAll = async <Entry>(pages: AsyncIterable<readonly Entry[]>): Promise<Entry[]> => {
  const entries: Entry[] = [];
  for await (const page of pages) entries.push(...page);
  return entries;
};

export const jobsOf = ({ cloud, outputs }: Stage) => createAwsJobs(cloud.dynamoDb, outputs.jobs_table);

/** The jobs of a key, as the jobs table holds them. */
export const findJobs = async (stage: Stage, ofKey: string): Promise<Job[]> => {
  const items = await readTable(stage.cloud, stage.outputs.jobs_table);
  const ids = items.filter(({ sk }) => sk?.S === 'job').map(({ pk }) => pk?.S ?? '');
  const jobs = await Promise.all(ids.map((id) => jobsOf(stage).getJob(id)));
  return jobs.filter((job) => job !== undefined && job.file.key === ofKey) as Job[];
};

export const findOnlyJob = async (stage: Stage, ofKey: string): Promise<Job | undefined> => {
  const jobs = await findJobs(stage, ofKey);
  if (jobs.length > 1) throw new Error(`expected one job for the file, found ${jobs.length}`);
  return jobs[0];
};

/** Waits until the job of the file stands in a state. */
export const waitForState = (stage: Stage, say: Say, ofKey: string, wanted: JobState, seconds: number): Promise<Job> =>
  waitFor(
    `the job to be ${wanted}`,
    async () => {
      const job = await findOnlyJob(stage, ofKey);
      const items = await readTable(stage.cloud, stage.outputs.rows_table);
      const finalRows = items.filter(({ status }) => status?.S !== 'PENDING').length;
      const shown = `job ${job?.state ?? 'not there yet'}, ${items.length} rows in the table, ${finalRows} of them final`;
      return job?.state === wanted ? { result: job, shown } : { shown };
    },
    { seconds, say, signal: stage.signal },
  );

const readLedger = async (stage: Stage, job: Job): Promise<Found> => {
  const { cloud, outputs } = stage;
  const jobs = jobsOf(stage);
  const items = await readTable(cloud, outputs.rows_table);
  const rejects = await readObjects(cloud, outputs.work_bucket, `jobs/${job.jobId}/rejects/`);
  return {
    job,
    items: items.filter(({ pk }) => pk?.S?.startsWith(`${job.jobId}#`)),
    chunks: await readAll(jobs.listChunks(job.jobId)),
    marks: await readAll(jobs.listMarks(job.jobId)),
    rejects: [...rejects.values()].flatMap((bytes) =>
      bytes
        .toString()
        .split('\n')
        .filter((line) => line !== ''),
    ),
  };
};

const show = ({ rows, rejected, done, failed, dead }: Totals, chunks: number): string =>
  `${rows} rows in ${chunks} chunks = ${rejected} rejected + ${done} done + ${failed} failed + ${dead} dead`;

export const closeLedger = async (stage: Stage, say: Say, job: Job, isOutsideOn: boolean): Promise<Found> => {
  const found = await readLedger(stage, job);
  const { totals, differences } = checkLedger(fileOf(stage, job.file.key).rows, found, isOutsideOn);
  failWith(`the ledger of ${job.file.key} does not close`, differences);
  if (job.file.key !== lostKey && found.chunks.length < 2)
    throw new Error(`expected several chunks, found ${found.chunks.length}`);
  say(show(totals, found.chunks.length));
  return found;
};

/** Waits until no row of a job is open or dead any more. */
export const waitForFinal = (stage: Stage, say: Say, job: Job): Promise<true> =>
  waitFor(
    'every row of the job to be final',
    async () => {
      const items = await readTable(stage.cloud, stage.outputs.rows_table);
      const pending = items.filter(({ pk, status }) => pk?.S?.startsWith(`${job.jobId}#`) && status?.S === 'PENDING');
      return {
        shown: `${pending.length} rows are not final`,
        ...(pending.length === 0 ? { result: true as const } : {}),
      };
    },
    { seconds: 60, say, signal: stage.signal },
  );

/** Has a job audited now: one that waits for somebody is due every quarter of an hour only. */
export const auditNow = ({ cloud, outputs }: Stage, job: Job): Promise<void> =>
  sendMessage(cloud, outputs.queue_urls.audits, serialiseAudit(job.jobId));

/** Longest a run takes: no event is older. */
const toldWithin = 15 * 60_000;

/** Waits until the end of a job was told outside, and compares what was told. It may be told more than once, never differently. */
export const checkTold = async (stage: Stage, say: Say, wanted: Omit<JobEnded, 'at'>): Promise<void> => {
  const told = await waitFor(
    'the end of the job to be told',
    async () => {
      const events = (await stage.completions.heard()).filter(({ jobId }) => jobId === wanted.jobId);
      return { shown: `told ${events.length} times`, ...(events.length > 0 ? { result: events } : {}) };
    },
    { seconds: 90, say, signal: stage.signal },
  );
  for (const { at, ...event } of told) {
    const isRecent = at <= Date.now() && at > Date.now() - toldWithin;
    if (isRecent && isDeepStrictEqual(event, wanted)) continue;
    throw new Error(`expected the event ${JSON.stringify(wanted)} of now, found ${JSON.stringify({ at, ...event })}`);
  }
};

/** A job that is complete: its ledger closes, its rejects are merged as they stood in the file, and that was told outside. */
export const checkComplete = async (stage: Stage, say: Say, job: Job): Promise<void> => {
  await closeLedger(stage, say, job, true);
  const folder = `jobs/${job.jobId}/`;
  const objects = await readObjects(stage.cloud, stage.outputs.work_bucket, `${folder}rejects.`);
  const [csv, ndjson] = [objects.get(`${folder}rejects.csv`), objects.get(`${folder}rejects.ndjson`)];
  if (csv === undefined || ndjson === undefined || objects.size !== 2) {
    throw new Error(`expected the merged rejects and their reasons, found ${[...objects.keys()].join(', ') || 'none'}`);
  }
  const file = fileOf(stage, job.file.key);
  failWith('merged rejects', checkMergedRejects(file, { csv, ndjson: ndjson.toString() }));
  const { bytes: _, ...version } = job.file;
  const rejected = file.rows.filter(({ fate }) => fate === 'rejected').length;
  const failed = file.rows.filter(({ fate }) => fate === 'unwanted').length;
  const rows = file.rows.length;
  const counts = { rows, rejected, failed, done: rows - rejected - failed };
  await checkTold(stage, say, {
    jobId: job.jobId,
    state: 'COMPLETE',
    file: version,
    ...counts,
    rejects: `${folder}rejects.csv`,
  });
  say(`${rejected} rejects merged into ${csv.length} bytes`);
};
