import { DeleteObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { searchBody } from '@sluice/core/messages';
import type { DeadMark } from '@sluice/core/ports/job-store';
import type { QueueName } from '@sluice/core/ports/queue';
import { queueNames } from '@sluice/core/ports/queue';
import { stageNames } from '@sluice/core/wiring';
import { checksumOf, countMessages, drain, lookInto, readTable, sendMessage } from './cloud.ts';
import { inboxPrefix } from './deployment.ts';
import { smallFile } from './file.ts';
import {
  auditNow,
  checkComplete,
  checkTold,
  closeLedger,
  findJobs,
  findOnlyJob,
  jobsOf,
  readAll,
  waitForFinal,
  waitForState,
} from './job-checks.ts';
import { whileMessagesWait } from './mapping.ts';
import { lookAtDead, redriveWork, uploadBytes } from './operate.ts';
import type { Say, Stage } from './stage.ts';
import { failWith, fileOf, key, lostKey } from './stage.ts';
import { waitFor } from './steps.ts';

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

const waitForEvent = ({ cloud, outputs, signal }: Stage, say: Say): Promise<true> =>
  waitFor(
    'the event to wait while nobody reads it',
    async () => {
      const waiting = await countMessages(cloud, outputs.queue_urls.uploads);
      return { shown: `${waiting} events wait`, ...(waiting === 1 ? { result: true as const } : {}) };
    },
    { seconds: 10, say, signal },
  );

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

/** An upload whose event is lost before anybody reads it: nothing happens, until a search finds it. */
export const findLostUpload = async (stage: Stage, say: Say): Promise<void> => {
  const { cloud, outputs } = stage;
  await whileMessagesWait(stage, 'split-file', async () => {
    await cloud.s3.send(new PutObjectCommand({ Bucket: outputs.inbox_bucket, Key: lostKey, Body: smallFile.bytes }));
    await waitForEvent(stage, say);
    const lost = await drain(cloud, outputs.queue_urls.uploads);
    say(`${lost.length} event is lost`);
  });
  if ((await findJobs(stage, lostKey)).length > 0) throw new Error('expected no job of a file that nobody knows of');
  await sendMessage(cloud, outputs.queue_urls.audits, searchBody);
  await waitFor(
    'the search to find the file',
    async () => {
      const job = await findOnlyJob(stage, lostKey);
      return job === undefined ? { shown: 'no job yet' } : { shown: `job ${job.jobId}`, result: job };
    },
    { seconds: 60, say, signal: stage.signal },
  );
};

/** Uploads the file, and puts beside its messages what no stage can read. Returns the id of its job. */
export const upload = async (stage: Stage, say: Say): Promise<string> => {
  const { cloud, outputs, file } = stage;
  const jobId = await uploadBytes(stage, 'upload.csv', key, file.bytes);
  say(`${file.bytes.length} bytes, ${file.rows.length} rows, job ${jobId}`);
  for (const name of queueNames) await sendMessage(cloud, outputs.queue_urls[name], malformedOf(name));
  await sendMessage(cloud, outputs.queue_urls.uploads, testEventOf(outputs.inbox_bucket));
  // Once more while the first is being worked on.
  await sendAgain(stage, 1);
  return jobId;
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
  const jobs = [await waitForState(stage, say, key, 'HELD', 240), await waitForState(stage, say, lostKey, 'HELD', 120)];
  await waitForEmpty(stage, say, 120);

  const attempts = 1 + (stage.wiring.stages['process-rows'].maxReceiveCount ?? 0);
  const alone: string[] = [];
  for (const job of jobs) {
    const { marks } = await closeLedger(stage, say, job, false);
    const outside = fileOf(stage, job.file.key).rows.filter(({ fate }) => fate === 'outside');
    const wanted = outside.map(({ row }) => ({ row, stage: 'process-rows', code: 'PROCESSOR_ERROR', attempts }));
    const found = marks.map((mark) => ({ row: mark.row, stage: mark.stage, code: mark.code, attempts: mark.attempts }));
    if (JSON.stringify(found) !== JSON.stringify(wanted)) {
      throw new Error(`expected the marks ${JSON.stringify(wanted)}, found ${JSON.stringify(found)}`);
    }
    alone.push(...outside.map(({ row }) => `${job.jobId}: ${row}`));
  }

  const letters = (await lookInto(stage.cloud, stage.outputs.dead_letter_queue_urls.work)).filter(
    (body) => body !== malformedOf('work'),
  );
  const dead = letters.map((body) => {
    const { jobId, rows } = JSON.parse(body) as { jobId: string; rows: [number, number][] };
    return `${jobId}: ${rows.map(([, row]) => row).join(', ')}`;
  });
  if (JSON.stringify(dead.toSorted()) !== JSON.stringify(alone.toSorted())) {
    throw new Error(`expected the dead letters of work to hold ${alone.join(' | ')}, found ${dead.join(' | ')}`);
  }
  await checkDeadLetters(stage, { work: letters });
  await checkMalformedMarks(stage);
  for (const job of jobs) if (job.file.key === key) await lookAtDead(stage, say, job.jobId, attempts);
  const told = await stage.completions.heard();
  if (told.length > 0) throw new Error(`expected no job to have ended, found ${told.length} told of`);
  say(
    `${alone.length} rows dead after ${attempts} tries each, ${queueNames.length} malformed messages set aside alone`,
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

/** The outside service is back, and somebody asks for a repair of the small file's job: no dead letter is sent again for that. */
export const repairByHand = async (stage: Stage, say: Say): Promise<void> => {
  stage.service.switchOn();
  const held = await waitForState(stage, say, lostKey, 'HELD', 10);
  await stage.sluice(['repair', held.jobId]);
  await waitForFinal(stage, say, held);
  await auditNow(stage, held);
  const job = await waitForState(stage, say, lostKey, 'COMPLETE', 120);
  if (job.repairs !== 0) throw new Error(`expected no repair that nobody asked for, found ${job.repairs}`);
  await checkComplete(stage, say, job);
};

/** What is dead is sent again and finishes. The letter of the row that was repaired is no longer needed. */
export const redriveDead = async (stage: Stage, say: Say): Promise<void> => {
  const held = await waitForState(stage, say, key, 'HELD', 10);
  const repaired = await waitForState(stage, say, lostKey, 'COMPLETE', 10);
  const sent = await redriveWork(stage, repaired.jobId);
  say(`${sent} messages sent back to work`);
  await waitForFinal(stage, say, held);
  await auditNow(stage, held);
  const job = await waitForState(stage, say, key, 'COMPLETE', 180);
  await waitForEmpty(stage, say, 60);
  await checkComplete(stage, say, job);
  const marks = await readAll(jobsOf(stage).listMarks(job.jobId));
  if (marks.length > 0) throw new Error(`expected the marks to be taken back with the letters, found ${marks.length}`);
  await closeLedger(stage, say, await waitForState(stage, say, lostKey, 'COMPLETE', 10), true);
  // What could not be read came back with the others and was set aside again.
  await checkDeadLetters(stage, {});
};

/** The same upload event twice more, and a search, change nothing: no row, nothing in the ledger, no message. */
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
  await sendMessage(cloud, outputs.queue_urls.audits, searchBody);
  await waitForEmpty(stage, say, 60);
  const after = await read();
  if (before !== after) throw new Error(`expected ${before}, found ${after}`);
  await checkDeadLetters(stage, {});
  say(`unchanged: ${before}`);
};

/** An object that is deleted before anybody reads it: its job ends SUPERSEDED, and nothing is set aside. */
export const deleteBeforeReading = async (stage: Stage, say: Say): Promise<void> => {
  const { cloud, outputs, file } = stage;
  const gone = `${inboxPrefix}gone.csv`;
  await whileMessagesWait(stage, 'split-file', async () => {
    const { VersionId } = await cloud.s3.send(
      new PutObjectCommand({ Bucket: outputs.inbox_bucket, Key: gone, Body: file.bytes.subarray(0, 1_000) }),
    );
    await cloud.s3.send(new DeleteObjectCommand({ Bucket: outputs.inbox_bucket, Key: gone, VersionId }));
    await waitForEvent(stage, say);
  });
  const job = await waitForState(stage, say, gone, 'SUPERSEDED', 60);
  await auditNow(stage, job);
  const { bytes: _, ...version } = job.file;
  const counts = { rows: 0, rejected: 0, done: 0, failed: 0 };
  const reason = job.reason === undefined ? {} : { reason: job.reason };
  await checkTold(stage, say, { jobId: job.jobId, state: 'SUPERSEDED', file: version, ...counts, ...reason });
  await waitForEmpty(stage, say, 60);
  await checkDeadLetters(stage, {});
  say(`ended SUPERSEDED: ${job.reason?.code ?? 'without a reason'}`);
};
