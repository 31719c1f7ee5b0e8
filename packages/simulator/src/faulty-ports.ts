import { SluiceError } from '@sluice/core/errors';
import { partitionKeyOf } from '@sluice/core/identity';
import type { Events } from '@sluice/core/ports/events';
import type { Job, JobStore } from '@sluice/core/ports/job-store';
import type { ObjectStore } from '@sluice/core/ports/object-store';
import type { BatchAnswer, Queue, QueueName } from '@sluice/core/ports/queue';
import { queueNames } from '@sluice/core/ports/queue';
import type { RowStore } from '@sluice/core/ports/row-store';
import type { Services } from '@sluice/core/stage';
import type { Capacity } from './capacity.ts';
import type { Environment } from './environment.ts';
import type { FaultClass } from './fault-classes.ts';
import type { World } from './world.ts';

// The ports of one environment. Every call is three events: it arrives at the service, takes effect, is answered. Its faults are
// drawn where they belong: nothing happened, part of it happened, or all of it did and nobody hears of it.

/** A call of the table weighs this much beside a row's values. */
const itemOverheadBytes = 100;

type Call<Answer> = {
  readonly name: string;
  /** Strike before the effect, which then does not take place. */
  readonly before?: readonly FaultClass[];
  /** Strike after it. */
  readonly after?: readonly FaultClass[];
  /** True for a call that a table that is asked for too much refuses as a whole. */
  readonly isThrottled?: () => boolean;
  readonly bytes?: number;
  readonly effect: () => Promise<Answer>;
};

const failure = (fault: FaultClass): SluiceError =>
  fault.startsWith('throttle') || fault === 'slow-down'
    ? new SluiceError('THROTTLED', 'expected the service to take the call, found it throttled')
    : new SluiceError('UNKNOWN', 'expected an answer, found none');

export const createFaultyPorts = (
  environment: Environment,
  services: Services,
  world: World,
  capacity: () => Capacity,
): Services => {
  const { scheduler, schedule, faults } = world;
  const { stage } = environment;

  const firstOf = (classes: readonly FaultClass[] = []): FaultClass | undefined =>
    classes.find((fault) => world.strikes(fault, stage));

  const perform = <Answer>({ name, before, after, isThrottled, bytes = 0, effect }: Call<Answer>): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (!environment.isAlive) return;
      const kill = world.countCall();
      environment.inFlight++;
      environment.inFlightBytes += bytes;
      const { actor, inFlight, inFlightBytes } = environment;
      world.actAs(actor, () => world.tell({ kind: 'called', inFlight, bytes: inFlightBytes }));
      const answer = (settle: () => void): void => {
        scheduler.after(world.way(), () => {
          environment.inFlight--;
          environment.inFlightBytes -= bytes;
          if (environment.isAlive) settle();
        });
      };
      const strike = (fault: FaultClass): void => {
        world.trace(`${actor.invocation} ${stage} ${name}: ${fault}`);
        answer(() => reject(failure(fault)));
      };
      const takeEffect = (): void => {
        if (!environment.isAlive) return;
        world.trace(`${actor.invocation} ${stage} ${name}`);
        const lost = firstOf(after);
        world
          .actAs(actor, effect)
          .then(
            (value) => (lost === undefined ? answer(() => resolve(value)) : strike(lost)),
            (thrown: unknown) => {
              if (thrown instanceof SluiceError && thrown.code === 'SERVICE_REFUSED') {
                world.actAs(actor, () => world.tell({ kind: 'refused', call: name, reason: thrown.message }));
              }
              answer(() => reject(thrown as Error));
            },
          )
          .finally(() => {
            if (kill === 'after') environment.die();
          });
      };
      scheduler.after(
        world.way(),
        () => {
          if (!environment.isAlive) return;
          if (kill === 'before' || world.strikes('crash', stage)) {
            environment.die();
            return;
          }
          // No answer ever comes: the invocation runs into its time-out.
          if (world.strikes('timeout', stage)) return;
          const fault = isThrottled?.() ? 'throttle-burst' : firstOf(before);
          if (fault !== undefined) strike(fault);
          else scheduler.after(world.way(), takeEffect);
        },
        true,
      );
    });

  const list = <Page>(name: string, pages: () => AsyncIterable<Page>): AsyncIterable<Page> => ({
    async *[Symbol.asyncIterator]() {
      yield* await perform({ name, before: ['read-failed'], effect: () => Array.fromAsync(pages()) });
    },
  });

  /** Some entries are refused, though the call succeeds. */
  const partly = async <Entry extends { readonly id: string }>(
    entries: readonly Entry[],
    send: (taken: readonly Entry[]) => Promise<BatchAnswer>,
  ): Promise<BatchAnswer> => {
    const failed = new Map<string, boolean>();
    for (const { id } of entries) {
      if (world.strikes('send-refused', stage)) failed.set(id, false);
      else if (world.strikes('send-sender-fault', stage)) failed.set(id, true);
    }
    const taken = entries.filter(({ id }) => !failed.has(id));
    const answer = taken.length === 0 ? { sent: [], failed: [] } : await send(taken);
    const refused = [...failed].map(([id, senderFault]) => ({ id, code: 'InternalError', senderFault }));
    return { sent: answer.sent, failed: [...answer.failed, ...refused] };
  };

  const queueOf = (name: QueueName): Queue => {
    const queue = services.queues[name];
    return {
      sendBatch: (entries) =>
        perform({
          name: `sends ${entries.length} to ${name}`,
          before: ['send-lost'],
          after: ['send-reply-lost'],
          bytes: entries.reduce((sum, { body }) => sum + body.length, 0),
          effect: () => partly(entries, (taken) => queue.sendBatch(taken)),
        }),
      changeVisibilityBatch: (entries) =>
        perform({
          name: `hides ${entries.length} of ${name}`,
          before: ['send-lost'],
          after: ['send-reply-lost'],
          effect: () => partly(entries, (taken) => queue.changeVisibilityBatch(taken)),
        }),
      depth: () => perform({ name: `measures ${name}`, before: ['read-failed'], effect: () => queue.depth() }),
    };
  };

  type Key = readonly [chunk: number, row: number, ...unknown[]];
  type Bad = 'throttled' | 'failed';

  /** One partition key at a time is hot, and stays so for a while. */
  const isHot = ([chunk, row]: Key): boolean => {
    const minute = Math.floor(scheduler.now() / 60_000);
    return (chunk + row + minute) % 16 === 0 && world.strikes('throttle-key', stage);
  };
  const isBurst = (): boolean =>
    world.rates()['throttle-burst'] > 0 &&
    Math.floor(scheduler.now() / 10_000) % 4 === 0 &&
    world.strikes('throttle-burst', stage);

  /** Throttled as a whole, or some statements alone; those that fail may have taken effect. */
  const write = async <Tuple extends Key, Outcome extends string>(
    jobId: string,
    tuples: readonly Tuple[],
    effect: (taken: readonly Tuple[]) => Promise<readonly Outcome[]>,
  ): Promise<readonly (Outcome | Bad)[]> => {
    const units = new Map<string, number>();
    for (const [chunk, row, , values] of tuples) {
      const key = partitionKeyOf(jobId, chunk, row);
      const bytes = itemOverheadBytes + JSON.stringify(values ?? null).length;
      units.set(key, (units.get(key) ?? 0) + Math.ceil(bytes / 1024));
    }
    if (isBurst()) return tuples.map(() => 'throttled' as const);
    if (!capacity().take(units)) {
      world.hit('throttle-long', stage);
      return tuples.map(() => 'throttled' as const);
    }
    const bad = tuples.map((tuple): Bad | 'lost' | undefined => {
      if (isHot(tuple)) return 'throttled';
      if (!world.strikes('statement-failed', stage)) return undefined;
      return faults.happens(0.5) ? 'lost' : 'failed';
    });
    const taken = tuples.filter((_, i) => bad[i] === undefined || bad[i] === 'lost');
    const outcomes = taken.length === 0 ? [] : await effect(taken);
    let next = 0;
    return bad.map((what): Outcome | Bad => {
      if (what === 'throttled' || what === 'failed') return what;
      const outcome = outcomes[next++] as Outcome;
      return what === 'lost' ? 'failed' : outcome;
    });
  };

  const { objects, rows, jobs } = services;

  const rowPorts: RowStore = {
    insert: (jobId, tuples, writtenOff) =>
      perform({
        name: `inserts ${tuples.length} rows`,
        before: ['write-lost'],
        after: ['write-reply-lost'],
        effect: () =>
          write(jobId, tuples, async (taken) => {
            const outcomes = await rows.insert(jobId, taken, writtenOff);
            world.actAs(environment.actor, () => world.tell({ kind: 'inserted', jobId, rows: taken, outcomes }));
            return outcomes;
          }),
      }),
    finish: (jobId, tuples) =>
      perform({
        name: `finishes ${tuples.length} rows`,
        before: ['write-lost'],
        after: ['write-reply-lost'],
        effect: () =>
          write(jobId, tuples, async (taken) => {
            const outcomes = await rows.finish(jobId, taken);
            world.actAs(environment.actor, () => world.tell({ kind: 'finished', jobId, rows: taken, outcomes }));
            return outcomes;
          }),
      }),
    countChunk: (jobId, chunk) =>
      perform({
        name: `counts chunk ${chunk}`,
        before: ['read-failed'],
        effect: () => rows.countChunk(jobId, chunk),
      }),
    getRow: (...given) =>
      perform({ name: `looks at row ${given[2]}`, before: ['read-failed'], effect: () => rows.getRow(...given) }),
    remove: (...given) =>
      perform({
        name: `removes ${given[2].length} rows`,
        before: ['write-lost'],
        after: ['write-reply-lost'],
        effect: () => rows.remove(...given),
      }),
    readChunk: (jobId, chunk) => list(`reads chunk ${chunk}`, () => rows.readChunk(jobId, chunk)),
  };

  /** A write of the ledger, and what is told of it. */
  const ledger = <Answer>(name: string, effect: () => Promise<Answer>): Promise<Answer> =>
    perform({ name, before: ['write-lost'], after: ['write-reply-lost'], isThrottled: isBurst, effect });
  const tell: World['tell'] = (fact) => world.actAs(environment.actor, () => world.tell(fact));

  const jobPorts: JobStore = {
    createJob: (job) =>
      ledger('creates a job', async () => {
        const isNew = await jobs.createJob(job);
        tell({ kind: 'job created', job, isNew });
        return isNew;
      }),
    getJob: (jobId) => perform({ name: 'reads a job', before: ['read-failed'], effect: () => jobs.getJob(jobId) }),
    changeJob: (jobId, states, change) =>
      ledger(`changes a job: ${Object.keys(change).join(' ')} ${change.state ?? ''}`, async () => {
        const before = (await jobs.getJob(jobId)) as Job;
        const isChanged = await jobs.changeJob(jobId, states, change);
        if (isChanged) tell({ kind: 'job changed', before, after: (await jobs.getJob(jobId)) as Job });
        return isChanged;
      }),
    takeLease: (...given) => ledger(`takes the ${given[1]} lease`, () => jobs.takeLease(...given)),
    releaseLease: (...given) => ledger(`gives the ${given[1]} lease back`, () => jobs.releaseLease(...given)),
    putChunks: (jobId, chunks) =>
      ledger(`plans ${chunks.length} chunks`, async () => {
        await jobs.putChunks(jobId, chunks);
        tell({ kind: 'chunks planned', jobId, chunks });
      }),
    putCounts: (jobId, chunk, counts) =>
      ledger(`counts chunk ${chunk} in`, async () => {
        const isNew = await jobs.putCounts(jobId, chunk, counts);
        tell({ kind: 'chunk counted', jobId, chunk, counts, isNew });
        return isNew;
      }),
    closeChunk: (jobId, chunk, closed) =>
      ledger(`closes chunk ${chunk}`, async () => {
        const isNew = await jobs.closeChunk(jobId, chunk, closed);
        tell({ kind: 'chunk closed', jobId, chunk, closed, isNew });
        return isNew;
      }),
    putMarks: (marks) =>
      ledger(`marks ${marks.length}`, async () => {
        await jobs.putMarks(marks);
        tell({ kind: 'marked', marks });
      }),
    removeMarks: (marks) => ledger(`takes ${marks.length} marks back`, () => jobs.removeMarks(marks)),
    noteFile: (file) => ledger('notes a file', () => jobs.noteFile(file)),
    hasFile: (file) => perform({ name: 'looks for a file', before: ['read-failed'], effect: () => jobs.hasFile(file) }),
    listChunks: (...given) => list('lists chunks', () => jobs.listChunks(...given)),
    listMarks: (jobId) => list('lists marks', () => jobs.listMarks(jobId)),
    listJobs: () => list('lists jobs', () => jobs.listJobs()),
    // An index lags behind: a job may not be in it yet.
    listDueJobs: (now) =>
      list('lists jobs that are due', async function* () {
        for await (const page of jobs.listDueJobs(now)) {
          yield page.filter(() => !world.strikes('index-stale', stage));
        }
      }),
  };

  const eventPorts: Events = {
    send: (event) =>
      perform({
        name: `tells the end of a job: ${event.state}`,
        before: ['send-lost'],
        after: ['send-reply-lost'],
        effect: async () => {
          await services.events.send(event);
          tell({ kind: 'announced', jobId: event.jobId, state: event.state });
        },
      }),
  };

  const objectPorts: ObjectStore = {
    list: (...given) => list('lists objects', () => objects.list(...given)),
    head: (bucket, key) =>
      perform({ name: 'looks for an object', before: ['slow-down'], effect: () => objects.head(bucket, key) }),
    async *readRange(version, start, end, signal) {
      const bytes = await perform({
        name: `reads bytes ${start} to ${end}`,
        before: ['slow-down'],
        bytes: end - start,
        effect: async () => {
          const pieces = await Array.fromAsync(objects.readRange(version, start, end, signal));
          tell({ kind: 'read', version, start, end });
          return Buffer.concat(pieces);
        },
      });
      const fault = firstOf(['read-short', 'read-reset', 'read-stalled']);
      const last = fault === undefined ? bytes.length : faults.whole(0, bytes.length);
      const middle = schedule.whole(0, last);
      if (middle > 0) yield bytes.subarray(0, middle);
      if (last > middle) yield bytes.subarray(middle, last);
      if (fault === 'read-reset') throw failure(fault);
      if (fault === 'read-stalled') {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      }
    },
    put: (bucket, key, body) =>
      perform({
        name: 'puts an object',
        before: ['slow-down'],
        after: ['write-reply-lost'],
        bytes: body.length,
        effect: async () => {
          const bytes = Buffer.from(body as string);
          const head = await objects.put(bucket, key, bytes);
          tell({ kind: 'put', bucket, key, bytes });
          return head;
        },
      }),
    removeVersion: (version) =>
      perform({
        name: 'removes an object',
        before: ['slow-down'],
        after: ['write-reply-lost'],
        effect: () => objects.removeVersion(version),
      }),
    async putStream(bucket, key, body) {
      const bytes = Buffer.concat(await Array.fromAsync(body));
      return objectPorts.put(bucket, key, bytes);
    },
  };

  return {
    objects: objectPorts,
    rows: rowPorts,
    jobs: jobPorts,
    events: eventPorts,
    queues: Object.fromEntries(queueNames.map((name) => [name, queueOf(name)])) as Services['queues'],
  };
};
