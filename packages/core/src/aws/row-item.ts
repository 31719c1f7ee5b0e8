import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { SluiceError } from '../errors.ts';
import type { OutcomeTuple, RowTuple } from '../messages.ts';
import type { DatedRow, RowStatus, StoredRow } from '../ports/row-store.ts';

// A row as its item holds it: pk and row (the key), line, status, data, created; once it is final, finished, and result or
// error. All text is JSON but for the status (ADR 0003).

/** DynamoDB: bytes of an item. Source: DynamoDB quotas. */
export const itemBytesMax = 400 * 1024;

export type Item = Record<string, AttributeValue>;

/** Text of an attribute; undefined when it is not there. */
export const textIn = (item: Item, name: string): string | undefined => item[name]?.S;

const numberIn = (item: Item, name: string): number => Number(item[name]?.N);

export const statusIn = (item: Item): RowStatus => {
  const status = textIn(item, 'status');
  if (status === 'PENDING' || status === 'DONE' || status === 'FAILED') return status;
  throw new SluiceError(
    'UNKNOWN',
    'expected an item of the rows table to be PENDING, DONE or FAILED, found another status',
  );
};

export const toStoredRow = (item: Item): StoredRow => {
  const row = { row: numberIn(item, 'row'), line: numberIn(item, 'line'), data: textIn(item, 'data') ?? '' };
  const status = statusIn(item);
  if (status === 'FAILED') {
    const [code, message] = JSON.parse(textIn(item, 'error') ?? '') as [string, string];
    return { ...row, status, error: { code, message } };
  }
  const result = textIn(item, 'result');
  return { ...row, status, ...(result === undefined ? {} : { result }) };
};

/** Reads what `toStoredRow` does, and `created` and `finished`. */
export const toDatedRow = (item: Item): DatedRow => ({
  ...toStoredRow(item),
  createdAt: numberIn(item, 'created'),
  ...(item['finished'] === undefined ? {} : { finishedAt: numberIn(item, 'finished') }),
});

/** Whether the row stands in the item with the same content, whatever has become of it since. */
export const isSameRow = (item: Item, [, , line]: RowTuple, data: string): boolean =>
  numberIn(item, 'line') === line && textIn(item, 'data') === data;

/** The text that is kept of an outcome: its result or its error, as JSON; undefined for DONE without a result. */
export const outcomeText = ([, , , outcome]: OutcomeTuple): string | undefined =>
  outcome === null ? undefined : JSON.stringify(outcome);

/** Whether the item is final with the same outcome. */
export const isSameOutcome = (item: Item, [, , status]: OutcomeTuple, text: string | undefined): boolean =>
  textIn(item, 'status') === status && textIn(item, status === 'DONE' ? 'result' : 'error') === text;
