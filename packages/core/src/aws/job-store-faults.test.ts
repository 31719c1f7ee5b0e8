import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ChunkPlan, DeadMark, Job, JobStore } from '../ports/job-store.ts';
import { createAwsJobs } from './job-store.ts';
import { createScriptedDynamoDb, dynamoDbError } from './scripted-dynamodb.ts';
import type { ScriptedEndpoint, ScriptedRequest } from './scripted-endpoint.ts';
import { startScriptedEndpoint } from './scripted-endpoint.ts';
import type { TableSetUps } from './table-contract-set-up.ts';
import { createTableSetUps, jobsTable } from './table-contract-set-up.ts';

// What DynamoDB answers besides success, and what the jobs table makes of it.

const jobId = '0123456789abcdefghjkmnpqrs';
const secret = 'the content of a file';

const job: Job = {
  jobId,
  file: { bucket: 'uploads', key: 'in/a file.csv', etag: '"0-1"', bytes: 100 },
  profile: { prefix: 'in/' },
  schemaHash: 'hash',
  codeVersion: '1',
  rowsPerMessage: 0,
  createdAt: 1_700_000_000_000,
  state: 'PLANNING',
  repairs: 0,
  auditAt: 0,
};
const planOf = (chunk: number): ChunkPlan => ({ chunk, start: 0, end: 1, firstRow: 1, rows: 1, firstLine: 2 });
const markOf = (row: number, message = 'why'): DeadMark => ({
  jobId,
  stage: 'LOST',
  chunk: 0,
  row,
  code: 'LOST',
  message,
  attempts: 3,
});
const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

let endpoint: ScriptedEndpoint;
let setUps: TableSetUps;
let store: JobStore;
let table: string;
const scripted = createScriptedDynamoDb();

beforeAll(async () => {
  endpoint = await startScriptedEndpoint({ dynamodb: scripted.service });
  setUps = createTableSetUps(endpoint.url);
});
afterAll(() => endpoint.close());
beforeEach(async () => {
  ({ table } = await setUps.createTable(jobsTable));
  store = createAwsJobs(setUps.clients.reads, table);
});

const is =
  (...operations: readonly string[]) =>
  ({ operation }: ScriptedRequest): boolean =>
    operations.includes(operation);
const during = async (work: () => Promise<unknown>): Promise<readonly ScriptedRequest[]> => {
  const before = endpoint.requests.length;
  await work();
  return endpoint.requests.slice(before);
};
const bodyOf = (request: ScriptedRequest | undefined): Record<string, unknown> =>
  JSON.parse(request?.body.toString() ?? '') as Record<string, unknown>;
const drain = async (pages: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of pages);
};

const writes: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['createJob', () => store.createJob(job)],
  ['changeJob', () => store.changeJob(jobId, ['PLANNING'], { state: 'OPEN' })],
  ['takeLease', () => store.takeLease(jobId, 'plan', 'a', 1, 2)],
  ['releaseLease', () => store.releaseLease(jobId, 'plan', 'a')],
  ['putChunks', () => store.putChunks(jobId, [planOf(0)])],
  ['putCounts', () => store.putCounts(jobId, 0, { accepted: 1, rejected: 0 })],
  ['closeChunk', () => store.closeChunk(jobId, 0, { done: 1, failed: 0 })],
  ['putMarks', () => store.putMarks([markOf(1)])],
  ['removeMarks', () => store.removeMarks([markOf(1)])],
  ['noteFile', () => store.noteFile(job.file)],
];
const reads: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['getJob', () => store.getJob(jobId)],
  ['listChunks', () => drain(store.listChunks(jobId))],
  ['listMarks', () => drain(store.listMarks(jobId))],
  ['listDueJobs', () => drain(store.listDueJobs(1))],
  ['listJobs', () => drain(store.listJobs())],
  ['hasFile', () => store.hasFile(job.file)],
];
const isAny = is('PutItem', 'UpdateItem', 'DeleteItem', 'GetItem', 'Query');

describe('the jobs table when it is throttled or down', () => {
  it.each([...writes, ...reads])('%s throws THROTTLED when it is throttled', async (_, call) => {
    // Over the client that does not try again: its waits are the SDK's own.
    store = createAwsJobs(setUps.clients.writes, table);
    endpoint.script({ when: isAny, instead: dynamoDbError('ProvisionedThroughputExceededException', secret) });
    const thrown: unknown = await call().catch((error: unknown) => error);
    expect(thrown).toMatchObject({ name: 'SluiceError', code: 'THROTTLED', permanent: false });
    expect(String(thrown)).not.toContain(secret);
  });

  it('is asked three times in all by the client that the product uses', async () => {
    await store.createJob(job);
    endpoint.script({ when: isAny, times: 2, instead: dynamoDbError('InternalServerError', '', 500) });
    const requests = await during(async () => expect(await store.getJob(jobId)).toEqual(job));
    expect(requests).toHaveLength(3);
  });

  it.each([...writes, ...reads])('%s throws SERVICE_REFUSED at once for what is not valid', async (_, call) => {
    endpoint.script({ when: isAny, instead: dynamoDbError('ValidationException', secret) });
    const requests = await during(async () => {
      const thrown: unknown = await call().catch((error: unknown) => error);
      expect(thrown).toMatchObject({ name: 'SluiceError', code: 'SERVICE_REFUSED' });
      expect(String(thrown)).not.toContain(secret);
    });
    expect(requests).toHaveLength(1);
  });

  it.each([...writes, ...reads])('%s is transient without permission', async (_, call) => {
    endpoint.script({ when: isAny, instead: dynamoDbError('AccessDeniedException', secret) });
    const thrown: unknown = await call().catch((error: unknown) => error);
    expect(thrown).toMatchObject({ name: 'SluiceError', code: 'UNKNOWN', permanent: false });
    expect(String(thrown)).not.toContain(secret);
  });

  it('begins no further writes after one that failed', async () => {
    endpoint.script({ when: is('PutItem'), instead: dynamoDbError('AccessDeniedException') });
    const requests = await during(() =>
      expect(store.putChunks(jobId, range(0, 999).map(planOf))).rejects.toMatchObject({ code: 'UNKNOWN' }),
    );
    expect(requests.length).toBeLessThan(100);
    // The same again writes what is missing.
    await store.putChunks(jobId, range(0, 29).map(planOf));
    expect(scripted.itemsOf(table)).toHaveLength(30);
  });
});

describe('an answer of the jobs table that is lost', () => {
  it.each<readonly [string, () => Promise<unknown>]>([
    ['createJob', () => store.createJob(job)],
    ['putCounts', () => store.putCounts(jobId, 0, { accepted: 1, rejected: 0 })],
    ['closeChunk', () => store.closeChunk(jobId, 0, { done: 1, failed: 0 })],
  ])('makes %s meet its own effect, once', async (_, call) => {
    await store.putChunks(jobId, [planOf(0)]);
    endpoint.script({ when: is('PutItem', 'UpdateItem'), after: 'lose' });
    expect(await call()).toBe(false);
    expect(await call()).toBe(false);
  });

  it('changes nothing for a lease that was taken', async () => {
    endpoint.script({ when: is('PutItem'), after: 'lose' });
    expect(await store.takeLease(jobId, 'plan', 'a', 1000, 2000)).toBe(true);
    expect(await store.takeLease(jobId, 'plan', 'b', 1000, 2000)).toBe(false);
  });

  it('changes nothing for chunks and marks', async () => {
    endpoint.script({ when: is('PutItem'), times: 3, after: 'lose' });
    await store.putChunks(jobId, [planOf(0), planOf(1)]);
    endpoint.script({ when: is('PutItem'), times: 2, after: 'lose' });
    await store.putMarks([markOf(1), markOf(2)]);
    expect(scripted.itemsOf(table)).toHaveLength(4);
  });
});

describe('what the jobs table is sent', () => {
  it('is a job with `open` for as long as it is open', async () => {
    await store.createJob(job);
    const itemNow = () => scripted.itemsOf(table)[0];
    expect(itemNow()).toMatchObject({
      pk: { S: jobId },
      sk: { S: 'job' },
      state: { S: 'PLANNING' },
      open: { S: 'open' },
    });
    await store.changeJob(jobId, ['PLANNING'], { repairs: 1 });
    expect(itemNow()).toHaveProperty('open');
    await store.changeJob(jobId, ['PLANNING'], { state: 'COMPLETE' });
    expect(itemNow()).toHaveProperty('open');
    await store.changeJob(jobId, ['COMPLETE'], { announcedAt: 1 });
    expect(itemNow()).not.toHaveProperty('open');
    await store.changeJob(jobId, ['COMPLETE'], { repairs: 2 });
    expect(itemNow()).not.toHaveProperty('open');
    await store.changeJob(jobId, ['COMPLETE'], { state: 'HELD' });
    expect(itemNow()).toHaveProperty('open');
    expect(itemNow()).not.toHaveProperty('announcedAt');
  });

  it('is a job whose end was told, without `open` from the start', async () => {
    await store.createJob({ ...job, state: 'REFUSED', announcedAt: 1 });
    expect(scripted.itemsOf(table)[0]).not.toHaveProperty('open');
  });

  it('holds nothing of a user’s in an expression', async () => {
    const odd = ':a #b = "c"';
    const requests = await during(async () => {
      await store.createJob({ ...job, profile: { prefix: odd, schema: { [odd]: odd } }, codeVersion: odd });
      await store.changeJob(jobId, ['PLANNING'], { reason: { code: odd, message: odd } });
      await store.takeLease(jobId, 'plan', odd, 1, 2);
      await store.releaseLease(jobId, 'plan', odd);
      await store.putChunks(jobId, [planOf(0)]);
      await store.putCounts(jobId, 0, { accepted: 1, rejected: 1, rejects: odd });
      await store.putMarks([{ ...markOf(1, odd), code: odd }]);
      await store.removeMarks([{ ...markOf(1, odd), code: odd }]);
    });
    expect(scripted.itemsOf(table).filter(({ mark }) => mark !== undefined)).toEqual([]);
    for (const request of requests) {
      const expressions = Object.entries(bodyOf(request)).filter(([name]) => name.endsWith('Expression'));
      expect(JSON.stringify(expressions)).not.toContain('c"');
      for (const [, text] of expressions) expect(text).toMatch(/^[#:\w\s,()=<]+$/);
    }
  });

  it('asks for consistent answers but for the indexes', async () => {
    await store.createJob(job);
    const requests = await during(async () => {
      for (const [, read] of reads) await read();
    });
    expect(requests.map((request) => bodyOf(request)['ConsistentRead'] ?? false)).toEqual([
      true,
      true,
      true,
      false,
      // Which jobs there are, and each of them.
      false,
      true,
      true,
    ]);
  });

  it('is a job that stands among all jobs from its creation on, and is never moved there', async () => {
    await store.createJob(job);
    const placeNow = () => {
      const { created, createdAt } = scripted.itemsOf(table)[0] ?? {};
      return { created, createdAt };
    };
    expect(placeNow()).toEqual({ created: { S: 'job' }, createdAt: { N: '1700000000000' } });
    await store.changeJob(jobId, ['PLANNING'], { state: 'COMPLETE', announcedAt: 1 });
    await store.changeJob(jobId, ['COMPLETE'], { forgottenAt: 2 });
    expect(placeNow()).toEqual({ created: { S: 'job' }, createdAt: { N: '1700000000000' } });
  });

  it('is a mark whose text does not go by the order in which its parts were written down', async () => {
    const { message, ...rest } = markOf(1);
    await store.putMarks([{ message, ...rest }]);
    const [item] = scripted.itemsOf(table);
    await store.putMarks([{ ...rest, message }]);
    expect(scripted.itemsOf(table)[0]).toEqual(item);
  });

  it('is a mark that can be removed as it was read, though another version wrote its parts in another order', async () => {
    const { stage, message, ...rest } = markOf(1);
    await store.putMarks([markOf(1)]);
    const [item] = scripted.itemsOf(table);
    const Item = { ...item, mark: { S: JSON.stringify({ ...rest, message, stage }) } } as Record<
      string,
      AttributeValue
    >;
    await setUps.clients.reads.send(new PutItemCommand({ TableName: table, Item }));
    for await (const marks of store.listMarks(jobId)) await store.removeMarks(marks);
    expect(scripted.itemsOf(table)).toEqual([]);
  });

  it('is one mark of two on the same place, the later', async () => {
    const requests = await during(() => store.putMarks([markOf(1, 'older'), markOf(2), markOf(1, 'newer')]));
    expect(requests).toHaveLength(2);
    for await (const marks of store.listMarks(jobId)) {
      expect(marks.map(({ message }) => message)).toEqual(['newer', 'why']);
    }
  });

  it('keeps half a pair of surrogates', async () => {
    await store.createJob({ ...job, profile: { prefix: '\ud83d', schema: ['\udc00'] } });
    await store.putMarks([markOf(1, '\ud83d')]);
    expect((await store.getJob(jobId))?.profile).toEqual({ prefix: '\ud83d', schema: ['\udc00'] });
    for await (const marks of store.listMarks(jobId)) expect(marks[0]?.message).toBe('\ud83d');
  });
});

describe('the list of jobs', () => {
  const createJobs = async (count: number): Promise<string[]> => {
    const ids = range(1, count).map((number) => `job-${String(number).padStart(5, '0')}`);
    for (const [index, id] of ids.entries()) await store.createJob({ ...job, jobId: id, createdAt: index });
    return ids;
  };

  it('reads a page of jobs only when it is asked for', async () => {
    const ids = await createJobs(101);
    const pages = store.listJobs()[Symbol.asyncIterator]();
    const requests = await during(async () => {
      const { value } = await pages.next();
      expect((value as readonly Job[]).map(({ jobId: id }) => id)).toEqual(ids.toReversed().slice(0, 100));
    });
    expect(requests.map(({ operation }) => operation)).toEqual(['Query', ...range(1, 100).map(() => 'GetItem')]);
  });

  it('leaves out a job that the index still has and the table has not', async () => {
    await createJobs(2);
    endpoint.script({ when: is('GetItem'), instead: { status: 200, body: '{}' } });
    const listed = await Array.fromAsync(store.listJobs());
    expect(listed.flat()).toHaveLength(1);
  });

  it('begins no further reads after one that failed', async () => {
    await createJobs(90);
    endpoint.script({ when: is('GetItem'), instead: dynamoDbError('AccessDeniedException') });
    const requests = await during(() => expect(drain(store.listJobs())).rejects.toMatchObject({ code: 'UNKNOWN' }));
    expect(requests.length).toBeLessThan(60);
  });
});

describe('a job that no item can hold', () => {
  const large = { ...job, profile: { prefix: 'in/', schema: { columns: 'a'.repeat(400 * 1024) } } };

  it('is refused before it is sent', async () => {
    const requests = await during(async () => {
      await expect(store.createJob(large)).rejects.toMatchObject({
        code: 'SERVICE_REFUSED',
        message: expect.stringMatching(/^expected a job of at most 409600 bytes in the jobs table, found \d{6}$/),
      });
    });
    expect(requests).toEqual([]);
    expect(await store.getJob(jobId)).toBeUndefined();
  });

  it('is refused by the table where only all of it is too much', async () => {
    await store.createJob({ ...job, profile: { prefix: 'in/', schema: 'a'.repeat(300 * 1024) } });
    const reason = { code: 'A', message: 'b'.repeat(200 * 1024) };
    await expect(store.changeJob(jobId, ['PLANNING'], { reason })).rejects.toMatchObject({ code: 'SERVICE_REFUSED' });
    expect((await store.getJob(jobId))?.reason).toBeUndefined();
  });
});
