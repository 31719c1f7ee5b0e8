import type { FinishedMessage, OutcomeTuple, RowsMessage, RowTuple } from './messages.ts';
import { findJobId, parseFinishedMessage, parseRowsMessage, singleOutcome, singleRow } from './messages.ts';
import type { QueueStage } from './queue-stage.ts';

type PackStage<Message, Item> = Omit<QueueStage<Message, Item>, 'stage' | 'work'>;

const packs = {
  tried: (message: { readonly tried?: number | undefined }) => message.tried ?? 0,
  place: (message: { readonly jobId: string }, item: readonly [chunk: number, row: number, ...unknown[]]) => ({
    jobId: message.jobId,
    chunk: item[0],
    row: item[1],
  }),
  jobOf: findJobId,
  rowsOf: () => 1,
};

/** What `store-rows` and `process-rows` have in common: packs of rows. */
export const rowPacks: PackStage<RowsMessage, RowTuple> = {
  ...packs,
  parse: parseRowsMessage,
  itemsOf: (message) => message.rows,
  single: singleRow,
};

/** Packs of outcomes, for `finish-rows`. */
export const outcomePacks: PackStage<FinishedMessage, OutcomeTuple> = {
  ...packs,
  parse: parseFinishedMessage,
  itemsOf: (message) => message.outcomes,
  single: singleOutcome,
};
