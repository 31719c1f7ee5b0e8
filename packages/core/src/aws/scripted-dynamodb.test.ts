import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createScriptedDynamoDb } from './scripted-dynamodb.ts';
import type { ScriptedEndpoint } from './scripted-endpoint.ts';
import { startScriptedEndpoint } from './scripted-endpoint.ts';
import type { TableSetUps } from './table-contract-set-up.ts';
import { createTableSetUps, jobsTable } from './table-contract-set-up.ts';

// The scripted DynamoDB judges what the adapters send, so it must be able to say no, and must read expressions and statements
// by their grammar. What it says here is what DynamoDB's documentation says.

type Item = Record<string, AttributeValue>;

let endpoint: ScriptedEndpoint;
let setUps: TableSetUps;
let client: DynamoDBClient;
let table: string;

beforeAll(async () => {
  endpoint = await startScriptedEndpoint({ dynamodb: createScriptedDynamoDb().service });
  setUps = createTableSetUps(endpoint.url);
  client = setUps.clients.reads;
});
afterAll(() => endpoint.close());
beforeEach(async () => {
  ({ table } = await setUps.createTable(jobsTable));
});

const keyOf = (sk: string): Item => ({ pk: { S: 'p' }, sk: { S: sk } });
const put = (sk: string, attributes: Item = {}) =>
  client.send(new PutItemCommand({ TableName: table, Item: { ...keyOf(sk), ...attributes } }));
const get = async (sk: string): Promise<Item | undefined> =>
  (await client.send(new GetItemCommand({ TableName: table, Key: keyOf(sk) }))).Item;
const invalid = { name: 'ValidationException' };

describe('conditions', () => {
  const item: Item = { a: { S: 'text' }, n: { N: '10' }, open: { S: 'x' } };
  const values: Item = {
    ':text': { S: 'text' },
    ':te': { S: 'te' },
    ':nine': { N: '9' },
    ':ten': { N: '10' },
    ':hundred': { N: '100' },
  };

  it.each([
    ['a = :text', true],
    ['a = :te', false],
    ['a = :ten', false],
    ['#a = :text', true],
    ['n > :nine', true],
    ['n < :hundred AND n >= :ten AND n <= :ten', true],
    ['n < :nine', false],
    ['n BETWEEN :nine AND :hundred AND a = :te', false],
    ['n BETWEEN :nine AND :hundred', true],
    ['a IN (:te, :text)', true],
    ['a IN (:te)', false],
    ['begins_with(a, :te)', true],
    ['begins_with(a, :text) AND begins_with(n, :te)', false],
    ['attribute_exists(a)', true],
    ['attribute_not_exists(a)', false],
    ['attribute_not_exists(missing)', true],
    ['missing = :text', false],
    ['NOT a = :te', true],
    ['a = :te OR n = :ten', true],
    ['a = :te AND n = :nine OR n = :ten', true],
    ['a = :te AND (n = :nine OR n = :ten)', false],
    ['NOT (a = :te OR n = :ten)', false],
    ['attribute_not_exists(a) or n = :ten', true],
  ])('%s holds: %s', async (expression, expected) => {
    await put('1', item);
    const write = client.send(
      new PutItemCommand({
        TableName: table,
        Item: keyOf('1'),
        ConditionExpression: expression,
        ...(expression.includes('#a') ? { ExpressionAttributeNames: { '#a': 'a' } } : {}),
        ...(expression.includes(':')
          ? {
              ExpressionAttributeValues: Object.fromEntries(
                Object.entries(values).filter(([name]) => new RegExp(`${name}\\b`).test(expression)),
              ),
            }
          : {}),
      }),
    );
    if (expected) await write;
    else await expect(write).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
    expect(await get('1')).toEqual({ ...keyOf('1'), ...(expected ? {} : item) });
  });

  it.each([
    ['a name that is not given', { ConditionExpression: '#b = :v', ExpressionAttributeValues: { ':v': { S: '' } } }],
    ['a value that is not given', { ConditionExpression: 'a = :v' }],
    [
      'a value that is not used',
      { ConditionExpression: 'attribute_exists(a)', ExpressionAttributeValues: { ':v': { S: '' } } },
    ],
    [
      'a name that is not used',
      { ConditionExpression: 'attribute_exists(a)', ExpressionAttributeNames: { '#b': 'b' } },
    ],
    ['no operator', { ConditionExpression: 'a b' }],
    ['a parenthesis that stays open', { ConditionExpression: '(attribute_exists(a)' }],
    ['more than a condition', { ConditionExpression: 'attribute_exists(a) attribute_exists(b)' }],
    ['characters of no grammar', { ConditionExpression: "a = 'text'" }],
  ])('are refused with %s', async (_, expression) => {
    await expect(
      client.send(new PutItemCommand({ TableName: table, Item: keyOf('1'), ...expression })),
    ).rejects.toMatchObject(invalid);
  });
});

describe('writes', () => {
  it.each<readonly [string, Item]>([
    ['no key', { pk: { S: 'p' } }],
    ['a key of another type', { pk: { S: 'p' }, sk: { N: '1' } }],
    ['an empty key', { pk: { S: '' }, sk: { S: 's' } }],
    ['a sort key of more than 1,024 bytes', { pk: { S: 'p' }, sk: { S: 'é'.repeat(513) } }],
    ['an index’s key of another type', { ...keyOf('1'), open: { N: '1' } }],
    ['more than 400 KB', { ...keyOf('1'), a: { S: 'é'.repeat(200 * 1024) } }],
  ])('are refused with %s', async (_, item) => {
    await expect(client.send(new PutItemCommand({ TableName: table, Item: item }))).rejects.toMatchObject(invalid);
  });

  it('update by SET and REMOVE, and make the item where there is none', async () => {
    await put('1', { a: { S: 'a' }, b: { S: 'b' } });
    const update = (sk: string) =>
      new UpdateItemCommand({
        TableName: table,
        Key: keyOf(sk),
        UpdateExpression: 'SET #a = :a, c = :c REMOVE b',
        ExpressionAttributeNames: { '#a': 'a' },
        ExpressionAttributeValues: { ':a': { S: 'new' }, ':c': { N: '7.0' } },
      });
    await client.send(update('1'));
    expect(await get('1')).toEqual({ ...keyOf('1'), a: { S: 'new' }, c: { N: '7' } });
    await client.send(update('2'));
    expect(await get('2')).toEqual({ ...keyOf('2'), a: { S: 'new' }, c: { N: '7' } });
  });

  it('update no key', async () => {
    const update = new UpdateItemCommand({
      TableName: table,
      Key: keyOf('1'),
      UpdateExpression: 'SET sk = :v',
      ExpressionAttributeValues: { ':v': { S: 'other' } },
    });
    await expect(client.send(update)).rejects.toMatchObject(invalid);
  });

  it('go to no table that does not exist', async () => {
    const write = new PutItemCommand({ TableName: 'another-table', Item: keyOf('1') });
    await expect(client.send(write)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('a query', () => {
  const query = (more: object = {}) =>
    client.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: 'pk = :pk AND sk >= :from',
        ExpressionAttributeValues: { ':pk': { S: 'p' }, ':from': { S: '2' } },
        ...more,
      }),
    );
  const sortKeys = (items: readonly Item[] | undefined): (string | undefined)[] => (items ?? []).map(({ sk }) => sk?.S);

  it('ends its page at the limit, and says where it was even when nothing follows', async () => {
    for (const sk of ['3', '1', '2', '4']) await put(sk);
    const first = await query({ Limit: 2 });
    expect([sortKeys(first.Items), first.LastEvaluatedKey]).toEqual([['2', '3'], keyOf('3')]);
    const second = await query({ Limit: 1, ExclusiveStartKey: first.LastEvaluatedKey });
    expect([sortKeys(second.Items), second.LastEvaluatedKey]).toEqual([['4'], keyOf('4')]);
    const third = await query({ Limit: 1, ExclusiveStartKey: second.LastEvaluatedKey });
    expect([sortKeys(third.Items), third.LastEvaluatedKey]).toEqual([[], undefined]);
  });

  it('ends its page at a megabyte of items, whatever it shows of them', async () => {
    for (let i = 20; i < 26; i++) await put(String(i), { a: { S: 'a'.repeat(300_000) } });
    const first = await query({ ProjectionExpression: 'sk' });
    expect(first.Items).toEqual(['20', '21', '22', '23'].map((sk) => ({ sk: { S: sk } })));
    const second = await query({ ExclusiveStartKey: first.LastEvaluatedKey });
    expect(sortKeys(second.Items)).toEqual(['24', '25']);
    expect(second.LastEvaluatedKey).toBeUndefined();
  });

  it('filters what it went through', async () => {
    for (const sk of ['2', '3', '4']) await put(sk, { a: { S: sk } });
    const page = await query({
      FilterExpression: 'a = :a',
      ExpressionAttributeValues: { ':pk': { S: 'p' }, ':from': { S: '2' }, ':a': { S: '3' } },
    });
    expect([sortKeys(page.Items), page.Count, page.ScannedCount]).toEqual([['3'], 1, 3]);
  });

  it('of an index finds the items that have its key, and their keys alone', async () => {
    await put('1', { open: { S: 'x' }, auditAt: { N: '7' }, a: { S: 'a' } });
    await put('2', { auditAt: { N: '7' } });
    await put('3', { open: { S: 'x' } });
    const onIndex = {
      IndexName: 'open',
      KeyConditionExpression: '#open = :open',
      ExpressionAttributeNames: { '#open': 'open' },
      ExpressionAttributeValues: { ':open': { S: 'x' } },
    };
    expect((await query(onIndex)).Items).toEqual([{ ...keyOf('1'), open: { S: 'x' }, auditAt: { N: '7' } }]);
    await expect(query({ ...onIndex, ConsistentRead: true })).rejects.toMatchObject(invalid);
  });

  it.each([
    'sk = :pk AND sk >= :from',
    'pk >= :pk AND sk >= :from',
    'pk = :pk OR sk = :from',
    'NOT pk = :pk AND sk = :from',
  ])('by %s is refused', async (expression) => {
    await expect(query({ KeyConditionExpression: expression })).rejects.toMatchObject(invalid);
  });
});

describe('a batch of reads', () => {
  const read = (keys: Item[]) => client.send(new BatchGetItemCommand({ RequestItems: { [table]: { Keys: keys } } }));

  it('finds what is there, in no order', async () => {
    for (const sk of ['1', '2']) await put(sk);
    const { Responses } = await read(['1', '2', '3'].map(keyOf));
    expect(Responses?.[table]).toEqual([keyOf('2'), keyOf('1')]);
  });

  it('takes 100 keys, no more, none twice', async () => {
    const keys = Array.from({ length: 101 }, (_, i) => keyOf(String(i)));
    await expect(read(keys.slice(1))).resolves.toBeDefined();
    await expect(read(keys)).rejects.toMatchObject(invalid);
    await expect(read([keyOf('1'), keyOf('1')])).rejects.toMatchObject(invalid);
  });
});

describe('statements', () => {
  type Statement = { readonly Statement: string; readonly Parameters?: AttributeValue[]; readonly shows?: true };
  const run = async (...statements: readonly Statement[]) => {
    const { Responses } = await client.send(
      new BatchExecuteStatementCommand({
        Statements: statements.map(({ shows, ...statement }) => ({
          ...statement,
          ...(shows ? { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } : {}),
        })),
      }),
    );
    return (Responses ?? []).map(({ Error: error }) => error && { code: error.Code, item: error.Item });
  };
  const insert = (sk: string): Statement => ({
    Statement: `INSERT INTO "${table}" VALUE {'pk': 'p', 'sk': '${sk}', 'a': 'it''s'}`,
  });

  it('insert an item once', async () => {
    expect(await run(insert('1'))).toEqual([undefined]);
    expect(await get('1')).toEqual({ ...keyOf('1'), a: { S: "it's" } });
    expect(await run(insert('1'), insert('2'))).toEqual([{ code: 'DuplicateItem', item: undefined }, undefined]);
  });

  it('update by several clauses where keys and condition fit, and never create', async () => {
    await put('1', { a: { S: 'a' }, b: { S: 'b' } });
    const update = (sk: string, a: string): Statement => ({
      Statement: `UPDATE "${table}" SET "a" = ? SET c = 7 REMOVE b WHERE pk = ? AND "sk" = ? AND a = '${a}'`,
      Parameters: [{ S: 'new' }, { S: 'p' }, { S: sk }],
    });
    const failed = { code: 'ConditionalCheckFailed', item: undefined };
    expect(await run(update('1', 'other'), update('2', 'a'))).toEqual([failed, failed]);
    expect(await run(update('1', 'a'))).toEqual([undefined]);
    expect(await get('1')).toEqual({ ...keyOf('1'), a: { S: 'new' }, c: { N: '7' } });
    expect(await get('2')).toBeUndefined();
    const shown = await run({ ...update('1', 'a'), shows: true }, { ...update('2', 'a'), shows: true });
    expect(shown).toEqual([{ code: 'ConditionalCheckFailed', item: await get('1') }, failed]);
  });

  it.each([
    ['too few parameters', `INSERT INTO "T" VALUE {'pk': ?, 'sk': ?}`],
    ['too many parameters', `INSERT INTO "T" VALUE {'pk': ?, 'sk': 's', 'a': 'a'}`, 2],
    ['a comma too many', `INSERT INTO "T" VALUE {'pk': ?, 'sk': 's',}`],
    ['double quotes for text', `INSERT INTO "T" VALUE {"pk": ?, 'sk': 's'}`],
    ['no key', `INSERT INTO "T" VALUE {'pk': ?}`],
    ['no whole key in WHERE', `UPDATE "T" SET a = 'a' WHERE pk = ?`],
    ['a choice of keys', `UPDATE "T" SET a = 'a' WHERE pk = ? AND sk = 's' OR sk = 't'`],
    ['no WHERE', `UPDATE "T" SET a = ?`],
    ['clauses apart by nothing', `UPDATE "T" SET a = 'a' b = 'b' WHERE pk = ? AND sk = 's'`],
    ['a read', `SELECT * FROM "T" WHERE pk = ?`],
  ])('are refused with %s, and their neighbours taken', async (_, text, parameters = 1) => {
    const wrong = {
      Statement: text.replace('"T"', `"${table}"`),
      Parameters: Array.from({ length: parameters }, () => ({ S: 'p' })),
    };
    expect(await run(insert('1'), wrong)).toEqual([undefined, { code: 'ValidationError', item: undefined }]);
  });

  it('are refused as a whole when they are more than 25 or two for one item', async () => {
    const many = Array.from({ length: 26 }, (_, i) => insert(String(i)));
    await expect(run(...many)).rejects.toMatchObject(invalid);
    await expect(run(insert('1'), insert('1'))).rejects.toMatchObject(invalid);
    expect(await get('1')).toBeUndefined();
  });
});
