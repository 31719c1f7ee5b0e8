import { SluiceError } from '@sluice/core/errors';
import type { OutcomeTuple, RowTuple, Value } from '@sluice/core/messages';
import type { Job } from '@sluice/core/ports/job-store';
import type { FinishOutcome, InsertOutcome } from '@sluice/core/ports/row-store';
import { callBytesMax, statementsMax } from '@sluice/core/ports/row-store';
import { addRow, type RowRange } from '@sluice/core/row-ranges';
import { readSourceRows } from '../../read-source-rows.ts';
import type { Operator } from '../operator.ts';

/** What a row that was written off is FAILED with. */
export const dropped = { code: 'DROPPED', message: 'written off by an operator' } as const;

/** Rounds of calls until what throttles or fails is given up. */
const roundsMax = 8;
/** Longest wait before the second round; doubles with each, up to the other. Full jitter. */
const roundMilliseconds = 50;
const roundMillisecondsMax = 2_000;

/** A row to be written off. Its line and values, where they are known, are needed when it is not in the table. */
export type WrittenOffRow = {
  readonly chunk: number;
  readonly row: number;
  readonly line?: number;
  readonly values?: readonly Value[];
};

/** Why a row could not be written off. */
export type NotWrittenOff = 'throttled' | 'refused' | 'failed' | 'without values';

export const rowKeyOf = ({ chunk, row }: Pick<WrittenOffRow, 'chunk' | 'row'>): string => `${chunk}#${row}`;

type Ports = Pick<Operator, 'rows' | 'jobs' | 'objects' | 'clock' | 'random'>;

/** Cuts into calls within both limits of one. */
const toCalls = <Tuple>(tuples: readonly Tuple[]): Tuple[][] => {
  const calls: Tuple[][] = [];
  let call: Tuple[] = [];
  let callBytes = 0;
  for (const tuple of tuples) {
    const bytes = Buffer.byteLength(JSON.stringify(tuple));
    if (call.length === statementsMax || (call.length > 0 && callBytes + bytes > callBytesMax)) {
      calls.push(call);
      call = [];
      callBytes = 0;
    }
    call.push(tuple);
    callBytes += bytes;
  }
  if (call.length > 0) calls.push(call);
  return calls;
};

/** None where the bytes of the job's file are gone. */
const readSource: typeof readSourceRows = async (...source) => {
  try {
    return await readSourceRows(...source);
  } catch (thrown) {
    if (thrown instanceof SluiceError && thrown.code === 'OBJECT_CHANGED') return [];
    throw thrown;
  }
};

/** Rows as they stand in the source, by their keys; those that cannot be read are not there. */
const readValues = async (
  { jobs, objects, clock, random }: Ports,
  job: Job,
  wanted: readonly WrittenOffRow[],
): Promise<ReadonlyMap<string, RowTuple>> => {
  const found = new Map<string, RowTuple>();
  const byChunk = new Map<number, number[]>();
  for (const { chunk, row } of wanted) byChunk.set(chunk, [...(byChunk.get(chunk) ?? []), row]);
  for (const [chunk, rows] of byChunk) {
    const ranges: RowRange[] = [];
    for (const row of rows.sort((a, b) => a - b)) addRow(ranges, row);
    for await (const [record] of jobs.listChunks(job.jobId, chunk)) {
      if (record?.chunk !== chunk) break;
      for (const { row, line, data } of await readSource(job, record, ranges, { objects, clock, random })) {
        found.set(rowKeyOf({ chunk, row }), [chunk, row, line, JSON.parse(data) as Value[]]);
      }
      break;
    }
  }
  return found;
};

/**
 * Ends rows of a job as FAILED: those in the table by their update, those that never got there by an insert, with values from the
 * source where none are given. A row that is final, however, is a success, and stays as it is. What throttles or fails is tried
 * again, for a bounded time. Returns the rows that could not be written off, by `rowKeyOf`.
 */
export const writeOff = async (
  ports: Ports,
  job: Job,
  rows: readonly WrittenOffRow[],
): Promise<ReadonlyMap<string, NotWrittenOff>> => {
  const waiting = new Map<string, WrittenOffRow>();
  for (const row of rows) waiting.set(rowKeyOf(row), row);
  const problems = new Map<string, NotWrittenOff>();

  const settle = (key: string, problem: NotWrittenOff | undefined, isFinal: boolean): void => {
    if (problem === undefined) problems.delete(key);
    else problems.set(key, problem);
    if (isFinal) waiting.delete(key);
  };

  /** The rows that are not in the table. */
  const finish = async (): Promise<WrittenOffRow[]> => {
    const missing: WrittenOffRow[] = [];
    const outcomes = [...waiting.values()].map(
      ({ chunk, row }): OutcomeTuple => [chunk, row, 'FAILED', [dropped.code, dropped.message]],
    );
    for (const call of toCalls(outcomes)) {
      const answers = await ports.rows
        .finish(job.jobId, call)
        // The answer is lost: asking again tells.
        .catch((): readonly FinishOutcome[] => call.map(() => 'failed'));
      call.forEach(([chunk, row], index) => {
        const key = rowKeyOf({ chunk, row });
        const answer = answers[index] ?? 'failed';
        if (answer === 'missing') missing.push(waiting.get(key) ?? { chunk, row });
        else if (answer === 'throttled' || answer === 'failed') settle(key, answer, false);
        else settle(key, answer === 'refused' ? 'refused' : undefined, true);
      });
    }
    return missing;
  };

  const insert = async (missing: readonly WrittenOffRow[]): Promise<void> => {
    const read = await readValues(
      ports,
      job,
      missing.filter(({ values }) => values === undefined),
    );
    const tuples: RowTuple[] = [];
    for (const row of missing) {
      const key = rowKeyOf(row);
      const tuple =
        row.values === undefined ? read.get(key) : ([row.chunk, row.row, row.line ?? 0, row.values] as const);
      if (tuple === undefined) settle(key, 'without values', true);
      else {
        tuples.push(tuple);
        // What was read once is not read again.
        waiting.set(key, { chunk: tuple[0], row: tuple[1], line: tuple[2], values: tuple[3] });
      }
    }
    for (const call of toCalls(tuples)) {
      const answers = await ports.rows
        .insert(job.jobId, call, dropped)
        .catch((): readonly InsertOutcome[] => call.map(() => 'failed'));
      call.forEach(([chunk, row], index) => {
        const key = rowKeyOf({ chunk, row });
        const answer = answers[index] ?? 'failed';
        if (answer === 'inserted') settle(key, undefined, true);
        else if (answer === 'refused') settle(key, 'refused', true);
        // It came into the table a moment ago: the next round ends it there.
        else settle(key, answer === 'throttled' ? 'throttled' : 'failed', false);
      });
    }
  };

  for (let round = 1; ; round++) {
    const missing = await finish();
    if (missing.length > 0) await insert(missing);
    if (waiting.size === 0 || round === roundsMax) return problems;
    await ports.clock.sleep(ports.random() * Math.min(roundMillisecondsMax, roundMilliseconds * 2 ** round));
  }
};
