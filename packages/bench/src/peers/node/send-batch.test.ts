import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { forEachInFlight } from './in-flight.ts';
import { sendBatch } from './send-batch.ts';

type Entry = { readonly Id: string; readonly MessageBody: string };

describe('sendBatch', () => {
  it('sends those again that the answer names as failed, and no others', async () => {
    const calls: string[][] = [];
    const server = createServer(async (request, response) => {
      let text = '';
      for await (const piece of request) text += String(piece);
      const { Entries } = JSON.parse(text) as { readonly Entries: readonly Entry[] };
      calls.push(Entries.map(({ MessageBody }) => MessageBody));
      const Failed = calls.length === 1 ? [{ Id: Entries[1]?.Id, SenderFault: false, Code: 'InternalError' }] : [];
      response.end(JSON.stringify({ Successful: [], Failed }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const credentials = { accessKeyId: 'null', secretAccessKey: 'null' };
    const client = new SQSClient({ endpoint: url, region: 'us-east-1', credentials });
    try {
      await sendBatch(client, `${url}/000000000000/rows`, ['a', 'b', 'c']);
    } finally {
      client.destroy();
      server.closeAllConnections();
      server.close();
    }
    expect(calls).toEqual([['a', 'b', 'c'], ['b']]);
  });
});

describe('forEachInFlight', () => {
  it('takes every item, and never more at a time than it may', async () => {
    let running = 0;
    let most = 0;
    const taken: number[] = [];
    await forEachInFlight([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      taken.push(item);
      running--;
    });
    expect(taken).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(most).toBe(3);
  });

  it('rejects with what a call throws, and takes no further items', async () => {
    const taken: number[] = [];
    const run = forEachInFlight([1, 2, 3, 4], 1, async (item) => {
      taken.push(item);
      if (item === 2) throw new Error('refused');
    });
    await expect(run).rejects.toThrow('refused');
    expect(taken).toEqual([1, 2]);
  });
});
