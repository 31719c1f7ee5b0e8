import {
  type BatchResultErrorEntry,
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  type QueueAttributeName,
  SendMessageBatchCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { SluiceError } from '../errors.ts';
import type { BatchAnswer, Queue, QueueEntry } from '../ports/queue.ts';
import { delaySecondsMax, holdsRefusedCharacter, messageBytesMax, visibilitySecondsMax } from '../ports/queue.ts';
import { toServiceError } from './service-error.ts';

/** A batch that SQS refuses as a whole, however often it is sent. Source: error lists of the two batch calls. */
const refusals: ReadonlySet<string> = new Set([
  'BatchEntryIdsNotDistinct',
  'BatchRequestTooLong',
  'EmptyBatchRequest',
  'InvalidBatchEntryId',
  'InvalidMessageContents',
  'InvalidParameterValue',
  'MissingParameter',
  'TooManyEntriesInBatchRequest',
]);

const refuse = (message: string): never => {
  throw new SluiceError('SERVICE_REFUSED', message);
};

// SQS refuses these by the entry and takes the others, while the port promises that nothing of such a batch is taken. So
// they are looked for before the call. Whatever SQS refuses as a whole is left to SQS.

const checkSeconds = (seconds: number, max: number): void => {
  if (!(seconds >= 0 && seconds <= max)) refuse(`expected 0 to ${max} seconds, found ${seconds}`);
};

const checkEntry = ({ body, delaySeconds = 0 }: QueueEntry): void => {
  const bytes = Buffer.byteLength(body);
  if (bytes === 0 || bytes > messageBytesMax) {
    refuse(`expected a message of 1 to ${messageBytesMax} bytes, found ${bytes}`);
  }
  if (holdsRefusedCharacter(body)) refuse('expected only characters that SQS takes in a message, found another');
  checkSeconds(delaySeconds, delaySecondsMax);
};

type SdkAnswer = {
  readonly Successful: readonly { readonly Id: string | undefined }[] | undefined;
  readonly Failed: readonly BatchResultErrorEntry[] | undefined;
};

const toAnswer = ({ Successful = [], Failed = [] }: SdkAnswer): BatchAnswer => ({
  sent: Successful.map(({ Id }) => Id ?? ''),
  failed: Failed.map(({ Id, Code, SenderFault }) => ({
    id: Id ?? '',
    code: Code ?? 'UNKNOWN',
    senderFault: SenderFault ?? false,
  })),
});

const call = async <Answer>(operation: string, send: () => Promise<Answer>): Promise<Answer> => {
  try {
    return await send();
  } catch (thrown) {
    throw toServiceError(operation, thrown, refusals);
  }
};

/**
 * An SQS queue behind its URL. The SDK compares the MD5 of each body with the answer's and throws where they differ, though
 * the batch was taken: like any answer that was lost, that is transient here, and sending again makes duplicates.
 * `oldestAgeSeconds` is needed for `depth` alone, see `oldest-age.ts`; without it `depth` throws SERVICE_REFUSED.
 */
export const createAwsQueue = (client: SQSClient, url: string, oldestAgeSeconds?: () => Promise<number>): Queue => ({
  async sendBatch(entries) {
    entries.forEach(checkEntry);
    const command = new SendMessageBatchCommand({
      QueueUrl: url,
      Entries: entries.map(({ id, body, delaySeconds }) => ({
        Id: id,
        MessageBody: body,
        ...(delaySeconds === undefined ? {} : { DelaySeconds: Math.ceil(delaySeconds) }),
      })),
    });
    return toAnswer(await call('SendMessageBatch', () => client.send(command)));
  },

  async changeVisibilityBatch(entries) {
    for (const { timeoutSeconds } of entries) checkSeconds(timeoutSeconds, visibilitySecondsMax);
    const command = new ChangeMessageVisibilityBatchCommand({
      QueueUrl: url,
      Entries: entries.map(({ id, receiptHandle, timeoutSeconds }) => ({
        Id: id,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: Math.ceil(timeoutSeconds),
      })),
    });
    return toAnswer(await call('ChangeMessageVisibilityBatch', () => client.send(command)));
  },

  async depth() {
    if (oldestAgeSeconds === undefined) {
      return refuse('expected a queue whose oldest message can be asked for, found one without');
    }
    const command = new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    });
    const { Attributes } = await call('GetQueueAttributes', () => client.send(command));
    const countOf = (name: QueueAttributeName): number => {
      const count = Number(Attributes?.[name]);
      if (!Number.isInteger(count)) throw new SluiceError('UNKNOWN', `expected a count as ${name}, found none`);
      return count;
    };
    const visible = countOf('ApproximateNumberOfMessages');
    const inFlight = countOf('ApproximateNumberOfMessagesNotVisible');
    const delayed = countOf('ApproximateNumberOfMessagesDelayed');
    // An empty queue has no oldest message; CloudWatch may hold none for it, and asking costs money.
    const isEmpty = visible + inFlight + delayed === 0;
    return { visible, inFlight, delayed, oldestAgeSeconds: isEmpty ? 0 : await oldestAgeSeconds() };
  },
});
