import { describe, expect, it } from 'vitest';
import type { Answer, Operation } from './batch-statement.ts';
import { executeBatch } from './batch-statement.ts';

const insert = { Statement: `INSERT INTO "rows" VALUE {'pk': ?, 'row': ?}`, Parameters: [{ S: 'a' }, { N: '1' }] };
const update = {
  Statement: `UPDATE "rows" SET "status" = 'DONE' SET "result" = ? WHERE "pk" = ? AND "row" = ? AND "status" = 'PENDING'`,
  Parameters: [{ S: '{}' }, { S: 'a' }, { N: '1' }],
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
};

const run = async (statements: Parameters<typeof executeBatch>[0], ...answers: readonly Answer[]) => {
  const calls: [Operation, unknown][] = [];
  const { Responses } = await executeBatch(
    statements,
    async (operation, input) => {
      calls.push([operation, input]);
      return answers[calls.length - 1] ?? { status: 200, json: {} };
    },
    async () => ['pk', 'row'],
  );
  return { calls, Responses };
};

const failure = (type: string, more: Readonly<Record<string, unknown>> = {}): Answer => ({
  status: 400,
  json: { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'why', ...more },
});

describe('a batch of statements', () => {
  it('inserts by puts that overwrite nothing', async () => {
    const { calls, Responses } = await run([insert]);
    expect(calls).toEqual([
      [
        'PutItem',
        {
          TableName: 'rows',
          Item: { pk: { S: 'a' }, row: { N: '1' } },
          ConditionExpression: 'attribute_not_exists(#n0)',
          ExpressionAttributeNames: { '#n0': 'pk' },
        },
      ],
    ]);
    expect(Responses).toEqual([{ TableName: 'rows' }]);
  });

  it('inserts a row that is written off by the same put, and tells by the same code that one stands there', async () => {
    const { calls, Responses } = await run(
      [
        {
          Statement: `INSERT INTO "rows" VALUE {'pk': ?, 'row': ?, 'status': 'FAILED', 'error': ?}`,
          Parameters: [{ S: 'a' }, { N: '1' }, { S: '["DROPPED","why"]' }],
        },
      ],
      failure('ConditionalCheckFailedException'),
    );
    const item = { pk: { S: 'a' }, row: { N: '1' }, status: { S: 'FAILED' }, error: { S: '["DROPPED","why"]' } };
    expect(calls).toMatchObject([['PutItem', { Item: item, ConditionExpression: 'attribute_not_exists(#n0)' }]]);
    expect(Responses).toMatchObject([{ TableName: 'rows', Error: { Code: 'DuplicateItem' } }]);
  });

  it('updates what is there and meets the rest of the WHERE', async () => {
    const { calls } = await run([update]);
    expect(calls).toEqual([
      [
        'UpdateItem',
        {
          TableName: 'rows',
          Key: { pk: { S: 'a' }, row: { N: '1' } },
          UpdateExpression: 'SET #n1 = :v0, #n2 = :v1',
          ConditionExpression: 'attribute_exists(#n0) AND #n1 = :v2',
          ExpressionAttributeNames: { '#n0': 'pk', '#n1': 'status', '#n2': 'result' },
          ExpressionAttributeValues: { ':v0': { S: 'DONE' }, ':v1': { S: '{}' }, ':v2': { S: 'PENDING' } },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        },
      ],
    ]);
  });

  it.each([
    [
      'an item in its place',
      insert,
      failure('ConditionalCheckFailedException', { Item: { pk: { S: 'a' } } }),
      'DuplicateItem',
      undefined,
    ],
    [
      'another status',
      update,
      failure('ConditionalCheckFailedException', { Item: { pk: { S: 'a' } } }),
      'ConditionalCheckFailed',
      { pk: { S: 'a' } },
    ],
    ['no item', update, failure('ConditionalCheckFailedException'), 'ConditionalCheckFailed', undefined],
    ['a wrong value', insert, failure('ValidationException'), 'ValidationError', undefined],
    [
      'a throttle',
      insert,
      failure('ProvisionedThroughputExceededException'),
      'ProvisionedThroughputExceeded',
      undefined,
    ],
  ])('answers a statement that meets %s as AWS does', async (_, statement, answer, code, item) => {
    const { Responses } = await run([statement], answer);
    expect(Responses).toMatchObject([{ TableName: 'rows', Error: { Code: code } }]);
    expect((Responses[0] as { Error: { Item?: unknown } }).Error.Item).toEqual(item);
  });

  it('answers every statement in its place, whatever became of its neighbours', async () => {
    const { Responses } = await run(
      [insert, insert, update],
      { status: 200, json: {} },
      failure('ConditionalCheckFailedException'),
    );
    expect(Responses.map(({ Error: error }) => (error as { Code?: string } | undefined)?.Code)).toEqual([
      undefined,
      'DuplicateItem',
      undefined,
    ]);
  });
});
