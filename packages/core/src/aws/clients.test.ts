import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createS3Client, createSqsClient, createTableClient, createWriteClient } from './clients.ts';
import {
  type ScriptedEndpoint,
  type ScriptedReply,
  scriptedAccess,
  startScriptedEndpoint,
} from './scripted-endpoint.ts';

const socketsMax = 16;
/** Turns of the event loop after which whatever is to arrive has arrived. */
const turns = 50;

let endpoint: ScriptedEndpoint;
/** What an answer waits for. */
let held: () => Promise<void>;
beforeEach(async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  held = async () => undefined;
  const answer = async (): Promise<ScriptedReply> => {
    await held();
    return { status: 200, body: '{}' };
  };
  endpoint = await startScriptedEndpoint({
    sqs: answer,
    dynamodb: answer,
    s3: async () => ({ status: 200, body: '' }),
  });
});
afterEach(async () => {
  await endpoint.close();
  vi.restoreAllMocks();
});

const ask = (client: ReturnType<typeof createSqsClient>) =>
  client.send(new GetQueueAttributesCommand({ QueueUrl: 'url' }));

describe('a client', () => {
  it('keeps its connection from call to call', async () => {
    const client = createSqsClient({ ...scriptedAccess, endpoint: endpoint.url });
    for (let call = 0; call < 5; call++) await ask(client);
    expect(endpoint.requests).toHaveLength(5);
    expect(endpoint.connections).toBe(1);
  });

  it.each([
    ['16', socketsMax, {}],
    ['as many as it is given', 20, { sockets: 20 }],
  ])('has no more calls under way than it may have connections: %s', async (_, connections, options) => {
    let underWay = 0;
    let most = 0;
    held = async () => {
      most = Math.max(most, ++underWay);
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      underWay--;
    };
    const client = createSqsClient({ ...scriptedAccess, endpoint: endpoint.url, ...options });
    await Promise.all(Array.from({ length: 3 * socketsMax }, () => ask(client)));
    expect([most, endpoint.connections]).toEqual([connections, connections]);
  });

  it('counts the wait for a connection that others have as the wait for one', async () => {
    held = () => new Promise(() => undefined);
    const timeouts = { connectionMilliseconds: 50, answerMilliseconds: 60_000, silenceMilliseconds: 60_000 };
    const client = createSqsClient({ ...scriptedAccess, endpoint: endpoint.url, timeouts, sockets: 1, attempts: 1 });
    const first = ask(client);
    await expect(ask(client)).rejects.toMatchObject({ name: 'TimeoutError' });
    client.destroy();
    await expect(first).rejects.toThrow();
  });

  const answeringWithin = (answerMilliseconds: number) =>
    createSqsClient({
      ...scriptedAccess,
      endpoint: endpoint.url,
      timeouts: { connectionMilliseconds: 1_000, answerMilliseconds, silenceMilliseconds: 10_000 },
    });

  it('gives a call up that is not answered, and tries it again', async () => {
    let calls = 0;
    held = () => (++calls === 1 ? new Promise(() => undefined) : Promise.resolve());
    expect((await ask(answeringWithin(500))).$metadata).toMatchObject({ httpStatusCode: 200, attempts: 2 });
  });

  it('gives a call up for good that is never answered', async () => {
    held = () => new Promise(() => undefined);
    await expect(ask(answeringWithin(50))).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(endpoint.requests).toHaveLength(3);
  });

  it('tries a call as often as it is told', async () => {
    endpoint.script({ when: () => true, instead: { status: 500, body: '{}' }, times: 10 });
    const client = createSqsClient({ ...scriptedAccess, endpoint: endpoint.url, attempts: 5 });
    await expect(ask(client)).rejects.toThrow();
    expect(endpoint.requests).toHaveLength(5);
  });

  it('names a bucket in the path only where an endpoint is given', () => {
    expect(createS3Client({ ...scriptedAccess, endpoint: endpoint.url }).config.forcePathStyle).toBe(true);
    expect(createS3Client({ ...scriptedAccess }).config.forcePathStyle).toBe(false);
  });
});

describe('a client of tables', () => {
  const throttled = {
    status: 400,
    body: JSON.stringify({ __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException' }),
  };

  it.each([
    ['tries a throttled call three times', createTableClient, 3],
    ['tries it once when it is for writes', createWriteClient, 1],
  ])('%s', async (_, createClient, tries) => {
    endpoint.script({ when: () => true, instead: throttled, times: 10 });
    const client = createClient({ ...scriptedAccess, endpoint: endpoint.url });
    await expect(client.send(new DescribeTableCommand({ TableName: 'rows' }))).rejects.toMatchObject({
      name: 'ProvisionedThroughputExceededException',
    });
    expect(endpoint.requests).toHaveLength(tries);
  });
});

describe('a client for writes', () => {
  it('signs every call with the credentials of its time', async () => {
    let issued = 0;
    const client = createWriteClient({
      ...scriptedAccess,
      endpoint: endpoint.url,
      credentials: async () => ({
        accessKeyId: `key${++issued}`,
        secretAccessKey: 'scripted',
        sessionToken: `session${issued}`,
        expiration: new Date(Date.now() + 1_000),
      }),
    });
    for (let call = 0; call < 3; call++) await client.send(new DescribeTableCommand({ TableName: 'table' }));
    const sessions = endpoint.requests.map(({ headers }) => headers['x-amz-security-token']);
    expect(new Set(sessions).size).toBe(3);
    for (const [index, { headers }] of endpoint.requests.entries()) {
      expect(headers['authorization']).toContain(`Credential=${sessions[index]?.replace('session', 'key')}/`);
    }
  });
});
