import { createMemoryJobs } from '@sluice/core/memory-jobs';
import { createMemoryRows } from '@sluice/core/memory-rows';
import type { OutcomeTuple, RowTuple } from '@sluice/core/messages';
import type { ChunkPlan, DeadMark, Job, JobChange, Profile } from '@sluice/core/ports/job-store';
import type { QueueName } from '@sluice/core/ports/queue';
import type { StageName } from '@sluice/core/wiring';
import { expectFile } from '../expected-rows.ts';
import type { Actor, Fact, FactBody } from '../facts.ts';
import { createVersionedObjects } from '../versioned-objects.ts';
import type { AuditInput } from './auditors.ts';
import { createAuditors } from './auditors.ts';

export const jobId = '0123456789abcdefghjkmnpqrs';

/** Row 1 is accepted, 2 rejected, 3 accepted and alone in its chunk. */
export const content = 'a,b\n1,cnry1\n2\n3,cnry3\n';
export const chunks: readonly ChunkPlan[] = [
  { chunk: 0, start: 4, end: 14, firstRow: 1, rows: 2, firstLine: 2 },
  { chunk: 1, start: 14, end: 22, firstRow: 3, rows: 1, firstLine: 4 },
];
export const row1: RowTuple = [0, 1, 2, ['1', 'cnry1']];
export const row3: RowTuple = [1, 3, 4, ['3', 'cnry3']];
export const done1: OutcomeTuple = [0, 1, 'DONE', { paid: '1' }];
export const failed3: OutcomeTuple = [1, 3, 'FAILED', ['NO', 'expected another, found this']];
export const reject2 =
  '{"row":2,"line":3,"byteStart":12,"byteEnd":13,"code":"FIELD_COUNT","message":"expected 2 fields, found 1","raw":"2"}\n';
const rejectsKey = `jobs/${jobId}/rejects/00000000.ndjson`;

export type HandMadeOptions = {
  readonly bytes?: Buffer;
  readonly profile?: Partial<Profile>;
  readonly isVersioned?: boolean;
  readonly faults?: number;
  readonly without?: AuditInput['without'];
};

/**
 * A run of the pipeline made by hand: each method does at the stores what a stage would, and tells the auditors of it. What breaks an
 * invariant is told instead of a step. For tests.
 */
export const createHandMadeRun = (options: HandMadeOptions = {}) => {
  const { bytes = Buffer.from(content), isVersioned = true, faults = 0, without = [] } = options;
  const profile: Profile = { prefix: 'in/', ...options.profile };
  const objects = createVersionedObjects({ isVersioned, now: () => 0 });
  const jobs = createMemoryJobs();
  const rows = createMemoryRows();
  const auditors = createAuditors({
    buckets: { inbox: 'inbox', work: 'work' },
    expect: (version, file) => expectFile(file, version.key, [profile]),
    isVersioned,
    bounds: {
      faultsSoFar: () => faults,
      sendFaultsSoFar: () => faults,
      // Each fact is a millisecond later than the one before.
      callsUntil: (cancelledAt) => cancelledAt + 2,
    },
    without,
  });
  let at = 0;
  let sent = 0;
  const version = objects.upload('inbox', 'in/a file.csv', bytes, 0);
  const job: Job = {
    jobId,
    file: { ...version, bytes: bytes.length },
    profile,
    schemaHash: '',
    codeVersion: '1',
    rowsPerMessage: 0,
    createdAt: 0,
    state: 'PLANNING',
    repairs: 0,
    auditAt: 0,
  };

  const tellBy = (by: Actor, fact: FactBody): void => auditors.watch({ at: at++, by, ...fact } as Fact);
  /** By an invocation of its own. */
  const tell = (stage: Actor['stage'], fact: FactBody): void => tellBy({ stage, invocation: `i${at}` }, fact);

  const sendBy = (by: Actor, queue: QueueName, body: unknown): string => {
    const id = `m${sent++}`;
    tellBy(by, { kind: 'sent', queue, messageIds: [id], bodies: [JSON.stringify(body)] });
    return id;
  };
  const send = (stage: Actor['stage'], queue: QueueName, body: unknown): string =>
    sendBy({ stage, invocation: `i${at}` }, queue, body);
  const receive = (queue: QueueName, id: string): void =>
    tell('service', { kind: 'received', queue, messageIds: [id] });
  const remove = (queue: QueueName, messageId: string): void =>
    tell('service', { kind: 'deleted', queue, messageId, body: '' });

  const rowsBody = (...tuples: readonly RowTuple[]) => ({
    v: 1,
    kind: 'rows',
    jobId,
    columns: ['a', 'b'],
    rows: tuples,
  });
  const finishedBody = (...outcomes: readonly OutcomeTuple[]) => ({ v: 1, kind: 'finished', jobId, outcomes });
  const chunkBody = (chunk: ChunkPlan, ranges?: readonly (readonly [number, number])[]) => ({
    v: 1,
    kind: 'chunk',
    jobId,
    ...chunk,
    ...(ranges && { ranges }),
  });

  const change = async (by: Actor['stage'], changed: JobChange): Promise<void> => {
    const before = (await jobs.getJob(jobId)) as Job;
    await jobs.changeJob(jobId, [before.state], changed);
    tell(by, { kind: 'job changed', before, after: { ...before, ...changed } });
  };
  const insert = async (...tuples: readonly RowTuple[]): Promise<void> => {
    const outcomes = await rows.insert(jobId, tuples);
    tell('store-rows', { kind: 'inserted', jobId, rows: tuples, outcomes });
  };
  const finish = async (...outcomes: readonly OutcomeTuple[]): Promise<void> => {
    const told = await rows.finish(jobId, outcomes);
    tell('finish-rows', { kind: 'finished', jobId, rows: outcomes, outcomes: told });
  };
  const put = async (key: string, text: string): Promise<void> => {
    await objects.put('work', key, text);
    tell('clean-rows', { kind: 'put', bucket: 'work', key, bytes: Buffer.from(text) });
  };
  const count = async (chunk: number, accepted: number, rejected: number): Promise<void> => {
    const counts = { accepted, rejected, ...(rejected > 0 && { rejects: rejectsKey }) };
    const isNew = await jobs.putCounts(jobId, chunk, counts);
    tell('clean-rows', { kind: 'chunk counted', jobId, chunk, counts, isNew });
  };
  const close = async (chunk: number, closed: { readonly done: number; readonly failed: number }): Promise<void> => {
    const isNew = await jobs.closeChunk(jobId, chunk, closed);
    tell('audit-job', { kind: 'chunk closed', jobId, chunk, closed, isNew });
  };
  const mark = async (given: Partial<DeadMark>): Promise<void> => {
    const marks: DeadMark[] = [{ jobId, stage: 'store-rows', code: 'CODE', message: 'why', attempts: 1, ...given }];
    await jobs.putMarks(marks);
    tell(marks[0]?.stage as StageName, { kind: 'marked', marks });
  };
  const s3Body = (key = 'in/a+file.csv') => ({
    Records: [
      {
        eventName: 'ObjectCreated:Put',
        s3: {
          bucket: { name: 'inbox' },
          object: { key, eTag: version.etag, ...(version.versionId && { versionId: version.versionId }) },
        },
      },
    ],
  });

  const layout = {
    source: version,
    bytes: bytes.length,
    delimiter: ',',
    columns: ['a', 'b'],
    outputColumns: ['a', 'b'],
    dataStart: 4,
    dataLine: 2,
  };

  /** Delivers a message, does the work, deletes it. */
  const handle = async (queue: QueueName, id: string, work: () => Promise<unknown>): Promise<void> => {
    receive(queue, id);
    await work();
    remove(queue, id);
  };

  const ids = { upload: '', chunks: ['', ''], pack1: '', pack3: '' };

  const create = async (): Promise<void> => {
    await jobs.createJob(job);
    tell('split-file', { kind: 'job created', job, isNew: true });
  };
  const bring = (): void => {
    tell('service', { kind: 'uploaded', version, bytes });
    ids.upload = send('service', 'uploads', s3Body());
  };
  const read = (stage: StageName): void => tell(stage, { kind: 'read', version, start: 0, end: bytes.length });
  const planChunks = async (): Promise<void> => {
    read('split-file');
    await change('split-file', { layout });
    await jobs.putChunks(jobId, chunks);
    tell('split-file', { kind: 'chunks planned', jobId, chunks });
  };
  const fanOut = async (): Promise<void> => {
    ids.chunks = chunks.map((chunk) => send('split-file', 'chunks', chunkBody(chunk)));
    await change('split-file', { state: 'OPEN', plan: { chunks: 2, rows: 3, closedAt: 0 } });
  };
  const split = (): Promise<void> =>
    handle('uploads', ids.upload, async () => {
      await create();
      await planChunks();
      await fanOut();
    });
  const clean = async (): Promise<void> => {
    await handle('chunks', ids.chunks[0] as string, async () => {
      read('clean-rows');
      ids.pack1 = send('clean-rows', 'rows', rowsBody(row1));
      await put(rejectsKey, reject2);
      await count(0, 1, 1);
    });
    await handle('chunks', ids.chunks[1] as string, async () => {
      ids.pack3 = send('clean-rows', 'rows', rowsBody(row3));
      await count(1, 1, 0);
    });
  };
  const store = async (): Promise<void> => {
    await handle('rows', ids.pack1, () => insert(row1));
    await handle('rows', ids.pack3, () => insert(row3));
  };
  const relay = (): string => send('relay-rows', 'work', rowsBody(row1, row3));
  const process = async (id: string): Promise<string> => {
    let outcomes = '';
    await handle('work', id, async () => {
      for (const row of [1, 3]) tell('process-rows', { kind: 'processed', jobId, row, attempt: 1 });
      outcomes = send('process-rows', 'finished', finishedBody(done1, failed3));
    });
    return outcomes;
  };
  const closeAll = async (): Promise<void> => {
    await close(0, { done: 1, failed: 0 });
    await close(1, { done: 0, failed: 1 });
  };
  const merge = async (): Promise<void> => {
    await put(`jobs/${jobId}/rejects.csv`, 'a,b\n2\n');
    await put(`jobs/${jobId}/rejects.ndjson`, reject2);
  };
  const announce = (): void => tell('audit-job', { kind: 'announced', jobId, state: 'COMPLETE' });

  /** What a sound run goes through, in order; each step can stand alone behind those before it. */
  const steps = {
    bring,
    split,
    clean,
    store,
    finish: async () => {
      const outcomes = await process(relay());
      await handle('finished', outcomes, () => finish(done1, failed3));
    },
    closeAll,
    merge,
    complete: () => change('audit-job', { state: 'COMPLETE' }),
    announce,
  } satisfies Record<string, () => void | Promise<void>>;

  return {
    version,
    job,
    layout,
    ids,
    objects,
    jobs,
    rows,
    tell,
    send,
    sendBy,
    receive,
    remove,
    handle,
    rowsBody,
    finishedBody,
    chunkBody,
    s3Body,
    create,
    bring,
    planChunks,
    fanOut,
    change,
    insert,
    finish,
    put,
    count,
    close,
    mark,
    relay,
    process,
    announce,
    /** Every step before this one. */
    async before(last: keyof typeof steps): Promise<void> {
      for (const [name, step] of Object.entries(steps)) {
        if (name === last) return;
        await step();
      }
    },
    /** This step and every one after it. */
    async from(first: keyof typeof steps): Promise<void> {
      const names = Object.keys(steps);
      for (const name of names.slice(names.indexOf(first))) await steps[name as keyof typeof steps]();
    },
    atRest: (isHealed = true): Promise<void> => auditors.atRest({ rows, jobs, objects }, isHealed),
  };
};

export type HandMadeRun = ReturnType<typeof createHandMadeRun>;
