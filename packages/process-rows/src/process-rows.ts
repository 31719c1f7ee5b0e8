import type { Invocation } from '@sluice/core/invocation';
import type { RowsMessage, RowTuple } from '@sluice/core/messages';
import { finishedEnvelope, rowsEnvelope, serialise } from '@sluice/core/messages';
import { packAll } from '@sluice/core/pack';
import type { JobStore } from '@sluice/core/ports/job-store';
import { visibilitySecondsMax } from '@sluice/core/ports/queue';
import type { Processor } from '@sluice/core/processor';
import type { QueueHandler, QueueStagePorts } from '@sluice/core/queue-stage';
import { createQueueStage } from '@sluice/core/queue-stage';
import { rowPacks } from '@sluice/core/row-stage';
import { sendAll } from '@sluice/core/send';
import type { Delivery, Fate } from '@sluice/core/settle';
import { done, hideAll, notReached, triesOf, unwanted } from '@sluice/core/settle';
import type { Called } from './call-processor.ts';
import { createCaller } from './call-processor.ts';
import { createCancelledJobs } from './cancelled-jobs.ts';

export type ProcessRowsPorts = QueueStagePorts<'work' | 'finished'> & {
  readonly jobs: Pick<JobStore, 'putMarks' | 'getJob'>;
};

export type ProcessRowsConfig = { readonly processor: Processor };

/** Kept back of an invocation's time when a slow row is given its own, so that the row's failure can still be settled. */
const settleMilliseconds = 1_000;

/**
 * A pack that comes to be tried a second time: the process died over it, so each of its rows goes on alone. An outage leaves none
 * such: it sends its packs again as new ones.
 */
const splitUp: Fate = {
  kind: 'untried',
  code: 'TIMEOUT',
  message: 'expected the pack to be settled on its first delivery, found it delivered again',
};

/** Rows of a pack that the time did not suffice for, while others were processed: those must not be called again. */
const cutOff: Fate = { ...notReached, kind: 'untried' } as Fate;

const unconfirmed: Fate = {
  kind: 'later',
  code: 'SEND_FAILED',
  message: 'expected the queue to confirm the outcome, found it unconfirmed',
};

/** What an outage leaves of a pack, as a pack. */
const packAgain = ({ jobId, columns }: RowsMessage, rows: readonly RowTuple[], tried: number): string => {
  const { head, tail } = rowsEnvelope(jobId, columns, tried);
  return head + rows.map(serialise).join(',') + tail;
};

/** Where a row's fate is to be written. */
type Place = { readonly fates: Fate[]; readonly position: number };

/** The outcomes of one job in this invocation, and the rows seen, so that a row delivered twice is called once. */
type JobOutcomes = {
  readonly texts: string[];
  readonly places: Place[];
  readonly seen: Map<number, Place>;
  readonly twins: [twin: Place, called: Place][];
};

const fateAt = ({ fates, position }: Place): Fate => fates[position] ?? notReached;

/**
 * Runs the user's processor over each row and sends the outcomes to `finished`. A row counts as processed once the queue
 * confirmed its outcome. The processor sees a row at least once; `rowId` is its idempotency key for effects elsewhere. Rows of a
 * job that was called off are acknowledged, and it does not see them.
 */
export const createProcessRows = (ports: ProcessRowsPorts, { processor }: ProcessRowsConfig): QueueHandler => {
  const { clock, wiring, random } = ports;
  const { rowTimeoutSeconds, rowsInFlightMax } = wiring.pipeline;
  const cancelledOf = createCancelledJobs(ports);

  /** What is left to be worked on; the fates of the rest are written. */
  const leaveCancelled = async (
    batch: readonly Delivery<RowsMessage, RowTuple>[],
  ): Promise<readonly Delivery<RowsMessage, RowTuple>[]> => {
    const cancelled = await cancelledOf(new Set(batch.flatMap(({ message }) => message?.jobId ?? [])));
    if (cancelled.size === 0) return batch;
    return batch.filter(({ message, fates }) => {
      if (message === undefined || !cancelled.has(message.jobId)) return true;
      fates.fill(unwanted);
      return false;
    });
  };

  /**
   * The process may have died over one of several messages that come again, and a batch that dies comes back together: its
   * neighbours would share its end. So each of them gets a time of its own to come back, before anything is called.
   */
  const scatter = (batch: readonly Delivery<RowsMessage, RowTuple>[], invocation: Invocation): Promise<void> => {
    const again = batch.filter((delivery) => triesOf(delivery) > 1);
    if (again.length < 2) return Promise.resolve();
    const remainingSeconds = invocation.remainingMilliseconds() / 1000;
    const hidden = again.map(({ record }) => ({
      receiptHandle: record.receiptHandle,
      timeoutSeconds: Math.min(visibilitySecondsMax, remainingSeconds * (1 + random())),
    }));
    return hideAll(ports.queues.work, hidden, ports.logger);
  };

  const callRows = async (
    batch: readonly Delivery<RowsMessage, RowTuple>[],
    invocation: Invocation,
  ): Promise<Map<string, JobOutcomes>> => {
    const jobs = new Map<string, JobOutcomes>();
    const inFlight = new Set<Promise<void>>();
    const timeoutMilliseconds = (): number =>
      Math.max(0, Math.min(rowTimeoutSeconds * 1000, invocation.remainingMilliseconds() - settleMilliseconds));

    for (const delivery of batch) {
      const { message, items, fates } = delivery;
      if (message === undefined) continue;
      const tries = triesOf(delivery);
      if (tries > 1 && items.length > 1) {
        fates.fill(splitUp);
        continue;
      }
      let job = jobs.get(message.jobId);
      if (job === undefined) {
        job = { texts: [], places: [], seen: new Map(), twins: [] };
        jobs.set(message.jobId, job);
      }
      const { texts, places, seen, twins } = job;
      const record = (called: Called, place: Place): void => {
        if (typeof called === 'string') {
          texts.push(called);
          places.push(place);
        } else place.fates[place.position] = called;
      };
      const call = createCaller(processor, message, (message.tried ?? 0) + tries, clock);
      for (let position = 0; position < items.length; position++) {
        if (invocation.isShort()) break;
        const row = items[position] as RowTuple;
        const place = { fates, position };
        const first = seen.get(row[1]);
        if (first !== undefined) {
          twins.push([place, first]);
          continue;
        }
        seen.set(row[1], place);
        const called = call(row, timeoutMilliseconds);
        if (!(called instanceof Promise)) {
          record(called, place);
          continue;
        }
        const finished = called.then((outcome) => {
          record(outcome, place);
          inFlight.delete(finished);
        });
        inFlight.add(finished);
        if (inFlight.size >= rowsInFlightMax) await Promise.race(inFlight);
      }
    }
    await Promise.all(inFlight);
    return jobs;
  };

  const sendOutcomes = async (jobId: string, { texts, places, twins }: JobOutcomes): Promise<number> => {
    const packs = packAll(finishedEnvelope(jobId), texts);
    const unsent = new Set((await sendAll(ports.queues.finished, packs, ports)).map(({ index }) => index));
    let next = 0;
    let confirmed = 0;
    packs.forEach(({ rows }, index) => {
      const fate = unsent.has(index) ? unconfirmed : done;
      if (fate === done) confirmed += rows;
      for (const end = next + rows; next < end; next++) {
        const place = places[next];
        if (place !== undefined) place.fates[place.position] = fate;
      }
    });
    for (const [twin, called] of twins) twin.fates[twin.position] = fateAt(called);
    return confirmed;
  };

  return createQueueStage(
    {
      ...rowPacks,
      hasPacksOfOne: true,
      pack: packAgain,
      stage: 'process-rows',
      async work(batch, invocation, counts) {
        const wanted = await leaveCancelled(batch);
        await scatter(wanted, invocation);
        const jobs = await callRows(wanted, invocation);
        for (const [jobId, outcomes] of jobs) counts.rowsOut += await sendOutcomes(jobId, outcomes);
        for (const { fates } of wanted) {
          if (fates.every((fate) => fate === notReached)) continue;
          fates.forEach((fate, position) => {
            if (fate === notReached) fates[position] = cutOff;
          });
        }
      },
    },
    ports,
  );
};
