import { GetQueueAttributesCommand, ReceiveMessageCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { queueContract } from '../ports/queue.contract.ts';
import { messageBytesMax, type QueueEntry } from '../ports/queue.ts';
import { type ClientOptions, createSqsClient } from './clients.ts';
import { setUpQueue } from './contract-set-up.ts';
import { createAwsQueue } from './queue.ts';
import {
  type ScriptedEndpoint,
  type ScriptedRequest,
  scriptedAccess,
  startScriptedEndpoint,
} from './scripted-endpoint.ts';
import { createScriptedSqs } from './scripted-sqs.ts';

const isSend = ({ operation }: ScriptedRequest): boolean => operation === 'SendMessageBatch';
const isDepth = ({ operation }: ScriptedRequest): boolean => operation === 'GetQueueAttributes';
const entriesOf = (...bodies: readonly string[]): QueueEntry[] =>
  bodies.map((body, index) => ({ id: `${index}`, body }));

let endpoint: ScriptedEndpoint;
let options: ClientOptions;
beforeAll(async () => {
  endpoint = await startScriptedEndpoint({ sqs: createScriptedSqs() });
  options = { ...scriptedAccess, endpoint: endpoint.url };
});
afterAll(() => endpoint.close());

queueContract('the AWS queue over the scripted endpoint', () => setUpQueue(options));

describe('the AWS queue', () => {
  let made: Awaited<ReturnType<typeof setUpQueue>>;
  let requestsBefore: number;
  beforeEach(async () => {
    made = await setUpQueue(options);
    requestsBefore = endpoint.requests.length;
  });
  afterEach(() => made.close());

  const requests = (): readonly ScriptedRequest[] => endpoint.requests.slice(requestsBefore);
  /** The URL of the queue that the test sent to. */
  const urlOf = (): string => {
    const { QueueUrl } = JSON.parse(requests().find(isSend)?.body.toString() ?? '{}') as { readonly QueueUrl: string };
    return QueueUrl;
  };

  describe('an empty message', () => {
    it('is refused with its batch: SQS takes none', async () => {
      await expect(made.queue.sendBatch(entriesOf('a', ''))).rejects.toMatchObject({
        code: 'SERVICE_REFUSED',
        message: 'expected a message of 1 to 262144 bytes, found 0',
      });
      expect(await made.receiveAll()).toEqual([]);
    });
  });

  describe('the depth of a queue', () => {
    it('asks for the age of the oldest message only when there is one', async () => {
      await made.queue.sendBatch(entriesOf('a'));
      const asked = vi.fn(async () => 77);
      const queue = createAwsQueue(createSqsClient(options), urlOf(), asked);
      expect(await queue.depth()).toEqual({ visible: 1, inFlight: 0, delayed: 0, oldestAgeSeconds: 77 });
      const empty = JSON.stringify({
        Attributes: {
          ApproximateNumberOfMessages: '0',
          ApproximateNumberOfMessagesNotVisible: '0',
          ApproximateNumberOfMessagesDelayed: '0',
        },
      });
      endpoint.script({ when: isDepth, instead: { status: 200, body: empty } });
      expect(await queue.depth()).toEqual({ visible: 0, inFlight: 0, delayed: 0, oldestAgeSeconds: 0 });
      expect(asked).toHaveBeenCalledTimes(1);
    });

    it('cannot be asked of a queue without an age, and is not', async () => {
      await expect(createAwsQueue(createSqsClient(options), 'url').depth()).rejects.toMatchObject({
        code: 'SERVICE_REFUSED',
      });
      expect(requests().filter(isDepth)).toEqual([]);
    });

    it('throws when a count is missing', async () => {
      endpoint.script({ when: isDepth, instead: { status: 200, body: '{}' } });
      await expect(made.queue.depth()).rejects.toMatchObject({
        code: 'UNKNOWN',
        message: 'expected a count as ApproximateNumberOfMessages, found none',
      });
    });
  });

  describe('the scripted SQS', () => {
    it('refuses by the entry what the service refuses by the entry, and takes the others', async () => {
      await made.queue.sendBatch(entriesOf('first'));
      const QueueUrl = urlOf();
      const client = createSqsClient(options);
      const bodies = ['fits', 'a'.repeat(messageBytesMax + 1), 'a\u0000', '\ufffe'];
      const Entries = [
        ...bodies.map((MessageBody, index) => ({ Id: `${index}`, MessageBody })),
        { Id: '4', MessageBody: 'late', DelaySeconds: 901 },
      ];
      const { Successful, Failed } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
      expect(Successful?.map(({ Id }) => Id)).toEqual(['0']);
      expect(Failed?.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault])).toEqual([
        ['1', 'InvalidParameterValue', true],
        ['2', 'InvalidMessageContents', true],
        ['3', 'InvalidMessageContents', true],
        ['4', 'InvalidParameterValue', true],
      ]);
      const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      expect(Messages?.map(({ Body }) => Body)).toEqual(['first', 'fits']);
      const AttributeNames = ['MaximumMessageSize', 'VisibilityTimeout'] as const;
      const { Attributes } = await client.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...AttributeNames] }),
      );
      expect(Attributes).toEqual({ MaximumMessageSize: '262144', VisibilityTimeout: '600' });
    });
  });
});
