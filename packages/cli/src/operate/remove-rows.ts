import { statementsMax } from '@sluice/core/ports/row-store';
import { waitForAll } from '@sluice/core/wait-for-all';
import type { Operator } from './operator.ts';
import { CommandFailed } from './session.ts';

/** Table calls under way at once. */
const callsInFlightMax = 4;
/** First and longest wait before rows are tried again that were throttled, or of which nobody knows; full jitter. */
const retryMilliseconds = 100;
const retryMillisecondsMax = 5_000;
/** Tries in a row of the same rows, of which none is deleted, before the table counts as one that takes no deletions. */
const fruitlessTriesMax = 10;

type Ports = Pick<Operator, 'rows' | 'clock' | 'random'>;

const toCalls = (rows: readonly number[]): (readonly number[])[] =>
  Array.from({ length: Math.ceil(rows.length / statementsMax) }, (_, call) =>
    rows.slice(call * statementsMax, (call + 1) * statementsMax),
  );

/** The rows that are still to be deleted after one try. An answer that never came says nothing of any of them. */
const tryRemove = async (
  jobId: string,
  chunk: number,
  rows: readonly number[],
  ports: Ports,
): Promise<readonly number[]> => {
  try {
    const outcomes = await ports.rows.remove(jobId, chunk, rows);
    return rows.filter((_, index) => outcomes[index] !== 'removed');
  } catch {
    return rows;
  }
};

/** Deletes rows of a chunk, all of them. Throws CommandFailed when the table takes no deletions for long, and the signal's reason. */
export const removeRows = async (
  jobId: string,
  chunk: number,
  rows: readonly number[],
  ports: Ports,
  signal: AbortSignal,
): Promise<void> => {
  let left = rows;
  for (let fruitless = 0; left.length > 0; ) {
    const before = left.length;
    const again: number[] = [];
    const calls = toCalls(left);
    for (let from = 0; from < calls.length; from += callsInFlightMax) {
      signal.throwIfAborted();
      const wave = calls.slice(from, from + callsInFlightMax).map((call) => tryRemove(jobId, chunk, call, ports));
      again.push(...(await waitForAll(wave)).flat());
    }
    left = again;
    if (left.length === 0) return;
    fruitless = left.length < before ? 0 : fruitless + 1;
    if (fruitless === fruitlessTriesMax) {
      throw new CommandFailed(
        `expected the table to delete rows, found it to delete none in ${fruitless} tries; the same command goes on`,
      );
    }
    await ports.clock.sleep(
      ports.random() * Math.min(retryMillisecondsMax, retryMilliseconds * 2 ** fruitless),
      signal,
    );
  }
};
