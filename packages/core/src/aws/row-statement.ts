import { partitionKeyOf } from '../identity.ts';
import type { OutcomeTuple, RowTuple } from '../messages.ts';

/** The texts of the rows table's statements. Names in conditions are quoted: most of them are reserved words. */
const textsOf = (table: string) => {
  const pending = `WHERE "pk" = ? AND "row" = ? AND "status" = 'PENDING'`;
  return {
    insert: `INSERT INTO "${table}" VALUE {'pk': ?, 'row': ?, 'line': ?, 'status': 'PENDING', 'data': ?, 'created': ?}`,
    writeOff: `INSERT INTO "${table}" VALUE {'pk': ?, 'row': ?, 'line': ?, 'status': 'FAILED', 'data': ?, 'created': ?, 'finished': ?, 'error': ?}`,
    done: `UPDATE "${table}" SET "status" = 'DONE' SET "result" = ? SET "finished" = ? ${pending}`,
    doneWithNothing: `UPDATE "${table}" SET "status" = 'DONE' SET "finished" = ? ${pending}`,
    failed: `UPDATE "${table}" SET "status" = 'FAILED' SET "error" = ? SET "finished" = ? ${pending}`,
  };
};

const textValue = (text: string): string => `{"S":${JSON.stringify(text)}}`;
const numberValue = (number: number): string => `{"N":"${number}"}`;

/**
 * Makes the JSON of one BatchStatementRequest each: a statement whose text never changes, with the row's values as parameters.
 * `at` is a time in milliseconds.
 */
export const createRowStatements = (table: string) => {
  const texts = textsOf(table);
  const start = (text: string): string => `{"Statement":${JSON.stringify(text)},"Parameters":[`;
  const starts = {
    insert: start(texts.insert),
    writeOff: start(texts.writeOff),
    done: start(texts.done),
    doneWithNothing: start(texts.doneWithNothing),
    failed: start(texts.failed),
  };
  const keyValues = (jobId: string, chunk: number, row: number): string =>
    `${textValue(partitionKeyOf(jobId, chunk, row))},${numberValue(row)}`;

  return {
    /** `data` and `error` are JSON; with an error the row is FAILED from its beginning. */
    insert(jobId: string, [chunk, row, line]: RowTuple, data: string, at: number, error?: string): string {
      const values = `${keyValues(jobId, chunk, row)},${numberValue(line)},${textValue(data)},${numberValue(at)}`;
      if (error === undefined) return `${starts.insert}${values}]}`;
      return `${starts.writeOff}${values},${numberValue(at)},${textValue(error)}]}`;
    },
    /** `text` is the JSON of the result or of the error; undefined for DONE without a result. */
    finish(jobId: string, [chunk, row, status]: OutcomeTuple, text: string | undefined, at: number): string {
      const values = `${numberValue(at)},${keyValues(jobId, chunk, row)}],"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}`;
      if (text === undefined) return starts.doneWithNothing + values;
      return `${status === 'FAILED' ? starts.failed : starts.done}${textValue(text)},${values}`;
    },
  };
};
