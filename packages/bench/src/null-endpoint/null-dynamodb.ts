import { createScriptedDynamoDb, dynamoDbError } from '@sluice/core/aws/scripted-dynamodb';
import type { ScriptedReply } from '@sluice/core/aws/scripted-endpoint';
import { countMembers, quotedName, textMember } from './json-keys.ts';
import type { MutableNullCounts } from './null-counts.ts';

// DynamoDB whose table `rows` takes every write, whatever its condition, and keeps nothing; any other table is a scripted one that
// keeps its items. Writes are counted in the bytes of a call: what an item holds is not looked at.

export const rowsTable = 'rows';

/** Source: BatchExecuteStatement, BatchWriteItem and BatchGetItem API references. */
const statementsMax = 25;
const batchWritesMax = 25;
const batchKeysMax = 100;

const headers = { 'content-type': 'application/x-amz-json-1.0' };
const reply = (body: string): ScriptedReply => ({ status: 200, headers, body });

const nothing = reply('{}');
const allProcessed = reply('{"UnprocessedItems":{}}');
const noneFound = reply(`{"Responses":{"${rowsTable}":[]},"UnprocessedKeys":{}}`);
const emptyPage = reply('{"Items":[],"Count":0,"ScannedCount":0}');
/** The answer to so many statements that all took effect. */
const allExecuted = Array.from({ length: statementsMax + 1 }, (_, count) =>
  reply(`{"Responses":[${Array(count).fill(`{"TableName":"${rowsTable}"}`).join()}]}`),
);

const names = {
  table: quotedName('TableName'),
  rows: quotedName(rowsTable),
  statement: quotedName('Statement'),
  put: quotedName('PutRequest'),
  delete: quotedName('DeleteRequest'),
  returnValues: quotedName('ReturnValues'),
};
const writingStatement = /^(?:INSERT|UPDATE|DELETE)\s/i;

type BatchGetInput = { readonly RequestItems: Readonly<Record<string, { readonly Keys: readonly unknown[] }>> };

export const createNullDynamoDb = (counts: MutableNullCounts) => {
  const { service } = createScriptedDynamoDb();

  const write = (items: number, answer: ScriptedReply): ScriptedReply => {
    counts.writeRequests++;
    counts.writes += items;
    return answer;
  };
  const read = (items: number, answer: ScriptedReply): ScriptedReply => {
    counts.reads += items;
    return answer;
  };
  const refuse = (expected: string, found: unknown): ScriptedReply =>
    dynamoDbError('ValidationException', `expected ${expected}, found ${found}`);

  const writeOne = (body: Buffer): ScriptedReply => {
    const returned = textMember(body, names.returnValues) ?? 'NONE';
    // Nothing is kept that could be told.
    return returned === 'NONE' ? write(1, nothing) : refuse('ReturnValues NONE', returned);
  };

  const answers: Readonly<Record<string, (body: Buffer) => ScriptedReply>> = {
    BatchExecuteStatement(body) {
      const count = countMembers(body, names.statement);
      const answer = allExecuted[count];
      if (answer === undefined || count === 0) return refuse(`1 to ${statementsMax} statements`, count);
      const first = textMember(body, names.statement) ?? '';
      return writingStatement.test(first) ? write(count, answer) : refuse('statements that write', 'others');
    },
    BatchWriteItem(body) {
      const count = countMembers(body, names.put) + countMembers(body, names.delete);
      if (count === 0 || count > batchWritesMax) return refuse(`1 to ${batchWritesMax} writes`, count);
      return write(count, allProcessed);
    },
    BatchGetItem(body) {
      const { RequestItems } = JSON.parse(body.toString()) as BatchGetInput;
      const count = RequestItems[rowsTable]?.Keys.length ?? 0;
      if (count === 0 || count > batchKeysMax) return refuse(`1 to ${batchKeysMax} keys`, count);
      return read(count, noneFound);
    },
    PutItem: writeOne,
    UpdateItem: writeOne,
    DeleteItem: writeOne,
    GetItem: () => read(1, nothing),
    Query: () => read(1, emptyPage),
  };

  /** Whether a call is about the rows table. Statements are: no other table is written by them. */
  const isOfRows = (operation: string, body: Buffer): boolean => {
    if (operation === 'BatchExecuteStatement') return true;
    if (operation === 'BatchWriteItem' || operation === 'BatchGetItem') return countMembers(body, names.rows) > 0;
    return textMember(body, names.table) === rowsTable;
  };

  return (operation: string, body: Buffer): ScriptedReply => {
    if (isOfRows(operation, body)) {
      return answers[operation]?.(body) ?? dynamoDbError('UnknownOperationException', operation);
    }
    counts.otherTableRequests++;
    // It answers at once, as it does not wait for anything.
    return service({
      service: 'dynamodb',
      operation,
      method: 'POST',
      path: '/',
      query: new URLSearchParams(),
      headers: {},
      body,
    }) as ScriptedReply;
  };
};
