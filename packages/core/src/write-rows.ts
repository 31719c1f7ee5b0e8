import type { Invocation } from './invocation.ts';
import type { FinishOutcome, InsertOutcome } from './ports/row-store.ts';
import { callBytesMax, statementsMax } from './ports/row-store.ts';
import type { Delivery, Fate } from './settle.ts';
import { done } from './settle.ts';
import type { Seams } from './stage.ts';
import type { StageName } from './wiring.ts';

/** Table calls under way at once in one invocation. */
const callsInFlightMax = 4;
/** Tries of a row that fails for an unknown reason, within one invocation. */
const unknownTriesMax = 3;
/** First and longest wait before throttled rows are tried again; full jitter. */
const throttleMilliseconds = 50;
const throttleMillisecondsMax = 2_000;

/** DynamoDB: bytes of an item that one write unit pays for. Source: DynamoDB developer guide, "Capacity unit consumption". */
const unitBytes = 1024;
/** What an item weighs besides the row's values or its outcome: keys, names, numbers. */
const itemOverheadBytes = 100;

type Outcome = InsertOutcome | FinishOutcome;

const fateOf: Readonly<Record<Exclude<Outcome, 'inserted' | 'finished' | 'same'>, Fate>> = {
  different: {
    kind: 'permanent',
    code: 'CONTENT_MISMATCH',
    message: 'expected the row to stand in the table with the same content, found other content; the first write stays',
  },
  refused: { kind: 'permanent', code: 'ROW_REFUSED', message: 'expected the table to take the row, found it refused' },
  throttled: {
    kind: 'later',
    code: 'THROTTLED',
    message: 'expected the table to take the row in time, found it throttled',
  },
  failed: {
    kind: 'transient',
    code: 'UNKNOWN',
    message: 'expected the table to take the row, found an unknown failure',
  },
  missing: { kind: 'transient', code: 'UNKNOWN', message: 'expected the row in the table, found none' },
};

const isRetried = (outcome: Outcome): boolean => outcome === 'throttled' || outcome === 'failed';

/** Where a row of the batch is: its delivery and its position there. */
type Rows<Tuple> = { readonly tuples: Tuple[]; readonly fates: Fate[][]; readonly positions: number[] };

type Job<Tuple> = Rows<Tuple> & {
  /** Bytes of each message, by the fates of its rows. */
  readonly messageBytes: Map<Fate[], number>;
  /** Row number -> index: a row that stands twice in a batch is written once. */
  readonly indexOf: Map<number, number>;
  /** Index of a repeated row -> index of the one that is written. */
  readonly twins: [twin: number, written: number][];
};

const byJob = <Message extends { readonly jobId: string }, Tuple extends readonly [number, number, ...unknown[]]>(
  batch: readonly Delivery<Message, Tuple>[],
): Map<string, Job<Tuple>> => {
  const jobs = new Map<string, Job<Tuple>>();
  for (const { record, message, items, fates } of batch) {
    if (message === undefined) continue;
    let job = jobs.get(message.jobId);
    if (job === undefined) {
      job = { tuples: [], fates: [], positions: [], messageBytes: new Map(), indexOf: new Map(), twins: [] };
      jobs.set(message.jobId, job);
    }
    job.messageBytes.set(fates, Buffer.byteLength(record.body));
    for (let position = 0; position < items.length; position++) {
      const tuple = items[position] as Tuple;
      const index = job.tuples.length;
      job.tuples.push(tuple);
      job.fates.push(fates);
      job.positions.push(position);
      const written = job.indexOf.get(tuple[1]);
      if (written === undefined) job.indexOf.set(tuple[1], index);
      else job.twins.push([index, written]);
    }
  }
  return jobs;
};

/**
 * Cuts rows into calls within both limits of one. Rows of one message weigh no more than the message does, so messages are
 * weighed, not rows.
 */
const toCalls = <Tuple>({ fates, messageBytes }: Job<Tuple>, indexes: readonly number[]): number[][] => {
  const calls: number[][] = [];
  let call: number[] = [];
  let callBytes = 0;
  let last: Fate[] | undefined;
  for (const index of indexes) {
    const message = fates[index] as Fate[];
    const bytes = messageBytes.get(message) ?? 0;
    if (call.length === statementsMax || (message !== last && call.length > 0 && callBytes + bytes > callBytesMax)) {
      calls.push(call);
      call = [];
      callBytes = 0;
      last = undefined;
    }
    if (message !== last) callBytes += bytes;
    last = message;
    call.push(index);
  }
  if (call.length > 0) calls.push(call);
  return calls;
};

/**
 * Write units that a row costs, as far as its message tells: an update pays for the whole item, of which a message holds
 * the outcome alone. What is not seen here, the table tells by throttling.
 */
const unitsOf = (tuple: readonly unknown[]): number =>
  Math.ceil((itemOverheadBytes + Buffer.byteLength(JSON.stringify(tuple[3]))) / unitBytes);

/** The fate of a row that stood a second time in the batch: that of the first, if it is the same row. */
const twinFate = <Tuple>(job: Job<Tuple>, twin: number, written: number): Fate =>
  JSON.stringify(job.tuples[twin]) === JSON.stringify(job.tuples[written])
    ? (job.fates[written]?.[job.positions[written] ?? 0] ?? fateOf.failed)
    : fateOf.different;

/**
 * Writes every row of a batch through a table call of at most 25 distinct rows, and sets its fate. Throttled rows are tried
 * again with jitter until the time runs short, then their message comes back; nothing is lost by a table that throttles.
 * With a write budget the stage paces itself to its share of it, by what its rows weigh.
 * Returns how many rows took effect or stood there already.
 */
export const writeRows = async <
  Message extends { readonly jobId: string },
  Tuple extends readonly [number, number, ...unknown[]],
>(
  stage: StageName,
  batch: readonly Delivery<Message, Tuple>[],
  write: (jobId: string, tuples: readonly Tuple[]) => Promise<readonly Outcome[]>,
  ports: Pick<Seams, 'clock' | 'random' | 'wiring'>,
  invocation: Invocation,
): Promise<number> => {
  const { wiring, clock, random } = ports;
  // Half the budget each for the two writing stages, shared by a stage's concurrent invocations.
  const unitsPerSecond = wiring.pipeline.writeUnitsPerSecond / 2 / (wiring.stages[stage].maximumConcurrency ?? 1);
  const startedAt = clock.now();
  let unitsAsked = 0;
  let succeeded = 0;

  for (const [jobId, job] of byJob(batch)) {
    let waiting = [...job.indexOf.values()];
    for (let attempt = 1; waiting.length > 0; attempt++) {
      const again: number[] = [];
      const writeCall = async (indexes: readonly number[]): Promise<void> => {
        let outcomes: readonly Outcome[];
        try {
          outcomes = await write(
            jobId,
            indexes.map((index) => job.tuples[index] as Tuple),
          );
        } catch {
          // The answer is lost: each row may or may not have taken effect; writing again tells.
          outcomes = indexes.map(() => 'failed' as const);
        }
        indexes.forEach((index, i) => {
          const outcome = outcomes[i] ?? 'failed';
          const isSuccess = outcome === 'inserted' || outcome === 'finished' || outcome === 'same';
          if (isSuccess) succeeded++;
          else if (isRetried(outcome) && (outcome === 'throttled' || attempt < unknownTriesMax)) again.push(index);
          setFate(job, index, isSuccess ? done : fateOf[outcome]);
        });
      };
      const calls = toCalls(job, waiting);
      for (let from = 0; from < calls.length; from += callsInFlightMax) {
        if (invocation.isShort()) return succeeded;
        const wave = calls.slice(from, from + callsInFlightMax);
        await Promise.all(wave.map(writeCall));
        if (unitsPerSecond === 0) continue;
        for (const index of wave.flat()) unitsAsked += unitsOf(job.tuples[index] as Tuple);
        const aheadMilliseconds = (unitsAsked / unitsPerSecond) * 1000 - (clock.now() - startedAt);
        const pauseMilliseconds = Math.min(aheadMilliseconds, invocation.spareMilliseconds());
        if (pauseMilliseconds > 0) await clock.sleep(pauseMilliseconds);
      }
      waiting = again;
      if (waiting.length > 0) {
        if (invocation.isShort()) break;
        await clock.sleep(random() * Math.min(throttleMillisecondsMax, throttleMilliseconds * 2 ** attempt));
      }
    }
    for (const [twin, written] of job.twins) setFate(job, twin, twinFate(job, twin, written));
  }
  return succeeded;
};

const setFate = <Tuple>(rows: Rows<Tuple>, index: number, fate: Fate): void => {
  const fates = rows.fates[index];
  const position = rows.positions[index];
  if (fates !== undefined && position !== undefined) fates[position] = fate;
};
