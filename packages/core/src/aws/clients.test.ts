import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
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

  it('has no more calls under way than it may have connections', async () => {
    let underWay = 0;
    let most = 0;
    held = async () => {
      most = Math.max(most, ++underWay);
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      underWay--;
    };
    const client = createSqsClient({ ...scriptedAccess, endpoint: endpoint.url });
    await Promise.all(Array.from({ length: 3 * socketsMax }, () => ask(client)));
    expect(most).toBe(socketsMax);
    expect(endpoint.connections).toBe(socketsMax);
  });

  it('gives a call up that is not answered, and tries it again', async () => {
    let calls = 0;
    held = () => (++calls < 3 ? new Promise(() => undefined) : Promise.resolve());
    const timeouts = { connectionMilliseconds: 1_000, answerMilliseconds: 50, silenceMilliseconds: 1_000 };
    const client = createSqsClient({ ...scriptedAccess, endpoint: endpoint.url, timeouts });
    expect((await ask(client)).$metadata).toMatchObject({ httpStatusCode: 200, attempts: 3 });
    held = () => new Promise(() => undefined);
    await expect(ask(client)).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('names a bucket in the path where the endpoint is given', async () => {
    await createS3Client({ ...scriptedAccess, endpoint: endpoint.url }).send(
      new ListObjectsV2Command({ Bucket: 'name' }),
    );
    expect(endpoint.requests.map(({ path }) => path)).toEqual(['/name/']);
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
