import type { Clock } from '@sluice/core/ports/clock';
import {
  type Context,
  defineProcessor,
  type Processor,
  permanent,
  type Result,
  type Row,
} from '@sluice/core/processor';
import type { FaultClass } from './fault-classes.ts';
import { createDraws } from './random.ts';

// What a user's processor does to the pipeline: it answers, late or never, differs with itself, fails, kills its process.

export type UserCode = {
  /** The processor as it runs in one process. After `die` nothing more comes of the call that died. */
  processorIn(process: { readonly clock: Clock; die(): void }): Processor;
  /** While what the processor needs is out, every call fails for now. */
  setOutage(isOut: boolean): void;
  /** From now on every call answers: DONE, or the failure for good that the row always had. */
  heal(): void;
};

type ProcessorFault = Extract<FaultClass, `processor-${string}`>;

export type Told = {
  called(jobId: string, row: number, attempt: number): void;
  hit(fault: FaultClass, stage: 'process-rows'): void;
};

/** How a row is answered once nothing keeps it from that. */
type Answer = 'done' | 'refused' | 'bad result' | 'result too large';

/** What a row does, by its id and the seed alone. */
type Nature = {
  readonly fault?: Exclude<ProcessorFault, 'processor-outage'>;
  /** Calls that the fault spoils, from the first on; all of them when infinite. */
  readonly spoilt: number;
  readonly answer: Answer;
  /** Before whatever it does; 0 does it within the call. */
  readonly delayMilliseconds: number;
  /** Brings its answer by a promise also when it has it at once. */
  readonly isAsync: boolean;
  /** Gives up when the signal aborts. */
  readonly heedsSignal: boolean;
};

/** The first that strikes has the row. */
const faultsByWeight = ['processor-kills', 'processor-hangs', 'processor-fails', 'processor-wavers'] as const;

/** Far above what a result may have. */
const largeResultBytes = 65 * 1024;

const never = (): Promise<never> => new Promise(() => undefined);

// As many draws whatever the rates are: a class that is switched off leaves what the others do.
const drawNature = (seed: number, rowId: string, rates: Partial<Record<FaultClass, number>>): Nature => {
  const draws = createDraws(seed, `user-code/${rowId}`);
  const struck = faultsByWeight.map((name) => draws.next() < (rates[name] ?? 0));
  const fault = faultsByWeight.find((_, index) => struck[index] === true);
  const spoilt = draws.pick([1, 1, 1, 2, 2, 3, 4, Number.POSITIVE_INFINITY]);
  const share = draws.next();
  const answer = share < 0.04 ? 'refused' : share < 0.05 ? 'bad result' : share < 0.051 ? 'result too large' : 'done';
  const delayMilliseconds = draws.pick([0, 0, 0, 0, 1, draws.whole(1, 100), draws.whole(100, 3_000)]);
  const [isAsync, heedsSignal] = [draws.next() < 0.3, draws.next() < 0.5];
  return { ...(fault === undefined ? {} : { fault }), spoilt, answer, delayMilliseconds, isAsync, heedsSignal };
};

/**
 * What can come of a row that nobody helps: `good` is done in the end; `bad` fails each time, and `deadly` ends its process each
 * time; `doubtful` is done only if no neighbour takes a try from it.
 */
export type Prospect = 'good' | 'doubtful' | 'bad' | 'deadly';

export const prospectOf = (seed: number, rates: Partial<Record<FaultClass, number>>, rowId: string): Prospect => {
  const { fault, spoilt } = drawNature(seed, rowId, rates);
  if (fault === undefined || fault === 'processor-wavers' || spoilt < 3) return 'good';
  if (Number.isFinite(spoilt)) return 'doubtful';
  return fault === 'processor-kills' ? 'deadly' : 'bad';
};

/** What the user knows of the row; whatever is thrown or returned holds it, so that it is seen where it must not be. */
const contentOf = ({ data }: Row): string => String(Object.values(data).find((value) => value !== null) ?? '');

const badResults: readonly ((row: Row) => unknown)[] = [
  (row) => [contentOf(row)],
  (row) => new Map([['content', contentOf(row)]]),
  (row) => ({ content: contentOf(row), share: Number.NaN }),
  (row) => contentOf(row),
];

const answerOf = (answer: Answer, row: Row): unknown => {
  switch (answer) {
    case 'refused':
      throw permanent('NOT_WANTED', `not wanted: ${contentOf(row)}`);
    case 'bad result':
      return badResults[row.row % badResults.length]?.(row);
    case 'result too large':
      return { text: contentOf(row).padEnd(largeResultBytes, '.') };
    default:
      return row.row % 5 === 0 ? undefined : { row: row.row, line: row.line, content: contentOf(row) };
  }
};

/**
 * A user's processor that a seed and rates describe. Rates are the share of rows that a fault has. Which it has, and how often, hangs on the
 * row's id and the seed, not on the order of calls; how often a row was called is known to all processes.
 */
export const createUserCode = (seed: number, rates: Partial<Record<FaultClass, number>>, told: Told): UserCode => {
  const rows = new Map<string, { readonly nature: Nature; calls: number }>();
  let isOut = false;
  let isHealed = false;

  const rowOf = (rowId: string) => {
    const found = rows.get(rowId) ?? { nature: drawNature(seed, rowId, rates), calls: 0 };
    rows.set(rowId, found);
    return found;
  };

  /** The fault that strikes this call of the row, if any. */
  const strike = (
    rowId: string,
  ): { readonly nature: Nature; readonly calls: number; readonly fault?: ProcessorFault } => {
    const row = rowOf(rowId);
    if (isOut) return { ...row, fault: 'processor-outage' };
    row.calls++;
    const { nature, calls } = row;
    // It is no fault before there are two answers.
    const isStruck = nature.fault === 'processor-wavers' ? calls > 1 : calls <= nature.spoilt;
    return nature.fault === undefined || isHealed || !isStruck ? row : { ...row, fault: nature.fault };
  };

  return {
    setOutage(isNowOut) {
      isOut = isNowOut && !isHealed;
    },
    heal() {
      isHealed = true;
      isOut = false;
    },
    processorIn({ clock, die }) {
      const process = (row: Row, context: Context): unknown => {
        told.called(context.jobId, row.row, context.attempt);
        const { nature, calls, fault } = strike(context.rowId);
        if (fault !== undefined) told.hit(fault, 'process-rows');
        const act = (): unknown => {
          switch (fault) {
            case 'processor-outage':
              throw new Error(`the service is away: ${contentOf(row)}`);
            case 'processor-fails':
              throw new RangeError(`failed on call ${calls}: ${contentOf(row)}`);
            case 'processor-hangs':
              return nature.heedsSignal ? hangUntilAborted(context.signal) : never();
            case 'processor-kills':
              die();
              return never();
            case 'processor-wavers':
              if (calls % 3 === 0) throw permanent('WAVERED', `refused on call ${calls}: ${contentOf(row)}`);
              return { call: calls, content: contentOf(row) };
            default:
              return answerOf(nature.answer, row);
          }
        };
        if (nature.delayMilliseconds > 0) {
          return clock.sleep(nature.delayMilliseconds, nature.heedsSignal ? context.signal : undefined).then(act);
        }
        // A failure within an async function is a promise, too.
        return nature.isAsync ? Promise.resolve().then(act) : act();
      };
      return defineProcessor({ name: 'simulated', process: process as (row: Row, context: Context) => Result });
    },
  };
};

const hangUntilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
