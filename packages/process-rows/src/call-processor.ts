import { rowIdOf } from '@sluice/core/identity';
import type { RowsMessage, RowTuple, Value } from '@sluice/core/messages';
import { serialise } from '@sluice/core/messages';
import { resultBytesMax } from '@sluice/core/pack';
import type { Clock } from '@sluice/core/ports/clock';
import type { Context, Processor } from '@sluice/core/processor';
import { checkResult, readPermanent } from '@sluice/core/processor';
import type { Fate } from '@sluice/core/settle';

/** Longest code and message kept of a processor's error, in characters. */
const codeMax = 100;
const messageMax = 1_000;

/** The outcome of a call: the text of an outcome tuple, or why there is none. */
export type Called = string | Exclude<Fate, { kind: 'done' }>;

const failed = (row: RowTuple, code: string, message: string): string =>
  `[${row[0]},${row[1]},"FAILED",${serialise([code.slice(0, codeMax), message.slice(0, messageMax)])}]`;

const fromResult = (row: RowTuple, returned: unknown): string => {
  const complaint = checkResult(returned);
  if (complaint !== undefined) return failed(row, 'BAD_RESULT', complaint);
  const result = serialise(returned ?? null);
  const bytes = Buffer.byteLength(result);
  if (bytes > resultBytesMax) {
    return failed(row, 'RESULT_TOO_LARGE', `expected a result of at most ${resultBytesMax} bytes, found ${bytes}`);
  }
  return `[${row[0]},${row[1]},"DONE",${result}]`;
};

const fromError = (row: RowTuple, thrown: unknown): Called => {
  let message = 'expected an Error, found another value thrown';
  try {
    const permanent = readPermanent(thrown);
    if (permanent !== undefined) return failed(row, permanent.code, permanent.message);
    // The text is the processor's own; it is kept for whoever looks at the row, and never logged.
    if (thrown instanceof Error) message = String(thrown.message).slice(0, messageMax);
  } catch {
    // An error whose own properties throw still fails its row alone.
  }
  return { kind: 'transient', code: 'PROCESSOR_ERROR', message };
};

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';

/** Makes the object a processor sees. A column may be called `__proto__`. */
const dataOf = (columns: readonly string[], values: readonly Value[], isSafe: boolean): Record<string, Value> => {
  const data: Record<string, Value> = {};
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i] as string;
    const value = values[i] as Value;
    if (isSafe || column !== '__proto__') data[column] = value;
    else Object.defineProperty(data, column, { value, enumerable: true, configurable: true, writable: true });
  }
  return data;
};

const settleAsync = async (
  row: RowTuple,
  returned: PromiseLike<unknown>,
  timeoutMilliseconds: number,
  clock: Clock,
  abort: () => void,
): Promise<Called> => {
  const watchdog = new AbortController();
  const result = Promise.resolve(returned)
    .then((value) => fromResult(row, value))
    .catch((thrown: unknown) => fromError(row, thrown));
  const timeout = clock.sleep(timeoutMilliseconds, watchdog.signal).then(
    (): Called => {
      abort();
      const message = `expected the processor to answer in ${timeoutMilliseconds / 1000} s, found it still at work`;
      return { kind: 'transient', code: 'TIMEOUT', message };
    },
    (): Promise<Called> => result,
  );
  try {
    return await Promise.race([result, timeout]);
  } finally {
    watchdog.abort();
  }
};

/**
 * Calls the processor over rows of one message. A processor that answers at once costs no promise; one that answers later is
 * given `timeoutMilliseconds`, after which its signal aborts and the row counts as failed for now.
 */
export const createCaller = (processor: Processor, message: RowsMessage, attempt: number, clock: Clock) => {
  const { jobId, columns } = message;
  const isSafe = !columns.includes('__proto__');
  return (row: RowTuple, timeoutMilliseconds: () => number): Called | Promise<Called> => {
    // Made for every row: an object whose signal is made on demand costs four times as much.
    const controller = new AbortController();
    const context: Context = { jobId, rowId: rowIdOf(jobId, row[1]), attempt, signal: controller.signal };
    let returned: unknown;
    try {
      returned = processor.process({ row: row[1], line: row[2], data: dataOf(columns, row[3], isSafe) }, context);
      // A result can be an object with code of its own, which throws when it is looked at.
      if (!isPromise(returned)) return fromResult(row, returned);
    } catch (thrown) {
      return fromError(row, thrown);
    }
    return settleAsync(row, returned, timeoutMilliseconds(), clock, () => controller.abort(new Error('TIMEOUT')));
  };
};
