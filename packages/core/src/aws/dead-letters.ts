import {
  type BatchResultErrorEntry,
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { SluiceError } from '../errors.ts';
import type { DeadLetters } from '../ports/dead-letters.ts';
import { batchEntriesMax } from '../ports/queue.ts';
import { toServiceError } from './service-error.ts';

/** Long enough that every server of the queue is asked, not only a few of them. Source: SQS, "Short and long polling". */
const waitSeconds = 1;

/** What no further try can mend. Source: the error lists of the calls. */
const refusals: ReadonlySet<string> = new Set(['EmptyBatchRequest', 'InvalidParameterValue', 'ReceiptHandleIsInvalid']);

/** Why a message cannot be shown again: somebody else has it, or it is gone, or it is to be seen already. */
const passedOver: ReadonlySet<string> = new Set([
  'AWS.SimpleQueueService.MessageNotInflight',
  'InvalidParameterValue',
  'MessageNotInflight',
  'ReceiptHandleIsInvalid',
]);

const call = async <Answer>(operation: string, send: () => Promise<Answer>): Promise<Answer> => {
  try {
    return await send();
  } catch (thrown) {
    throw toServiceError(operation, thrown, refusals);
  }
};

/** Entries whose ids are their positions. */
const entriesOf = (receiptHandles: readonly string[]) => {
  if (receiptHandles.length > batchEntriesMax) {
    throw new SluiceError(
      'SERVICE_REFUSED',
      `expected at most ${batchEntriesMax} messages in a call, found ${receiptHandles.length}`,
    );
  }
  return receiptHandles.map((handle, index) => ({ Id: `${index}`, ReceiptHandle: handle }));
};

/** A dead-letter queue of SQS behind its URL. */
export const createAwsDeadLetters = (client: SQSClient, url: string): DeadLetters => ({
  async receive(hiddenSeconds) {
    const command = new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: batchEntriesMax,
      VisibilityTimeout: Math.ceil(hiddenSeconds),
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['SentTimestamp'],
    });
    const { Messages = [] } = await call('ReceiveMessage', () => client.send(command));
    return Messages.map(({ MessageId: id, ReceiptHandle: receiptHandle, Body: body, Attributes }) => {
      const sentAt = Number(Attributes?.SentTimestamp);
      if (id === undefined || receiptHandle === undefined || body === undefined || !Number.isInteger(sentAt)) {
        throw new SluiceError('UNKNOWN', 'expected a message with an id, a body and a time, found one of them missing');
      }
      return { id, receiptHandle, body, sentAt };
    });
  },

  async release(receiptHandles) {
    if (receiptHandles.length === 0) return;
    const Entries = entriesOf(receiptHandles).map((entry) => ({ ...entry, VisibilityTimeout: 0 }));
    const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries });
    const { Failed = [] } = await call('ChangeMessageVisibilityBatch', () => client.send(command));
    const [failed] = Failed.filter(({ Code = '' }: BatchResultErrorEntry) => !passedOver.has(Code));
    if (failed !== undefined) {
      throw new SluiceError('UNKNOWN', `expected every message to be shown again, found ${failed.Code} of one`);
    }
  },

  async remove(receiptHandles) {
    if (receiptHandles.length === 0) return [];
    const command = new DeleteMessageBatchCommand({ QueueUrl: url, Entries: entriesOf(receiptHandles) });
    const { Successful = [] } = await call('DeleteMessageBatch', () => client.send(command));
    // What is named nowhere was not confirmed either.
    const confirmed = new Set(Successful.map(({ Id }) => Id));
    return receiptHandles.map((_, index) => confirmed.has(`${index}`));
  },

  async count() {
    const command = new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    });
    const { Attributes } = await call('GetQueueAttributes', () => client.send(command));
    const countOf = (name: 'ApproximateNumberOfMessages' | 'ApproximateNumberOfMessagesNotVisible'): number => {
      const count = Number(Attributes?.[name]);
      if (!Number.isInteger(count)) throw new SluiceError('UNKNOWN', `expected a count as ${name}, found none`);
      return count;
    };
    return countOf('ApproximateNumberOfMessages') + countOf('ApproximateNumberOfMessagesNotVisible');
  },
});
