import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OutcomeTuple, RowTuple } from '../messages.ts';
import type { Clock } from '../ports/clock.ts';
import type { RowStore } from '../ports/row-store.ts';
import { createAwsRows } from './row-store.ts';
import { createScriptedDynamoDb, dynamoDbError } from './scripted-dynamodb.ts';
import type { ScriptedEndpoint, ScriptedRequest } from './scripted-endpoint.ts';
import { startScriptedEndpoint } from './scripted-endpoint.ts';
import type { Item } from './scripted-item.ts';
import type { TableSetUps } from './table-contract-set-up.ts';
import { createTableSetUps, rowsTable } from './table-contract-set-up.ts';

// What DynamoDB answers besides success, and what the rows table makes of it.

const jobId = '0123456789abcdefghjkmnpqrs';
const secret = 'the content of a row';
const rowOf = (row: number, text = `value of ${row}`): RowTuple => [3, row, row + 1, [text]];
const doneOf = (row: number, result: Readonly<Record<string, unknown>> | null = { of: row }): OutcomeTuple => [
  3,
  row,
  'DONE',
  result,
];
const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

const isWrite = ({ operation }: ScriptedRequest): boolean => operation === 'BatchExecuteStatement';
const isReadBack = ({ operation }: ScriptedRequest): boolean => operation === 'BatchGetItem';

let endpoint: ScriptedEndpoint;
let setUps: TableSetUps;
let store: RowStore;
let table: string;
/** What the table does with the statement, or the key, of a row. */
let statementFaults: Map<number, string>;
let unprocessed: (key: Item) => boolean;
let sleeps: number[];
const rowIn = (key: Item): number => Number((key['row'] as { readonly N: string }).N);

const clock: Clock = {
  now: () => 1_700_000_000_000,
  async sleep(milliseconds) {
    sleeps.push(milliseconds);
  },
};

const scripted = createScriptedDynamoDb({
  statementFault: (key) => statementFaults.get(rowIn(key)),
  isUnprocessed: (key) => unprocessed(key),
});

beforeAll(async () => {
  endpoint = await startScriptedEndpoint({ dynamodb: scripted.service });
  setUps = createTableSetUps(endpoint.url);
});
afterAll(() => endpoint.close());
beforeEach(async () => {
  statementFaults = new Map();
  unprocessed = () => false;
  sleeps = [];
  ({ table } = await setUps.createTable(rowsTable));
  store = createAwsRows(setUps.clients, table, clock);
});

const statusOf = (row: number): unknown => scripted.itemsOf(table).find((item) => rowIn(item) === row)?.['status'];
/** Requests made meanwhile, oldest first. */
const during = async (work: () => Promise<unknown>): Promise<readonly ScriptedRequest[]> => {
  const before = endpoint.requests.length;
  await work();
  return endpoint.requests.slice(before);
};
const bodyOf = (request: ScriptedRequest | undefined): unknown => JSON.parse(request?.body.toString() ?? '');

describe('a statement that fails', () => {
  it.each([
    ['ThrottlingError', 'throttled'],
    ['ProvisionedThroughputExceeded', 'throttled'],
    ['RequestLimitExceeded', 'throttled'],
    ['ValidationError', 'refused'],
    ['ItemCollectionSizeLimitExceeded', 'failed'],
    ['AccessDenied', 'failed'],
    ['ResourceNotFound', 'failed'],
    ['TransactionConflict', 'failed'],
    ['InternalServerError', 'failed'],
    ['SomethingNew', 'failed'],
  ])('with %s is %s, and its neighbours are taken', async (code, outcome) => {
    statementFaults.set(2, code);
    expect(await store.insert(jobId, [rowOf(1), rowOf(2), rowOf(3)])).toEqual(['inserted', outcome, 'inserted']);
    expect(range(1, 3).map(statusOf)).toEqual([{ S: 'PENDING' }, undefined, { S: 'PENDING' }]);
    statementFaults.clear();
    await store.insert(jobId, [rowOf(2)]);
    statementFaults.set(2, code);
    expect(await store.finish(jobId, [doneOf(1), doneOf(2), doneOf(3)])).toEqual(['finished', outcome, 'finished']);
    expect(statusOf(2)).toEqual({ S: 'PENDING' });
  });

  it('is a failure of the rows that an answer leaves out', async () => {
    endpoint.script({
      when: isWrite,
      after: ({ status, headers = {} }) => ({ status, headers, body: '{"Responses":[{}]}' }),
    });
    expect(await store.insert(jobId, [rowOf(1), rowOf(2)])).toEqual(['inserted', 'failed']);
    endpoint.script({ when: isWrite, after: ({ status, headers = {} }) => ({ status, headers, body: '{}' }) });
    expect(await store.insert(jobId, [rowOf(3)])).toEqual(['failed']);
  });
});

describe('a whole call that fails', () => {
  it.each(['ThrottlingException', 'ProvisionedThroughputExceededException', 'RequestLimitExceeded', 'Throttling'])(
    'with %s is a throttle of all its rows, asked for once',
    async (type) => {
      endpoint.script({ when: isWrite, times: 1, instead: dynamoDbError(type, secret) });
      const requests = await during(async () =>
        expect(await store.insert(jobId, [rowOf(1), rowOf(2)])).toEqual(['throttled', 'throttled']),
      );
      expect(requests).toHaveLength(1);
      endpoint.script({ when: isWrite, times: 1, instead: dynamoDbError(type, secret) });
      expect(await store.finish(jobId, [doneOf(1)])).toEqual(['throttled']);
    },
  );

  it.each([
    ['ValidationException', 400, 'SERVICE_REFUSED'],
    ['AccessDeniedException', 400, 'UNKNOWN'],
    ['ResourceNotFoundException', 400, 'UNKNOWN'],
    ['InternalServerError', 500, 'UNKNOWN'],
  ])('with %s throws, without what the service said', async (type, status, code) => {
    endpoint.script({ when: isWrite, instead: dynamoDbError(type, secret, status) });
    const thrown: unknown = await store.insert(jobId, [rowOf(1)]).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ name: 'SluiceError', code });
    expect(String(thrown)).not.toContain(secret);
  });

  it.each(['lose', 'cut'] as const)(
    'after its effect (%s) throws, and the same rows again are the same',
    async (after) => {
      endpoint.script({ when: isWrite, after });
      await expect(store.insert(jobId, [rowOf(1), rowOf(2)])).rejects.toThrow();
      expect(await store.insert(jobId, [rowOf(1), rowOf(2)])).toEqual(['same', 'same']);
      endpoint.script({ when: isWrite, after });
      await expect(store.finish(jobId, [doneOf(1), doneOf(2)])).rejects.toThrow();
      expect(await store.finish(jobId, [doneOf(1), doneOf(2, null)])).toEqual(['same', 'different']);
    },
  );
});

describe('reading back what stands in a row’s place', () => {
  beforeEach(async () => {
    await store.insert(jobId, [rowOf(1), rowOf(2), rowOf(3)]);
  });

  it('asks once for all of a call, consistently, and for nothing where everything went in', async () => {
    const clashes = await during(() =>
      store.insert(
        jobId,
        range(1, 6).map((row) => rowOf(row)),
      ),
    );
    expect(clashes.map(({ operation }) => operation)).toEqual(['BatchExecuteStatement', 'BatchGetItem']);
    expect(bodyOf(clashes[1])).toMatchObject({ RequestItems: { [table]: { ConsistentRead: true } } });
    expect(await during(() => store.insert(jobId, [rowOf(7)]))).toHaveLength(1);
  });

  it('asks again for keys that were left, with waits that double', async () => {
    let left = 2;
    unprocessed = (key) => rowIn(key) === 2 && left-- > 0;
    expect(await store.insert(jobId, [rowOf(1), rowOf(2, 'other'), rowOf(3)])).toEqual(['same', 'different', 'same']);
    expect(sleeps).toEqual([50, 100]);
  });

  it('is a throttle of the keys that are left in the end', async () => {
    unprocessed = (key) => rowIn(key) === 2;
    expect(await store.insert(jobId, [rowOf(1), rowOf(2), rowOf(3)])).toEqual(['same', 'throttled', 'same']);
    expect(sleeps).toEqual([50, 100, 200, 400]);
  });

  it('is a failure of the row when it fails, and a throttle when it is throttled', async () => {
    const { writes } = setUps.clients;
    store = createAwsRows({ reads: writes, writes }, table, clock);
    endpoint.script({ when: isReadBack, instead: dynamoDbError('InternalServerError', secret, 500) });
    expect(await store.insert(jobId, [rowOf(1), rowOf(9)])).toEqual(['failed', 'inserted']);
    endpoint.script({ when: isReadBack, instead: dynamoDbError('AccessDeniedException', secret) });
    expect(await store.insert(jobId, [rowOf(1), rowOf(9)])).toEqual(['failed', 'failed']);
    endpoint.script({ when: isReadBack, instead: dynamoDbError('ProvisionedThroughputExceededException') });
    expect(await store.insert(jobId, [rowOf(1), rowOf(9)])).toEqual(['throttled', 'throttled']);
  });

  it('keeps what it read before it failed', async () => {
    unprocessed = (key) => rowIn(key) === 2;
    let reads = 0;
    endpoint.script({
      when: (request) => isReadBack(request) && ++reads > 1,
      instead: dynamoDbError('AccessDeniedException', secret),
    });
    expect(await store.insert(jobId, [rowOf(1), rowOf(2)])).toEqual(['same', 'failed']);
  });

  it('is a failure of a row whose place turns out empty', async () => {
    statementFaults.set(9, 'DuplicateItem');
    expect(await store.insert(jobId, [rowOf(9)])).toEqual(['failed']);
  });

  it('needs no read for a final row: the answer brings it', async () => {
    await store.finish(jobId, [doneOf(1), doneOf(2)]);
    const requests = await during(async () =>
      expect(await store.finish(jobId, [doneOf(1), doneOf(2, null)])).toEqual(['same', 'different']),
    );
    expect(requests).toHaveLength(1);
  });

  it('reads final rows where the answer brings none', async () => {
    await store.finish(jobId, [doneOf(1), doneOf(2)]);
    for (const row of [1, 2, 3, 9]) statementFaults.set(row, 'ConditionalCheckFailed');
    // A row that is PENDING by then has come in between: nobody knows yet.
    expect(await store.finish(jobId, [doneOf(1), doneOf(2, null), doneOf(3), doneOf(9)])).toEqual([
      'same',
      'different',
      'failed',
      'missing',
    ]);
  });
});

describe('what is sent', () => {
  it('is one text for every insert, three for outcomes; values are parameters', async () => {
    const rows = range(1, 25).map((row) => rowOf(row, `'); ${row} "--`));
    const outcomes = range(1, 25).map((row): OutcomeTuple => {
      if (row % 3 === 0) return [3, row, 'FAILED', [`'${row}`, '"']];
      return doneOf(row, row % 3 === 1 ? null : { of: row });
    });
    const requests = await during(async () => {
      await store.insert(jobId, rows);
      await store.finish(jobId, outcomes);
    });
    const texts = requests.map((request) => {
      const { Statements } = bodyOf(request) as { readonly Statements: readonly { readonly Statement: string }[] };
      return [...new Set(Statements.map(({ Statement }) => Statement))].sort();
    });
    const where = `WHERE "pk" = ? AND "row" = ? AND "status" = 'PENDING'`;
    expect(texts).toEqual([
      [`INSERT INTO "${table}" VALUE {'pk': ?, 'row': ?, 'line': ?, 'status': 'PENDING', 'data': ?, 'created': ?}`],
      [
        `UPDATE "${table}" SET "status" = 'DONE' SET "finished" = ? ${where}`,
        `UPDATE "${table}" SET "status" = 'DONE' SET "result" = ? SET "finished" = ? ${where}`,
        `UPDATE "${table}" SET "status" = 'FAILED' SET "error" = ? SET "finished" = ? ${where}`,
      ],
    ]);
  });

  it('makes the items that others read', async () => {
    await store.insert(jobId, [rowOf(17), rowOf(2)]);
    await store.finish(jobId, [[3, 2, 'FAILED', ['CODE', 'why']]]);
    expect(scripted.itemsOf(table)).toEqual([
      {
        pk: { S: `${jobId}#3#1` },
        row: { N: '17' },
        line: { N: '18' },
        status: { S: 'PENDING' },
        data: { S: '["value of 17"]' },
        created: { N: '1700000000000' },
      },
      {
        pk: { S: `${jobId}#3#2` },
        row: { N: '2' },
        line: { N: '3' },
        status: { S: 'FAILED' },
        data: { S: '["value of 2"]' },
        created: { N: '1700000000000' },
        error: { S: '["CODE","why"]' },
        finished: { N: '1700000000000' },
      },
    ]);
  });

  it('is nothing where a call breaks a limit', async () => {
    const requests = await during(async () => {
      await expect(store.insert(jobId, [])).rejects.toMatchObject({ code: 'SERVICE_REFUSED' });
      await expect(store.finish(jobId, [])).rejects.toMatchObject({ code: 'SERVICE_REFUSED' });
      await expect(store.insert(jobId, [rowOf(1), rowOf(1)])).rejects.toMatchObject({ code: 'SERVICE_REFUSED' });
    });
    expect(requests).toEqual([]);
  });

  it.each([
    ['characters', 'a'.repeat(400 * 1024)],
    ['bytes', 'é'.repeat(200 * 1024)],
  ])('leaves out a row of 400 KiB, counted in %s, and is refused no other', async (_, text) => {
    const requests = await during(async () =>
      expect(await store.insert(jobId, [rowOf(1), rowOf(2, text), rowOf(3)])).toEqual([
        'inserted',
        'refused',
        'inserted',
      ]),
    );
    expect(requests).toHaveLength(1);
    expect(await store.insert(jobId, [rowOf(2, text)])).toEqual(['refused']);
  });

  it('tells a row that with its names weighs too much by what the table says of it', async () => {
    const text = 'a'.repeat(400 * 1024 - 20);
    expect(await store.insert(jobId, [rowOf(1), rowOf(2, text)])).toEqual(['inserted', 'refused']);
  });

  it.each(['a"b', 'a b', 'é', 'ab', ''])('goes to no table of the name %j', (name) => {
    expect(() => createAwsRows(setUps.clients, name, clock)).toThrow('expected the name of a table');
  });
});

describe('reading a chunk', () => {
  it('counts over pages, and asks for nothing but number and status', async () => {
    for (let row = 1; row <= 1_000; row += 25) {
      await store.insert(
        jobId,
        range(row, row + 24).map((each) => rowOf(each, 'a'.repeat(20_000))),
      );
    }
    const requests = await during(async () =>
      expect(await store.countChunk(jobId, 3)).toMatchObject({ PENDING: 1_000, DONE: 0, FAILED: 0 }),
    );
    // 1.25 MB in each of the sixteen partitions.
    expect(requests).toHaveLength(32);
    expect(bodyOf(requests[0])).toMatchObject({ ConsistentRead: true, ProjectionExpression: '#row, #status' });
  });

  it('throws THROTTLED when the client’s tries are used up, and reads on when they are not', async () => {
    await store.insert(jobId, [rowOf(1)]);
    const isQuery = ({ operation }: ScriptedRequest): boolean => operation === 'Query';
    endpoint.script({ when: isQuery, instead: dynamoDbError('ThrottlingException', secret) });
    expect(await store.countChunk(jobId, 3)).toMatchObject({ PENDING: 1, DONE: 0, FAILED: 0 });
    const { writes } = setUps.clients;
    store = createAwsRows({ reads: writes, writes }, table, clock);
    endpoint.script({ when: isQuery, instead: dynamoDbError('ThrottlingException', secret) });
    await expect(store.countChunk(jobId, 3)).rejects.toMatchObject({ code: 'THROTTLED' });
  });
});

describe('a removal of rows', () => {
  const isRemoval = ({ operation }: ScriptedRequest): boolean => operation === 'BatchWriteItem';
  const rowsLeft = (): number[] => scripted.itemsOf(table).map(rowIn).sort();

  it('is a throttle of the rows that the service did not get to', async () => {
    await store.insert(jobId, [rowOf(1), rowOf(2), rowOf(3)]);
    unprocessed = (key) => rowIn(key) === 2;
    const requests = await during(async () =>
      expect(await store.remove(jobId, 3, [1, 2, 3])).toEqual(['removed', 'throttled', 'removed']),
    );
    expect(requests).toHaveLength(1);
    expect(rowsLeft()).toEqual([2]);
    unprocessed = () => false;
    expect(await store.remove(jobId, 3, [2])).toEqual(['removed']);
    expect(rowsLeft()).toEqual([]);
  });

  it('is deletions alone, by key', async () => {
    const [request] = await during(() => store.remove(jobId, 3, [7]));
    const pk = { S: expect.stringContaining(jobId) };
    expect(bodyOf(request)).toEqual({
      RequestItems: { [table]: [{ DeleteRequest: { Key: { pk, row: { N: '7' } } } }] },
    });
  });

  it('is a throttle of all its rows when the whole call is throttled, asked for once', async () => {
    await store.insert(jobId, [rowOf(1)]);
    endpoint.script({ when: isRemoval, instead: dynamoDbError('ProvisionedThroughputExceededException', secret) });
    const requests = await during(async () =>
      expect(await store.remove(jobId, 3, [1, 2])).toEqual(['throttled', 'throttled']),
    );
    expect(requests).toHaveLength(1);
    expect(rowsLeft()).toEqual([1]);
  });

  it.each([
    ['AccessDeniedException', 'UNKNOWN'],
    ['InternalServerError', 'UNKNOWN'],
    ['ValidationException', 'SERVICE_REFUSED'],
  ])('throws when the whole call fails with %s', async (type, code) => {
    endpoint.script({ when: isRemoval, instead: dynamoDbError(type, secret) });
    const thrown: unknown = await store.remove(jobId, 3, [1]).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ name: 'SluiceError', code });
    expect(String(thrown)).not.toContain(secret);
  });

  it('succeeds again after its answer was lost', async () => {
    await store.insert(jobId, [rowOf(1)]);
    endpoint.script({ when: isRemoval, after: 'lose' });
    await expect(store.remove(jobId, 3, [1])).rejects.toMatchObject({ code: 'UNKNOWN' });
    expect(await store.remove(jobId, 3, [1])).toEqual(['removed']);
  });
});

describe('an insert of rows that are written off', () => {
  const odd = { code: `'?`, message: `"} '?, ${secret}` };

  it('has a statement of its own whose text never changes, and the error among its parameters', async () => {
    const requests = await during(async () => {
      await store.insert(jobId, [rowOf(1)], odd);
      await store.insert(jobId, [rowOf(2)], { code: 'B', message: 'c' });
    });
    const statements = requests.map(
      (request) => (bodyOf(request) as { Statements: { Statement: string; Parameters: unknown[] }[] }).Statements[0],
    );
    expect(new Set(statements.map((statement) => statement?.Statement)).size).toBe(1);
    expect(statements[0]?.Statement).not.toContain(secret);
    expect(statements[0]?.Parameters.at(-1)).toEqual({ S: JSON.stringify([odd.code, odd.message]) });
  });

  it('never is PENDING: no stage may take it up from the stream', async () => {
    await store.insert(jobId, [rowOf(1)], odd);
    expect(scripted.itemsOf(table)).toMatchObject([
      {
        status: { S: 'FAILED' },
        error: { S: JSON.stringify([odd.code, odd.message]) },
        created: { N: '1700000000000' },
        finished: { N: '1700000000000' },
      },
    ]);
  });

  it('is refused where row and error together are more than an item holds, and its neighbours are taken', async () => {
    const large = { code: 'A', message: 'b'.repeat(300 * 1024) };
    const rows = [rowOf(1, 'a'.repeat(200 * 1024)), rowOf(2)];
    expect(await store.insert(jobId, rows, large)).toEqual(['refused', 'inserted']);
  });
});
