import type { FieldValue, Result } from '@sluice/core/processor';

// What the peers of the stages hand on: one row, as an object, in one message.

export type RowMessage = {
  readonly jobId: string;
  readonly row: number;
  readonly line: number;
  readonly data: Readonly<Record<string, FieldValue>>;
};

export type OutcomeMessage = Pick<RowMessage, 'jobId' | 'row'> &
  (
    | { readonly status: 'DONE'; readonly result: Result }
    | { readonly status: 'FAILED'; readonly error: { readonly code: string; readonly message: string } }
  );

/** The key of a row's item. */
export const idOf = ({ jobId, row }: Pick<RowMessage, 'jobId' | 'row'>): string => `${jobId}#${row}`;

/** A row as its item holds it. */
export const itemOf = ({ data, ...message }: RowMessage, createdAt: string) => ({
  id: idOf(message),
  ...message,
  status: 'PENDING',
  createdAt,
  data,
});
