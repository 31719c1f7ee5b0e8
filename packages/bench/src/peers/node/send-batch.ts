import { setTimeout } from 'node:timers/promises';
import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';

/** Source: SendMessageBatch API reference. */
export const batchMax = 10;
/** Tries of an entry, the first included, and the wait before the second, doubled before each further one. */
const triesMax = 5;
const waitMilliseconds = 100;

/** Sends up to ten bodies, and those again that the answer names as failed. */
export const sendBatch = async (client: SQSClient, queueUrl: string, bodies: readonly string[]): Promise<void> => {
  let entries = bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody }));
  for (let tries = 1; ; tries++) {
    const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
    if (Failed.length === 0) return;
    if (tries === triesMax) throw new Error(`expected all messages to be taken, found ${Failed.length} refused`);
    const failed = new Set(Failed.map(({ Id }) => Id));
    entries = entries.filter(({ Id }) => failed.has(Id));
    await setTimeout(waitMilliseconds * 2 ** (tries - 1));
  }
};

/** Bodies ten by ten. */
export function* batchesOf<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += batchMax) yield items.slice(at, at + batchMax);
}
