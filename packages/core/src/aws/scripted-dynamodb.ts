import type { StatementFault } from './scripted-batch.ts';
import { executeBatch } from './scripted-batch.ts';
import { holds } from './scripted-condition.ts';
import type { ScriptedReply, ScriptedService } from './scripted-endpoint.ts';
import { refuse, ScriptedError } from './scripted-error.ts';
import { applyUpdate, project, readExpressions } from './scripted-expression.ts';
import type { Item } from './scripted-item.ts';
import { readItem } from './scripted-item.ts';
import { queryPage } from './scripted-query.ts';
import type { KeySchema, ScriptedTable } from './scripted-table.ts';
import { createScriptedTable } from './scripted-table.ts';

// DynamoDB in memory, as far as the adapters of the two tables ask for it: expressions and statements are read by a parser
// of their grammar, not compared with the adapters' texts.
//
// Models: conditional writes, consistent reads in pages of bytes, sparse indexes of keys alone, the limits of items, keys and
// calls, keys that a batch leaves unprocessed, errors per statement. Does not model: capacity (the mishaps of the endpoint and
// the faults given here do), streams, indexes that lag behind. A member of a request that is not modelled is refused.

/** Source: BatchGetItem API reference. */
const batchKeysMax = 100;
/** Source: BatchWriteItem API reference. */
const batchWritesMax = 25;

export type ScriptedDynamoDb = {
  readonly service: ScriptedService;
  /** The items of a table, in no order. Throws when there is no such table. */
  itemsOf(table: string): readonly Item[];
};

export type ScriptedDynamoDbOptions = {
  /** Bytes of items that a page of a Query goes through; 1 MiB as with DynamoDB when it is not given. */
  readonly pageBytes?: number;
  /** What a statement meets instead of its effect, by its item's key: one of the codes of a BatchStatementError. */
  readonly statementFault?: StatementFault;
  /** True for a key that a BatchGetItem or a BatchWriteItem does not get to. */
  readonly isUnprocessed?: (key: Item) => boolean;
};

type Input = Readonly<Record<string, unknown>>;
type Definition = { readonly AttributeName: string; readonly AttributeType: 'S' | 'N' };
type KeyElement = { readonly AttributeName: string; readonly KeyType: 'HASH' | 'RANGE' };

const readKeySchema = (elements: readonly KeyElement[]): KeySchema => ({
  hash: elements.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName ?? '',
  range: elements.find(({ KeyType }) => KeyType === 'RANGE')?.AttributeName,
});

const readCreateTable = (input: Input): ScriptedTable => {
  const {
    TableName,
    KeySchema,
    AttributeDefinitions,
    GlobalSecondaryIndexes = [],
  } = input as {
    readonly TableName: string;
    readonly KeySchema: readonly KeyElement[];
    readonly AttributeDefinitions: readonly Definition[];
    readonly GlobalSecondaryIndexes?: readonly {
      readonly IndexName: string;
      readonly KeySchema: readonly KeyElement[];
    }[];
  };
  return createScriptedTable({
    name: TableName,
    keys: readKeySchema(KeySchema),
    indexes: new Map(GlobalSecondaryIndexes.map((index) => [index.IndexName, readKeySchema(index.KeySchema)])),
    types: new Map(AttributeDefinitions.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType])),
  });
};

const reply = (status: number, body: object): ScriptedReply => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'scripted' },
  body: JSON.stringify(body),
});

/** An error as DynamoDB spells it; what is wrong with the request itself comes from the framework before the service. */
export const dynamoDbError = (type: string, message = '', status = 400, item?: object): ScriptedReply => {
  const namespaces: Readonly<Record<string, string>> = {
    ValidationException: 'com.amazon.coral.validate',
    ThrottlingException: 'com.amazon.coral.availability',
  };
  const namespace = namespaces[type] ?? 'com.amazonaws.dynamodb.v20120810';
  return reply(status, { __type: `${namespace}#${type}`, message, ...(item === undefined ? {} : { Item: item }) });
};

export const createScriptedDynamoDb = ({
  pageBytes = 1024 * 1024,
  statementFault = () => undefined,
  isUnprocessed = () => false,
}: ScriptedDynamoDbOptions = {}): ScriptedDynamoDb => {
  const tables = new Map<string, ScriptedTable>();

  const tableOf = (name: unknown): ScriptedTable =>
    tables.get(String(name)) ?? refuse('ResourceNotFoundException', 'Requested resource not found');

  const describe = ({ name }: ScriptedTable) => ({ TableName: name, TableStatus: 'ACTIVE' });

  /** Refuses a write whose condition does not hold, with the item that stands there when it was asked for. */
  const check = (input: Input, found: Item | undefined, expressions: ReturnType<typeof readExpressions>): void => {
    const condition = expressions.condition(input['ConditionExpression'] as string | undefined);
    expressions.expectAllUsed();
    if (condition === undefined || holds(condition, found ?? {})) return;
    const shown = input['ReturnValuesOnConditionCheckFailure'] === 'ALL_OLD' ? found : undefined;
    refuse('ConditionalCheckFailedException', 'The conditional request failed', shown);
  };

  const expressionsOf = (input: Input) =>
    readExpressions(
      input['ExpressionAttributeNames'] as Readonly<Record<string, string>> | undefined,
      input['ExpressionAttributeValues'] as Input | undefined,
    );

  const readKey = (table: ScriptedTable, given: unknown): Item => {
    const key = readItem(given);
    if (Object.keys(table.keyOf(key)).length === Object.keys(key).length) return key;
    return refuse('ValidationException', 'The provided key element does not match the schema');
  };

  const condition = [
    'ConditionExpression',
    'ExpressionAttributeNames',
    'ExpressionAttributeValues',
    'ReturnValuesOnConditionCheckFailure',
  ];
  const reading = ['ConsistentRead', 'ProjectionExpression', 'ExpressionAttributeNames'];

  const operations: Readonly<Record<string, readonly [members: readonly string[], run: (input: Input) => object]>> = {
    CreateTable: [
      ['TableName', 'KeySchema', 'AttributeDefinitions', 'GlobalSecondaryIndexes', 'BillingMode'],
      (input) => {
        const table = readCreateTable(input);
        if (tables.has(table.name)) refuse('ResourceInUseException', `Table already exists: ${table.name}`);
        tables.set(table.name, table);
        return { TableDescription: { ...describe(table), TableStatus: 'CREATING' } };
      },
    ],
    DescribeTable: [['TableName'], ({ TableName }) => ({ Table: describe(tableOf(TableName)) })],
    DeleteTable: [
      ['TableName'],
      ({ TableName }) => {
        const table = tableOf(TableName);
        tables.delete(table.name);
        return { TableDescription: { ...describe(table), TableStatus: 'DELETING' } };
      },
    ],
    PutItem: [
      ['TableName', 'Item', ...condition],
      (input) => {
        const table = tableOf(input['TableName']);
        const item = readItem(input['Item']);
        check(input, table.get(table.keyOf(item)), expressionsOf(input));
        table.put(item);
        return {};
      },
    ],
    UpdateItem: [
      ['TableName', 'Key', 'UpdateExpression', ...condition],
      (input) => {
        const table = tableOf(input['TableName']);
        const key = readKey(table, input['Key']);
        const found = table.get(key);
        const expressions = expressionsOf(input);
        const update = expressions.update(String(input['UpdateExpression']));
        for (const name of Object.keys(key)) {
          if (update.set.has(name) || update.remove.has(name)) {
            refuse('ValidationException', `Cannot update attribute ${name}. This attribute is part of the key`);
          }
        }
        check(input, found, expressions);
        table.put(applyUpdate(found ?? key, update));
        return {};
      },
    ],
    DeleteItem: [
      ['TableName', 'Key', ...condition],
      (input) => {
        const table = tableOf(input['TableName']);
        const key = readKey(table, input['Key']);
        check(input, table.get(key), expressionsOf(input));
        table.remove(key);
        return {};
      },
    ],
    GetItem: [
      ['TableName', 'Key', ...reading],
      (input) => {
        const table = tableOf(input['TableName']);
        const expressions = expressionsOf(input);
        const names = expressions.projection(input['ProjectionExpression'] as string | undefined);
        expressions.expectAllUsed();
        const found = table.get(readKey(table, input['Key']));
        return found === undefined ? {} : { Item: project(found, names) };
      },
    ],
    Query: [
      [
        'TableName',
        'IndexName',
        'KeyConditionExpression',
        'FilterExpression',
        'ExpressionAttributeValues',
        'ExclusiveStartKey',
        'Limit',
        'ScanIndexForward',
        ...reading,
      ],
      (input) => queryPage(tableOf(input['TableName']), input, expressionsOf(input), pageBytes),
    ],
    BatchGetItem: [
      ['RequestItems'],
      (input) => {
        const requests = Object.entries(input['RequestItems'] as Readonly<Record<string, Input>>);
        const found: Record<string, Item[]> = {};
        const unprocessed: Record<string, object> = {};
        for (const [name, request] of requests) {
          const table = tableOf(name);
          const expressions = expressionsOf(request);
          const names = expressions.projection(request['ProjectionExpression'] as string | undefined);
          expressions.expectAllUsed();
          const keys = (request['Keys'] as readonly unknown[]).map((key) => readKey(table, key));
          if (keys.length === 0 || keys.length > batchKeysMax)
            refuse('ValidationException', 'Too many or no items requested');
          if (new Set(keys.map((key) => JSON.stringify(key))).size < keys.length) {
            refuse('ValidationException', 'Provided list of item keys contains duplicates');
          }
          const left = keys.filter(isUnprocessed);
          const read = keys.filter((key) => !left.includes(key)).map((key) => table.get(key));
          // DynamoDB promises no order.
          found[name] = read.flatMap((item) => (item === undefined ? [] : [project(item, names)])).reverse();
          if (left.length > 0) unprocessed[name] = { ...request, Keys: left };
        }
        return { Responses: found, UnprocessedKeys: unprocessed };
      },
    ],
    // Deletions alone: nothing here may put an item without a condition.
    BatchWriteItem: [
      ['RequestItems'],
      (input) => {
        const requests = Object.entries(
          input['RequestItems'] as Readonly<Record<string, readonly { readonly DeleteRequest: { Key: unknown } }[]>>,
        ).flatMap(([name, of]) => of.map((request) => ({ name, request })));
        if (requests.length === 0 || requests.length > batchWritesMax)
          refuse('ValidationException', 'Too many or no items requested');
        const deletions = requests.map(({ name, request }) => {
          const table = tableOf(name);
          return { name, table, request, key: readKey(table, request.DeleteRequest.Key) };
        });
        const distinct = new Set(deletions.map(({ name, key }) => `${name} ${JSON.stringify(key)}`)).size;
        if (distinct < deletions.length)
          refuse('ValidationException', 'Provided list of item keys contains duplicates');
        const left: Record<string, object[]> = {};
        for (const { name, table, request, key } of deletions) {
          if (isUnprocessed(key)) left[name] = [...(left[name] ?? []), request];
          else table.remove(key);
        }
        return { UnprocessedItems: left };
      },
    ],
    BatchExecuteStatement: [['Statements'], (input) => executeBatch(input, tableOf, statementFault)],
  };

  return {
    itemsOf: (table) => tableOf(table).items(),
    service({ operation, body }) {
      try {
        const [members, run] = operations[operation] ?? refuse('UnknownOperationException', operation);
        const input = JSON.parse(body.toString()) as Input;
        const unknown = Object.keys(input).find((member) => !members.includes(member));
        if (unknown !== undefined)
          throw new Error(`expected a ${operation} with ${members.join(', ')}, found ${unknown}`);
        return reply(200, run(input));
      } catch (thrown) {
        if (!(thrown instanceof ScriptedError)) throw thrown;
        return dynamoDbError(thrown.type, thrown.message, 400, thrown.item);
      }
    },
  };
};
