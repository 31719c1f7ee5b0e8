import { createHash } from 'node:crypto';
import { BatchExecuteStatementCommand, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWriteClient } from './clients.ts';
import { acceptPreparedBodies, prepareBody } from './prepared-body.ts';
import type { ScriptedEndpoint } from './scripted-endpoint.ts';
import { scriptedAccess, startScriptedEndpoint } from './scripted-endpoint.ts';

let endpoint: ScriptedEndpoint;
beforeEach(async () => {
  endpoint = await startScriptedEndpoint({ dynamodb: async () => ({ status: 200, body: '{"Responses":[]}' }) });
});
afterEach(() => endpoint.close());

const createClient = () => {
  const client = createWriteClient({ ...scriptedAccess, endpoint: endpoint.url });
  acceptPreparedBodies(client);
  return client;
};

const sendText = (client: ReturnType<typeof createClient>, json: string) => {
  const command = new BatchExecuteStatementCommand({ Statements: [] });
  prepareBody(command.input, json);
  return client.send(command);
};

const texts = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `{"Statements":[{"Statement":"ünïcode ${'😀'.repeat(index)}"}]}`);

describe('a body that is ready as text', () => {
  it('is what is sent, measured and signed', async () => {
    const [text = ''] = texts(1);
    await sendText(createClient(), text);
    const [request] = endpoint.requests;
    expect(request?.body.toString()).toBe(text);
    expect(request?.headers).toMatchObject({
      'content-length': String(Buffer.byteLength(text)),
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-content-sha256': createHash('sha256').update(text).digest('hex'),
      'x-amz-target': 'DynamoDB_20120810.BatchExecuteStatement',
    });
    expect(request?.headers['authorization']).toMatch(/SignedHeaders=[^,]*x-amz-content-sha256/);
  });

  it('goes with its own call, of many at once', async () => {
    const client = createClient();
    await Promise.all(texts(20).map((text) => sendText(client, text)));
    expect(endpoint.requests.map(({ body }) => body.toString()).sort()).toEqual(texts(20).sort());
  });

  it('leaves the other calls of its client alone', async () => {
    const client = createClient();
    await sendText(client, texts(1)[0] ?? '');
    await client.send(new BatchExecuteStatementCommand({ Statements: [{ Statement: 'of the input' }] }));
    await client.send(new GetItemCommand({ TableName: 'table', Key: { pk: { S: 'key' } } }));
    expect(endpoint.requests.slice(1).map(({ body }) => JSON.parse(body.toString()))).toEqual([
      { Statements: [{ Statement: 'of the input' }] },
      { TableName: 'table', Key: { pk: { S: 'key' } } },
    ]);
  });
});
