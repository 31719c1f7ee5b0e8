import type { ScannedRecord } from '@sluice/core/csv/scan';
import { rejectKeyOf } from '@sluice/core/identity';
import { createMemoryDeadLetters, type MemoryDeadLetters } from '@sluice/core/memory-dead-letters';
import { createMemoryJobs, createOpenJob, type MemoryJobs } from '@sluice/core/memory-jobs';
import { createMemoryObjects, type MemoryObjects } from '@sluice/core/memory-objects';
import { createMemoryRows, type MemoryRows } from '@sluice/core/memory-rows';
import type { DeadMark, Job } from '@sluice/core/ports/job-store';
import { type QueueName, queueNames } from '@sluice/core/ports/queue';
import { statementsMax } from '@sluice/core/ports/row-store';
import { createScriptedQueue, type ScriptedQueue } from '@sluice/core/scripted-queue';
import { createVirtualClock, type VirtualClock } from '@sluice/core/virtual-clock';
import { stageNames } from '@sluice/core/wiring';
import { createHealthyInspector } from './doctor/healthy-inspector.ts';
import type { Inspector } from './doctor/inspect.ts';
import type { MetricReader } from './metrics.ts';
import type { Operator } from './operator.ts';
import type { PutFile } from './put-file.ts';
import { scanFile, valuesOf } from './scan-harness.ts';
import type { Session } from './session.ts';
import type { Stack } from './stack.ts';

// A deployment in memory, with jobs in states of one's choice, and a session over it whose output is kept. For tests.

const byName = <Name extends string, Of>(names: readonly Name[], of: (name: Name) => Of) =>
  Object.fromEntries(names.map((name) => [name, of(name)])) as Readonly<Record<Name, Of>>;

export const testStack: Stack = {
  name: 'sluice-test',
  environment: 'test',
  region: 'eu-central-1',
  inboxBucket: 'inbox',
  workBucket: 'work',
  profilesKey: 'profiles/test.json',
  rowsTable: 'sluice-test-rows',
  jobsTable: 'sluice-test-jobs',
  queueUrls: byName(queueNames, (name) => `https://sqs.invalid/0/sluice-test-${name}`),
  deadLetterQueueUrls: byName(queueNames, (name) => `https://sqs.invalid/0/sluice-test-${name}-dlq`),
  functionNames: byName(stageNames, (name): string => `sluice-test-${name}`),
  alarmNames: ['sluice-test-jobs-held'],
  alarmTopicArn: 'arn:aws:sns:eu-central-1:000000000000:sluice-test-alarms',
  dashboardName: 'sluice-test',
};

/** The id of the job that `addJob` makes when it is given no other. */
export const jobId = '0123456789abcdefghjkmnpqrs';

/** When a harness begins, in milliseconds since the Unix epoch. */
export const startsAt = Date.UTC(2026, 0, 2, 3, 4, 5);

export type HarnessSettings = {
  readonly jobs?: MemoryJobs;
  readonly rows?: MemoryRows;
  readonly objects?: MemoryObjects;
  readonly queues?: Partial<Record<QueueName, ScriptedQueue>>;
  readonly deadLetters?: Partial<Record<QueueName, MemoryDeadLetters>>;
  readonly metrics?: MetricReader;
  /** Settings of the services that are not as Terraform makes them. */
  readonly inspect?: Partial<Inspector>;
  /** Puts into `objects` when it is not given. */
  readonly putFile?: PutFile;
  readonly stack?: Partial<Stack>;
  readonly clock?: VirtualClock;
  /** Answers to what is asked, in order. A question beyond them is a defect of the test. */
  readonly answers?: readonly boolean[];
  readonly isJson?: boolean;
  /** Cells of a line, as if there were a terminal. */
  readonly width?: number;
  readonly signal?: AbortSignal;
};

/** What becomes of a row: in the table, rejected, or (ABSENT) not in the table. */
export type RowFate = 'DONE' | 'FAILED' | 'PENDING' | 'REJECTED' | 'ABSENT';

export type JobSettings = {
  /** The file, with a header. */
  readonly csv: string;
  readonly fates?: Readonly<Record<number, RowFate>>;
  /** What becomes of the rows that `fates` does not name; DONE when it is not given. */
  readonly fate?: RowFate;
  readonly rowsPerChunk?: number;
  /** Chunks that have no counts yet; none when it is not given. */
  readonly uncounted?: readonly number[];
  readonly marks?: readonly Partial<DeadMark>[];
  /** Replaces what would be written of the job itself. */
  readonly job?: Partial<Job>;
};

/** A mark on a row of `jobId`, changed as told. */
export const markOf = (mark: Partial<DeadMark>): DeadMark => ({
  jobId,
  stage: 'process-rows',
  code: 'PROCESSOR_ERROR',
  message: 'expected success, found an error',
  attempts: 5,
  ...mark,
});

const inParts = <Entry>(entries: readonly Entry[]): (readonly Entry[])[] =>
  Array.from({ length: Math.ceil(entries.length / statementsMax) }, (_, part) =>
    entries.slice(part * statementsMax, (part + 1) * statementsMax),
  );

export const createOperateHarness = ({
  clock = createVirtualClock(startsAt),
  jobs = createMemoryJobs(),
  rows = createMemoryRows({ now: () => clock.now() }),
  objects = createMemoryObjects({ now: () => clock.now() }),
  queues: someQueues = {},
  deadLetters: someLetters = {},
  metrics = async () => new Map(),
  putFile = async (bucket, key, { bytes, read }, { signal: stop, onSent }) => {
    const body = await read(0, bytes);
    stop.throwIfAborted();
    onSent(body.length);
    return objects.put(bucket, key, body);
  },
  inspect = {},
  stack = {},
  answers = [],
  isJson = false,
  width,
  signal = new AbortController().signal,
}: HarnessSettings = {}) => {
  const queues = byName(queueNames, (name) => someQueues[name] ?? createScriptedQueue());
  const deadLetters = byName(
    queueNames,
    (name) => someLetters[name] ?? createMemoryDeadLetters({ now: () => clock.now() }),
  );
  const operator: Operator = {
    jobs,
    rows,
    objects,
    queues,
    deadLetters,
    metrics,
    putFile,
    inspect: createHealthyInspector({ ...testStack, ...stack }, inspect),
    clock,
    random: () => 0.5,
    stack: { ...testStack, ...stack },
  };

  const results: { readonly value: unknown; readonly lines: readonly string[] }[] = [];
  const notes: string[] = [];
  const questions: string[] = [];
  const session: Session = {
    operator,
    signal,
    output: {
      isJson,
      // As it would be read from standard output: what JSON cannot say is gone.
      result: (value, lines) => void results.push({ value: JSON.parse(JSON.stringify(value)), lines: [...lines] }),
      note: (line) => void notes.push(line),
      ...(width === undefined ? {} : { width }),
    },
    async ask(question) {
      const answer = answers[questions.length];
      questions.push(question);
      if (answer === undefined) throw new Error(`expected no question, found ${question}`);
      return answer;
    },
  };

  /** What the command gave as its result. Throws unless it did so once. */
  const onlyResult = () => {
    const [first] = results;
    if (first === undefined || results.length > 1) throw new Error(`expected one result, found ${results.length}`);
    return first;
  };

  /** Puts the file into the inbox, and makes the job that took it through, with its chunks, rows, rejects and marks. */
  const addJob = async ({ csv, fates = {}, fate = 'DONE', rowsPerChunk = 10, ...settings }: JobSettings) => {
    const { uncounted = [], marks = [], job = {} } = settings;
    const id = job.jobId ?? jobId;
    const { inboxBucket, workBucket } = operator.stack;
    const bytes = Buffer.from(csv);
    const key = job.file?.key ?? 'a.csv';
    const { etag } = await objects.put(inboxBucket, key, bytes);
    const [header, ...records] = scanFile(bytes);
    if (header === undefined) throw new Error('expected a file with a header, found none');
    const textOf = ({ start, end }: ScannedRecord): string => bytes.toString('utf8', start, end);
    const columns = valuesOf(textOf(header)).map(String);
    const fateOf = ({ row }: ScannedRecord): RowFate => fates[row] ?? fate;

    let chunk = 0;
    for (; chunk * rowsPerChunk < records.length; chunk++) {
      const ofChunk = records.slice(chunk * rowsPerChunk, (chunk + 1) * rowsPerChunk);
      const [first] = ofChunk;
      const last = ofChunk.at(-1);
      if (first === undefined || last === undefined) break;
      const isLastChunk = (chunk + 1) * rowsPerChunk >= records.length;
      await jobs.putChunks(id, [
        {
          chunk,
          start: chunk === 0 ? header.next : first.start,
          end: isLastChunk ? bytes.length : last.next,
          firstRow: first.row,
          rows: ofChunk.length,
          firstLine: chunk === 0 ? header.nextLine : first.line,
        },
      ]);
      const inTable = ofChunk.filter((record) => !['REJECTED', 'ABSENT'].includes(fateOf(record)));
      for (const part of inParts(inTable)) {
        await rows.insert(
          id,
          part.map((record) => [chunk, record.row, record.line, valuesOf(textOf(record))]),
        );
      }
      const final = inTable.filter((record) => fateOf(record) !== 'PENDING');
      for (const part of inParts(final)) {
        await rows.finish(
          id,
          part.map((record) =>
            fateOf(record) === 'DONE'
              ? [chunk, record.row, 'DONE', { ok: record.row }]
              : [chunk, record.row, 'FAILED', ['NOT_WANTED', 'expected another row']],
          ),
        );
      }
      if (uncounted.includes(chunk)) continue;
      const rejected = ofChunk.filter((record) => fateOf(record) === 'REJECTED');
      const counts = { accepted: ofChunk.length - rejected.length, rejected: rejected.length };
      const rejects = rejectKeyOf(id, chunk);
      if (rejected.length > 0) {
        const lines = rejected.map((record) =>
          JSON.stringify({
            row: record.row,
            line: record.line,
            byteStart: record.start,
            byteEnd: record.end,
            code: 'REQUIRED',
            column: columns[0],
            message: 'expected a value, found none',
            raw: textOf(record),
          }),
        );
        await objects.put(workBucket, rejects, `${lines.join('\n')}\n`);
      }
      await jobs.putCounts(id, chunk, rejected.length > 0 ? { ...counts, rejects } : counts);
      if (final.length !== counts.accepted) continue;
      const failed = final.filter((record) => fateOf(record) === 'FAILED').length;
      await jobs.closeChunk(id, chunk, { done: final.length - failed, failed });
    }

    const open = createOpenJob(id, { bucket: inboxBucket, key, etag, bytes: bytes.length }, columns);
    await jobs.createJob({
      ...open,
      layout: { ...open.layout, dataStart: header.next, dataLine: header.nextLine },
      createdAt: clock.now(),
      auditAt: clock.now(),
      plan: { chunks: chunk, rows: records.length, closedAt: clock.now() },
      ...job,
    });
    await jobs.putMarks(marks.map((mark) => markOf({ jobId: id, ...mark })));
    return jobs.jobOf(id);
  };

  return {
    session,
    operator,
    clock,
    jobs,
    rows,
    objects,
    queues,
    deadLetters,
    /** What was told on standard error, line by line. */
    notes,
    questions,
    /** The result as --json prints it. */
    value: () => onlyResult().value,
    /** The result as people read it. */
    lines: () => onlyResult().lines,
    hasResult: () => results.length > 0,
    addJob,
    /** Puts the profiles where the stack says that they are. */
    putProfiles: (profiles: readonly object[] = [{ prefix: '' }]) =>
      objects.put(operator.stack.workBucket, operator.stack.profilesKey, JSON.stringify(profiles)),
    /** Runs the work while the virtual time goes on. */
    run: <T>(work: Promise<T>): Promise<T> => clock.run(work),
  };
};

export type OperateHarness = ReturnType<typeof createOperateHarness>;
