import { defaultChunkBytes } from '@sluice/core/csv/plan';
import { packBytesMax } from '@sluice/core/pack';
import { callBytesMax, statementsMax } from '@sluice/core/ports/row-store';
import type { PlannedFile, PlanSettings } from './plan.ts';
import { payloadBytesMax } from './stage-speeds.ts';
import { itemOverheadBytes, tupleBytes, valueBytes, writeUnitsOf } from './unit-rules.ts';

/** What a message weighs besides its rows: job, kind, and, where rows are, the column names. */
const envelopeBytes = 80;
const columnNameBytes = 15;
/** What an outcome weighs in a message besides the result: numbers, status, brackets. */
const outcomeOverheadBytes = 20;
/** What an item gains when it is finished besides the result: two names and a time. */
const finishedOverheadBytes = 22;
/** What a record of the stream weighs besides its item. */
const recordOverheadBytes = 500;

/** What a file comes to on its way, by the rules that the stages follow. Rows are all alike. */
export type Load = {
  readonly rows: number;
  readonly accepted: number;
  readonly bytes: number;
  readonly rowBytes: number;
  readonly chunkBytes: number;
  readonly chunks: number;
  /** Of `rows` and `work`, full ones. */
  readonly packRows: number;
  readonly packBytes: number;
  /** Messages of `rows` that a chunk makes, and all of them. */
  readonly packsPerChunk: number;
  readonly packs: number;
  readonly tupleBytes: number;
  /** Of `finished`, full ones. */
  readonly outcomePackRows: number;
  readonly outcomeBytes: number;
  readonly itemBytes: number;
  readonly finishedBytes: number;
  /** Write units of a row, as the table counts them. */
  readonly storeUnits: number;
  readonly finishUnits: number;
  /** Write units of a result, as the stage that writes it paces itself: it does not see the rest of the item. */
  readonly finishPaceUnits: number;
  /** Rows of a table call. */
  readonly rowsPerStore: number;
  readonly rowsPerFinish: number;
  /** Records of the stream that an invocation takes at most. */
  readonly recordsMax: number;
};

const rowsPerCall = (messageRows: number, messageBytes: number): number =>
  Math.max(1, Math.min(statementsMax, Math.max(1, Math.floor(callBytesMax / messageBytes)) * messageRows));

/** Counts what a file comes to under these settings. */
export const loadOf = (file: PlannedFile, { wiring, resultBytes }: PlanSettings): Load => {
  const { rows, bytes, columns } = file;
  const accepted = Math.round(rows * file.acceptedShare);
  const rowBytes = rows === 0 ? 0 : bytes / rows;
  const chunkBytes = defaultChunkBytes(bytes);
  // A chunk ends with the row in which it is full.
  const chunks = rows === 0 ? 0 : Math.max(1, Math.min(rows, Math.ceil(bytes / (chunkBytes + rowBytes / 2))));

  const row = Math.max(2, rowBytes - columns) + tupleBytes + columns * valueBytes;
  const { rowsPerMessage } = wiring.pipeline;
  const envelope = envelopeBytes + columns * columnNameBytes;
  const byBytes = Math.max(1, Math.floor((packBytesMax - envelope) / row));
  const packRows = rowsPerMessage > 0 ? Math.min(rowsPerMessage, byBytes) : byBytes;
  const packsPerChunk = chunks === 0 ? 0 : Math.ceil(accepted / chunks / packRows);
  const packBytes = envelope + packRows * row;

  const outcomeBytes = outcomeOverheadBytes + resultBytes;
  const outcomePackRows = Math.max(1, Math.floor((packBytesMax - envelopeBytes) / outcomeBytes));
  const itemBytes = itemOverheadBytes + row - tupleBytes;
  const finishedBytes = itemBytes + resultBytes + finishedOverheadBytes;
  return {
    rows,
    accepted,
    bytes,
    rowBytes,
    chunkBytes,
    chunks,
    packRows,
    packBytes,
    packsPerChunk,
    packs: packsPerChunk * chunks,
    tupleBytes: row,
    outcomePackRows,
    outcomeBytes,
    itemBytes,
    finishedBytes,
    storeUnits: writeUnitsOf(itemBytes),
    finishUnits: writeUnitsOf(finishedBytes),
    finishPaceUnits: writeUnitsOf(itemOverheadBytes + resultBytes),
    rowsPerStore: rowsPerCall(packRows, packBytes),
    rowsPerFinish: rowsPerCall(outcomePackRows, envelopeBytes + outcomePackRows * outcomeBytes),
    recordsMax: Math.max(
      1,
      Math.min(wiring.stages['relay-rows'].batchSize, Math.floor(payloadBytesMax / (itemBytes + recordOverheadBytes))),
    ),
  };
};
