import type { Value, Write } from './partiql.ts';
import { parseWrite } from './partiql.ts';

type Item = Readonly<Record<string, Value>>;

/** One statement of a BatchExecuteStatement call. */
export type Statement = {
  readonly Statement: string;
  readonly Parameters?: readonly Value[];
  readonly ReturnValuesOnConditionCheckFailure?: string;
};

/** What a call of the emulator's DynamoDB came to: its HTTP status and its JSON. */
export type Answer = { readonly status: number; readonly json: Readonly<Record<string, unknown>> };

export type Operation = 'PutItem' | 'UpdateItem' | 'DescribeTable';

export type CallTable = (operation: Operation, input: Readonly<Record<string, unknown>>) => Promise<Answer>;

const namesOf = (names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name, index) => [`#n${index}`, name]));

/** The call that does what the statement says. `keys` are the names of the table's key attributes, the hash key first. */
export const toItemCall = (
  write: Write,
  keys: readonly string[],
): { readonly operation: Operation; readonly input: Readonly<Record<string, unknown>> } => {
  const hashKey = keys[0] ?? '';
  if (write.kind === 'insert') {
    const condition = {
      ConditionExpression: 'attribute_not_exists(#n0)',
      ExpressionAttributeNames: namesOf([hashKey]),
    };
    return { operation: 'PutItem', input: { TableName: write.table, Item: write.item, ...condition } };
  }
  const names: string[] = [hashKey];
  const values: Record<string, Value> = {};
  const place = (name: string, value: Value): string => {
    let index = names.indexOf(name);
    if (index < 0) index = names.push(name) - 1;
    const placeholder = `:v${Object.keys(values).length}`;
    values[placeholder] = value;
    return `#n${index} = ${placeholder}`;
  };
  const sets = Object.entries(write.set).map(([name, value]) => place(name, value));
  // PartiQL's UPDATE makes no item where there is none, UpdateItem would.
  const conditions = ['attribute_exists(#n0)'];
  const key: Record<string, Value> = {};
  for (const [name, value] of Object.entries(write.where)) {
    if (keys.includes(name)) key[name] = value;
    else conditions.push(place(name, value));
  }
  const input = {
    TableName: write.table,
    Key: key,
    UpdateExpression: `SET ${sets.join(', ')}`,
    ConditionExpression: conditions.join(' AND '),
    ExpressionAttributeNames: namesOf(names),
    ExpressionAttributeValues: values,
  };
  return { operation: 'UpdateItem', input };
};

/** The codes a statement's error has in BatchExecuteStatement. Source: BatchStatementError API reference. */
const codeOf = (exception: string): string => {
  if (exception === 'ValidationException') return 'ValidationError';
  if (exception === 'ThrottlingException') return 'ThrottlingError';
  return exception.replace(/Exception$/, '');
};

/**
 * Does what a BatchExecuteStatement call of INSERTs and UPDATEs says by single calls, and answers as AWS answers the call.
 * Statements are independent: each has its own error.
 */
export const executeBatch = async (
  statements: readonly Statement[],
  call: CallTable,
  keysOf: (table: string) => Promise<readonly string[]>,
): Promise<{ readonly Responses: readonly Readonly<Record<string, unknown>>[] }> => {
  const execute = async (statement: Statement): Promise<Readonly<Record<string, unknown>>> => {
    const write = parseWrite(statement.Statement, statement.Parameters ?? []);
    const { operation, input } = toItemCall(write, await keysOf(write.table));
    const returned = statement.ReturnValuesOnConditionCheckFailure;
    const { status, json } = await call(operation, {
      ...input,
      ...(returned === undefined ? {} : { ReturnValuesOnConditionCheckFailure: returned }),
    });
    const { table: TableName } = write;
    if (status === 200) return { TableName };
    const code = codeOf(String(json['__type']).split('#').at(-1) ?? '');
    const Message = String(json['message'] ?? json['Message'] ?? '');
    if (code !== 'ConditionalCheckFailed') return { TableName, Error: { Code: code, Message } };
    // It carries no item, whatever was asked for.
    if (write.kind === 'insert') {
      return { TableName, Error: { Code: 'DuplicateItem', Message: 'Duplicate primary key exists in table' } };
    }
    const item = json['Item'] as Item | undefined;
    return { TableName, Error: { Code: code, Message, ...(item === undefined ? {} : { Item: item }) } };
  };
  return { Responses: await Promise.all(statements.map(execute)) };
};
