import { hash } from 'node:crypto';
import type { ScriptedReply } from '@sluice/core/aws/scripted-endpoint';
import { sqsError } from '@sluice/core/aws/scripted-sqs';
import type { MutableNullCounts } from './null-counts.ts';

// SQS that takes every message and keeps none, in its JSON protocol. It holds senders to what SQS refuses a batch for: a way that
// only works here is no peer. Not there: attributes of messages, order, anything to receive.

/** Source: SQS quotas. */
const entriesMax = 10;
const batchBytesMax = 1_048_576;
const entryId = /^[\w-]{1,80}$/;

type Entry = { readonly Id: string; readonly MessageBody?: string; readonly MessageAttributes?: object };
type Input = Omit<Entry, 'Id'> & {
  readonly QueueName?: string;
  readonly QueueUrl?: string;
  readonly Entries?: readonly Entry[];
  readonly AttributeNames?: readonly string[];
};

const headers = { 'content-type': 'application/x-amz-json-1.0' };
const reply = (body: string): ScriptedReply => ({ status: 200, headers, body });
const nothing = reply('{}');

/** What is wrong with a batch as a whole; undefined when nothing is. */
const refusalOf = (entries: readonly Entry[]): ScriptedReply | undefined => {
  if (entries.length === 0) return sqsError('EmptyBatchRequest');
  if (entries.length > entriesMax) return sqsError('TooManyEntriesInBatchRequest');
  if (!entries.every(({ Id }) => entryId.test(Id))) return sqsError('InvalidBatchEntryId');
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length) return sqsError('BatchEntryIdsNotDistinct');
  return undefined;
};

/** `urlOf`: the URL of a queue by its name. */
export const createNullSqs = (counts: MutableNullCounts, urlOf: (name: string) => string) => {
  let numbered = 0;

  /** Its id and digest, as members of an object. */
  const take = (body: string): string => {
    const id = (++numbered).toString(16).padStart(12, '0');
    return `"MessageId":"00000000-0000-4000-8000-${id}","MD5OfMessageBody":"${hash('md5', body)}"`;
  };

  const sendBatch = (entries: readonly Entry[]): ScriptedReply => {
    const refusal = refusalOf(entries);
    if (refusal !== undefined) return refusal;
    let bytes = 0;
    for (const { MessageBody = '', MessageAttributes } of entries) {
      if (MessageBody === '') return sqsError('MissingParameter');
      if (MessageAttributes !== undefined) return sqsError('UnsupportedOperation');
      bytes += Buffer.byteLength(MessageBody);
    }
    if (bytes > batchBytesMax) return sqsError('BatchRequestTooLong');
    counts.sqsMessages += entries.length;
    counts.sqsBytes += bytes;
    const taken = entries.map(({ Id, MessageBody = '' }) => `{"Id":"${Id}",${take(MessageBody)}}`);
    return reply(`{"Successful":[${taken.join()}]}`);
  };

  const send = ({ MessageBody = '', MessageAttributes }: Input): ScriptedReply => {
    if (MessageBody === '') return sqsError('MissingParameter');
    if (MessageAttributes !== undefined) return sqsError('UnsupportedOperation');
    const bytes = Buffer.byteLength(MessageBody);
    if (bytes > batchBytesMax) return sqsError('InvalidParameterValue');
    counts.sqsMessages++;
    counts.sqsBytes += bytes;
    return reply(`{${take(MessageBody)}}`);
  };

  const answer = (operation: string, input: Input): ScriptedReply => {
    switch (operation) {
      case 'SendMessageBatch':
        return sendBatch(input.Entries ?? []);
      case 'SendMessage':
        return send(input);
      case 'ChangeMessageVisibilityBatch':
      case 'DeleteMessageBatch': {
        const entries = input.Entries ?? [];
        return refusalOf(entries) ?? reply(`{"Successful":[${entries.map(({ Id }) => `{"Id":"${Id}"}`).join()}]}`);
      }
      case 'ChangeMessageVisibility':
      case 'DeleteMessage':
      case 'ReceiveMessage':
        return nothing;
      case 'GetQueueUrl':
        return reply(JSON.stringify({ QueueUrl: urlOf(input.QueueName ?? '') }));
      case 'GetQueueAttributes':
        return reply(
          JSON.stringify({ Attributes: Object.fromEntries((input.AttributeNames ?? []).map((name) => [name, '0'])) }),
        );
      default:
        return sqsError('UnsupportedOperation', operation);
    }
  };

  return (operation: string, body: Buffer): ScriptedReply => {
    const answered = answer(operation, JSON.parse(body.toString()) as Input);
    if (answered.status === 200) counts.sqsRequests++;
    return answered;
  };
};
