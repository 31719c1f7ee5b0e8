import { DeleteObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { createAwsJobs } from '@sluice/core/aws/job-store';
import type { DeadMark, Job, JobState } from '@sluice/core/ports/job-store';
import type { QueueName } from '@sluice/core/ports/queue';
import { queueNames } from '@sluice/core/ports/queue';
import type { Wiring } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import type { Cloud, Outputs } from './cloud.ts';
import { checksumOf, countMessages, lookInto, readObjects, readTable, redrive, sendMessage } from './cloud.ts';
import { inboxPrefix } from './deployment.ts';
import type { TestFile } from './file.ts';
import type { Found, Totals } from './ledger.ts';
import { checkLedger } from './ledger.ts';
import type { OutsideService } from './outside-service.ts';
import { callRaw } from './raw-call.ts';
import { waitFor } from './steps.ts';

/** Everything a part of the scenario may touch. */
export type Stage = {
  readonly endpoint: string;
  readonly cloud: Cloud;
  readonly outputs: Outputs;
  readonly wiring: Wiring;
  readonly file: TestFile;
  readonly service: OutsideService;
  readonly signal: AbortSignal;
};

type Say = (text: string) => void;

/** A key that S3 encodes in its events, so that the file is only found when the event is decoded. */
const key = `${inboxPrefix}März + April (50 %).csv`;

/** A message that no stage can read, of a job that nobody knows: no row of the file has anything to do with it. */
export const malformedOf = (queue: QueueName): string =>
  queue === 'uploads'
    ? '{"Records":"none"}'
    : JSON.stringify({ v: 99, kind: 'nothing', jobId: `e2e${queue}`.padEnd(26, '0') });

/** What S3 sends for an object that was put. Source: Amazon S3 user guide, "Event message structure". */
const eventOf = (bucket: string, ofKey: string, size: number, eTag: string, versionId: string): string =>
  JSON.stringify({
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        eventName: 'ObjectCreated:Put',
        s3: {
          s3SchemaVersion: '1.0',
          bucket: { name: bucket, arn: `arn:aws:s3:::${bucket}` },
          object: {
            key: encodeURIComponent(ofKey).replaceAll('%20', '+').replaceAll('%2F', '/'),
            size,
            eTag,
            versionId,
          },
        },
      },
    ],
  });

/** What S3 sends once, when a notification is set up. Source: as above. */
const testEventOf = (bucket: string): string =>
  JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Time: '2026-01-01T00:00:00.000Z', Bucket: bucket });

const failWith = (what: string, differences: readonly string[]): void => {
  if (differences.length > 0) throw new Error(`${what}:\n  ${differences.join('\n  ')}`);
};

const readAll = async <Entry>(pages: AsyncIterable<readonly Entry[]>): Promise<Entry[]> => {
  const entries: Entry[] = [];
  for await (const page of pages) entries.push(...page);
  return entries;
};

const jobsOf = ({ cloud, outputs }: Stage) => createAwsJobs(cloud.dynamoDb, outputs.jobs_table);

/** The jobs of a key, as the jobs table holds them. */
const findJobs = async (stage: Stage, ofKey: string): Promise<Job[]> => {
  const items = await readTable(stage.cloud, stage.outputs.jobs_table);
  const ids = items.filter(({ sk }) => sk?.S === 'job').map(({ pk }) => pk?.S ?? '');
  const jobs = await Promise.all(ids.map((id) => jobsOf(stage).getJob(id)));
  return jobs.filter((job) => job !== undefined && job.file.key === ofKey) as Job[];
};

const findOnlyJob = async (stage: Stage, ofKey: string): Promise<Job | undefined> => {
  const jobs = await findJobs(stage, ofKey);
  if (jobs.length > 1) throw new Error(`expected one job for the file, found ${jobs.length}`);
  return jobs[0];
};

/** Waits until the job of the file stands in a state. */
const waitForState = (stage: Stage, say: Say, ofKey: string, wanted: JobState, seconds: number): Promise<Job> =>
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

const waitForEmpty = (stage: Stage, say: Say, seconds: number): Promise<true> =>
  waitFor(
    'every queue to be empty',
    async () => {
      const counts = await Promise.all(
        queueNames.map(
          async (name) => [name, await countMessages(stage.cloud, stage.outputs.queue_urls[name])] as const,
        ),
      );
      const left = counts.filter(([, count]) => count > 0);
      const shown =
        left.length === 0 ? 'every queue is empty' : left.map(([name, count]) => `${name} ${count}`).join(', ');
      return left.length === 0
        ? { result: true as const, shown: `messages: ${shown}` }
        : { shown: `messages: ${shown}` };
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
    rejects: [...rejects.values()].flatMap((text) => text.split('\n').filter((line) => line !== '')),
  };
};

const show = ({ rows, rejected, done, failed, dead }: Totals, chunks: number): string =>
  `${rows} rows in ${chunks} chunks = ${rejected} rejected + ${done} done + ${failed} failed + ${dead} dead`;

const closeLedger = async (stage: Stage, say: Say, job: Job, isOutsideOn: boolean): Promise<Found> => {
  const found = await readLedger(stage, job);
  const { totals, differences } = checkLedger(stage.file.rows, found, isOutsideOn);
  failWith('the ledger does not close', differences);
  if (found.chunks.length < 2) throw new Error(`expected several chunks, found ${found.chunks.length}`);
  say(show(totals, found.chunks.length));
  return found;
};

/** Dead-letter queues must hold exactly these bodies. */
const checkDeadLetters = async (stage: Stage, more: Partial<Record<QueueName, readonly string[]>>): Promise<void> => {
  const differences: string[] = [];
  for (const name of queueNames) {
    const wanted = [malformedOf(name), ...(more[name] ?? [])].toSorted();
    const found = (await lookInto(stage.cloud, stage.outputs.dead_letter_queue_urls[name])).toSorted();
    if (JSON.stringify(wanted) !== JSON.stringify(found)) {
      differences.push(
        `${name}: expected ${wanted.length} known messages, found ${found.length}: ${found.join(' | ').slice(0, 500)}`,
      );
    }
  }
  failWith('the dead-letter queues hold something else', differences);
};

/** Uploads the file, and puts beside its messages what no stage can read. */
export const upload = async (stage: Stage, say: Say): Promise<void> => {
  const { cloud, outputs, file } = stage;
  await cloud.s3.send(new PutObjectCommand({ Bucket: outputs.inbox_bucket, Key: key, Body: file.bytes }));
  say(`${file.bytes.length} bytes, ${file.rows.length} rows`);
  for (const name of queueNames) await sendMessage(cloud, outputs.queue_urls[name], malformedOf(name));
  await sendMessage(cloud, outputs.queue_urls.uploads, testEventOf(outputs.inbox_bucket));
  // Once more while the first is being worked on.
  await sendAgain(stage, 1);
};

/** Sends the event of the upload again, so often. */
const sendAgain = async ({ cloud, outputs, file }: Stage, times: number): Promise<void> => {
  const { inbox_bucket: bucket, queue_urls: urls } = outputs;
  const { ETag = '', VersionId = '' } = await cloud.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
  const event = eventOf(bucket, key, file.bytes.length, ETag.replaceAll('"', ''), VersionId);
  const entries = Array.from({ length: times }, (_, index) => ({ Id: `${index}`, MessageBody: event }));
  await cloud.sqs.send(new SendMessageBatchCommand({ QueueUrl: urls.uploads, Entries: entries }));
};

/** The file is through but for rows whose service is off: dead, marked, each alone in the dead-letter queue; so is what no stage could read. */
export const checkHeld = async (stage: Stage, say: Say): Promise<void> => {
  const job = await waitForState(stage, say, key, 'HELD', 240);
  await waitForEmpty(stage, say, 120);
  const { marks } = await closeLedger(stage, say, job, false);

  const attempts = 1 + (stage.wiring.stages['process-rows'].maxReceiveCount ?? 0);
  const outside = stage.file.rows.filter(({ fate }) => fate === 'outside');
  const wanted = outside.map(({ row }) => ({ row, stage: 'process-rows', code: 'PROCESSOR_ERROR', attempts }));
  const found = marks.map((mark) => ({ row: mark.row, stage: mark.stage, code: mark.code, attempts: mark.attempts }));
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`expected the marks ${JSON.stringify(wanted)}, found ${JSON.stringify(found)}`);
  }

  const letters = (await lookInto(stage.cloud, stage.outputs.dead_letter_queue_urls.work)).filter(
    (body) => body !== malformedOf('work'),
  );
  const rows = letters.map((body) => (JSON.parse(body) as { rows: [number, number][] }).rows.map(([, row]) => row));
  const alone = outside.map(({ row }) => [row]);
  if (JSON.stringify(rows.toSorted()) !== JSON.stringify(alone)) {
    throw new Error(
      `expected the dead letters of work to hold the rows ${JSON.stringify(alone)}, found ${JSON.stringify(rows)}`,
    );
  }
  await checkDeadLetters(stage, { work: letters });
  await checkMalformedMarks(stage);
  say(
    `${outside.length} rows dead after ${attempts} tries each, ${queueNames.length} malformed messages set aside alone`,
  );
};

/** A message that cannot be read leaves a mark where it names a job. */
const checkMalformedMarks = async (stage: Stage): Promise<void> => {
  const differences: string[] = [];
  for (const name of stageNames) {
    const { queue, maxReceiveCount } = stage.wiring.stages[name];
    if (queue === undefined || queue === 'uploads') continue;
    const { jobId } = JSON.parse(malformedOf(queue)) as { jobId: string };
    const marks = await readAll(jobsOf(stage).listMarks(jobId));
    const wanted: Partial<DeadMark>[] = [{ stage: name, code: 'MESSAGE_INVALID', attempts: maxReceiveCount ?? 0 }];
    const found = marks.map((mark) => ({ stage: mark.stage, code: mark.code, attempts: mark.attempts }));
    if (JSON.stringify(found) !== JSON.stringify(wanted)) {
      differences.push(`${queue}: expected ${JSON.stringify(wanted)}, found ${JSON.stringify(found)}`);
    }
  }
  failWith('marks of malformed messages', differences);
};

/** The outside service is back: what is dead is sent again and finishes. */
export const redriveDead = async (stage: Stage, say: Say): Promise<void> => {
  const { cloud, outputs, service } = stage;
  service.switchOn();
  const sent = await redrive(cloud, outputs.dead_letter_queue_urls.work, outputs.queue_urls.work);
  say(`${sent} messages sent back to work`);
  const job = await waitForState(stage, say, key, 'COMPLETE', 180);
  await waitForEmpty(stage, say, 60);
  await closeLedger(stage, say, job, true);
  // What could not be read came back with the others and was set aside again.
  await checkDeadLetters(stage, {});
};

/** The same upload event twice more changes nothing: no row, nothing in the ledger, no message. */
export const repeatUpload = async (stage: Stage, say: Say): Promise<void> => {
  const { cloud, outputs } = stage;
  const read = async (): Promise<string> => {
    const [rows, jobs] = await Promise.all(
      [outputs.rows_table, outputs.jobs_table].map((table) => readTable(cloud, table)),
    );
    // Leases are taken and given back; they say nothing about a row.
    const ledger = (jobs ?? []).filter(({ sk }) => !sk?.S?.startsWith('lease#'));
    return `${(rows ?? []).length} rows ${checksumOf(rows ?? [])}, ${ledger.length} ledger items ${checksumOf(ledger)}`;
  };
  const before = await read();
  await sendAgain(stage, 2);
  await waitForEmpty(stage, say, 60);
  const after = await read();
  if (before !== after) throw new Error(`expected ${before}, found ${after}`);
  await checkDeadLetters(stage, {});
  say(`unchanged: ${before}`);
};

/** An object that is deleted before anybody reads it: its job ends SUPERSEDED, and nothing is set aside. */
export const deleteBeforeReading = async (stage: Stage, say: Say): Promise<void> => {
  const { endpoint, cloud, outputs, file } = stage;
  const gone = `${inboxPrefix}gone.csv`;
  const path = '/2015-03-31/event-source-mappings/';
  const name = outputs.function_names['split-file'];
  const { EventSourceMappings: mappings } = JSON.parse(
    await callRaw(endpoint, { service: 'lambda', path: `${path}?FunctionName=${name}` }),
  ) as { EventSourceMappings: { UUID: string }[] };
  const [mapping] = mappings;
  if (mapping === undefined || mappings.length !== 1)
    throw new Error(`expected one mapping of ${name}, found ${mappings.length}`);
  const enable = (isOn: boolean): Promise<string> =>
    callRaw(endpoint, { service: 'lambda', method: 'PUT', path: path + mapping.UUID, json: { Enabled: isOn } });
  await enable(false);
  const { VersionId } = await cloud.s3.send(
    new PutObjectCommand({ Bucket: outputs.inbox_bucket, Key: gone, Body: file.bytes.subarray(0, 1_000) }),
  );
  await cloud.s3.send(new DeleteObjectCommand({ Bucket: outputs.inbox_bucket, Key: gone, VersionId }));
  await waitFor(
    'the event to wait while nobody reads it',
    async () => {
      const waiting = await countMessages(cloud, outputs.queue_urls.uploads);
      return { shown: `${waiting} events wait`, ...(waiting === 1 ? { result: true } : {}) };
    },
    { seconds: 10, say, signal: stage.signal },
  );
  await enable(true);
  const job = await waitForState(stage, say, gone, 'SUPERSEDED', 60);
  await waitForEmpty(stage, say, 60);
  await checkDeadLetters(stage, {});
  say(`ended SUPERSEDED: ${job.reason?.code ?? 'without a reason'}`);
};
