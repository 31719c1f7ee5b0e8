import { createHash } from 'node:crypto';
import type { ScriptedReply, ScriptedRequest, ScriptedService } from './scripted-endpoint.ts';
import { refuse, ScriptedError } from './scripted-error.ts';

// SQS in memory, in its JSON protocol, for tests: standard queues with the limits of the service.
//
// Models: batches with `Failed` entries, MD5 of bodies, delays, visibility, receipt handles, the counts of GetQueueAttributes, the
// queue attributes MaximumMessageSize and VisibilityTimeout, when a message was sent. Does not model: order, redrive, long polls,
// other attributes of messages.

/** Source: SQS quotas. Its own constants, so that a wrong one of ours shows. */
const entriesMax = 10;
const receivedMax = 10;
const batchBytesMax = 1_048_576;
const delaySecondsMax = 900;
const visibilitySecondsMax = 43_200;
const waitSecondsMax = 20;
const standardAttributes = { VisibilityTimeout: '30', MaximumMessageSize: '1048576' };

type Message = {
  readonly id: string;
  readonly body: string;
  readonly sentAt: number;
  visibleAt: number;
  receives: number;
  handle: string;
};
type ScriptedQueueState = { readonly attributes: Readonly<Record<string, string>>; readonly messages: Message[] };

type Entry = { readonly Id: string };
type SendEntry = Entry & { readonly MessageBody?: string; readonly DelaySeconds?: number };
type VisibilityEntry = Entry & { readonly ReceiptHandle: string; readonly VisibilityTimeout: number };
type DeleteEntry = Entry & { readonly ReceiptHandle: string };
type Input = {
  readonly QueueUrl?: string;
  readonly QueueName?: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly AttributeNames?: readonly string[];
  readonly Entries?: readonly Entry[];
  readonly MaxNumberOfMessages?: number;
  readonly VisibilityTimeout?: number;
  readonly WaitTimeSeconds?: number;
  readonly MessageSystemAttributeNames?: readonly string[];
};

const md5Of = (text: string): string => createHash('md5').update(text).digest('hex');

/** One by one, so that surrogates that are no pair are seen as such. */
const isTaken = (character: string): boolean => {
  const point = character.codePointAt(0) ?? 0;
  return (
    point === 0x9 ||
    point === 0xa ||
    point === 0xd ||
    (point >= 0x20 && point <= 0xd7ff) ||
    (point >= 0xe000 && point <= 0xfffd) ||
    point >= 0x10000
  );
};

const readEntries = (entries: readonly Entry[] = []): void => {
  if (entries.length === 0) refuse('EmptyBatchRequest', 'There should be at least one entry in the request.');
  if (entries.length > entriesMax) {
    refuse('TooManyEntriesInBatchRequest', `Maximum number of entries per request are ${entriesMax}.`);
  }
  if (entries.some(({ Id }) => !/^[\w-]{1,80}$/.test(Id))) {
    refuse(
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores.',
    );
  }
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length) {
    refuse('BatchEntryIdsNotDistinct', 'Two or more batch entries in the request have the same Id.');
  }
};

/** Runs an effect by the entry. What an entry is refused for stands under `Failed`, as its sender's fault. */
const byEntry = <E extends Entry>(entries: readonly E[], effect: (entry: E) => object): object => {
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry.Id, ...effect(entry) });
    } catch (thrown) {
      if (!(thrown instanceof ScriptedError)) throw thrown;
      Failed.push({ Id: entry.Id, Code: thrown.type, Message: thrown.message, SenderFault: true });
    }
  }
  return { Successful, Failed };
};

/** Where the code of the older protocol is not the error's name behind this prefix. Source: the model's awsQueryError. */
const queryPrefix = 'AWS.SimpleQueueService.';
const queryCodes: Readonly<Record<string, string>> = {
  AccessDenied: 'AccessDenied',
  InvalidMessageContents: 'InvalidMessageContents',
  InvalidParameterValue: 'InvalidParameterValue',
  KmsAccessDenied: 'KMS.AccessDeniedException',
  KmsThrottled: 'KMS.ThrottlingException',
  MissingParameter: 'MissingParameter',
  QueueDoesNotExist: `${queryPrefix}NonExistentQueue`,
  RequestThrottled: 'RequestThrottled',
};

/** How SQS answers when it refuses a call. The SDK asks for the older protocol's code to go along, and goes by it. */
export const sqsError = (type: string, message = 'refused', status = 400): ScriptedReply => ({
  status,
  headers: {
    'content-type': 'application/x-amz-json-1.0',
    'x-amzn-query-error': `${queryCodes[type] ?? queryPrefix + type};Sender`,
  },
  body: JSON.stringify({ __type: `com.amazonaws.sqs#${type}`, message }),
});

/** `now`: milliseconds, as the service sees them. A queue's URL is a name: requests go to the endpoint all the same. */
export const createScriptedSqs = (now: () => number = Date.now): ScriptedService => {
  const queues = new Map<string, ScriptedQueueState>();
  let numbered = 0;

  const queueOf = ({ QueueUrl = '' }: Input): ScriptedQueueState =>
    queues.get(QueueUrl) ?? refuse('QueueDoesNotExist', 'The specified queue does not exist.');

  const send = (
    { attributes, messages }: ScriptedQueueState,
    { MessageBody: body = '', DelaySeconds = 0 }: SendEntry,
  ) => {
    if (body === '') refuse('MissingParameter', 'The request must contain the parameter MessageBody.');
    if (Buffer.byteLength(body) > Number(attributes['MaximumMessageSize'])) {
      refuse('InvalidParameterValue', `Message must be shorter than ${attributes['MaximumMessageSize']} bytes.`);
    }
    if (![...body].every(isTaken))
      refuse('InvalidMessageContents', 'Invalid binary character was found in the message body.');
    // The API's model has whole seconds in both places. Source: SendMessageBatchRequestEntry, ChangeMessageVisibilityBatchRequestEntry.
    if (!(Number.isInteger(DelaySeconds) && DelaySeconds >= 0 && DelaySeconds <= delaySecondsMax)) {
      refuse('InvalidParameterValue', `Value ${DelaySeconds} for parameter DelaySeconds is invalid.`);
    }
    const id = `message-${++numbered}`;
    const sentAt = now();
    messages.push({ id, body, sentAt, visibleAt: sentAt + DelaySeconds * 1000, receives: 0, handle: '' });
    return { MessageId: id, MD5OfMessageBody: md5Of(body) };
  };

  const checkVisibility = (seconds: number): void => {
    if (Number.isInteger(seconds) && seconds >= 0 && seconds <= visibilitySecondsMax) return;
    refuse('InvalidParameterValue', `Value ${seconds} for parameter VisibilityTimeout is invalid.`);
  };

  const changeVisibility = (
    { messages }: ScriptedQueueState,
    { ReceiptHandle, VisibilityTimeout }: VisibilityEntry,
  ): object => {
    checkVisibility(VisibilityTimeout);
    const message = messages.find(({ handle }) => handle === ReceiptHandle && handle !== '');
    if (message === undefined) return refuse('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.');
    if (message.visibleAt <= now())
      refuse('InvalidParameterValue', 'Message is not available for visibility timeout change.');
    message.visibleAt = now() + VisibilityTimeout * 1000;
    return {};
  };

  /** As a standard queue does, also when the message is gone already; a handle of an older receive deletes nothing. */
  const remove = ({ messages }: ScriptedQueueState, { ReceiptHandle }: DeleteEntry): object => {
    if (!/^message-\d+:\d+$/.test(ReceiptHandle)) {
      return refuse('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.');
    }
    const index = messages.findIndex(({ handle }) => handle === ReceiptHandle);
    if (index >= 0) messages.splice(index, 1);
    return {};
  };

  const receive = (
    { attributes, messages }: ScriptedQueueState,
    {
      MaxNumberOfMessages: max = 1,
      VisibilityTimeout: seconds = Number(attributes['VisibilityTimeout']),
      WaitTimeSeconds: wait = 0,
      MessageSystemAttributeNames: names = [],
    }: Input,
  ): object => {
    checkVisibility(seconds);
    if (!(wait >= 0 && wait <= waitSecondsMax))
      refuse('InvalidParameterValue', `Value ${wait} for parameter WaitTimeSeconds is invalid.`);
    if (!(max >= 1 && max <= receivedMax))
      refuse('InvalidParameterValue', `Value ${max} for parameter MaxNumberOfMessages is invalid.`);
    const received = messages.filter(({ visibleAt }) => visibleAt <= now()).slice(0, max);
    for (const message of received) {
      message.receives++;
      message.handle = `${message.id}:${message.receives}`;
      message.visibleAt = now() + seconds * 1000;
    }
    return {
      Messages: received.map(({ id, body, sentAt, handle }) => ({
        MessageId: id,
        ReceiptHandle: handle,
        Body: body,
        MD5OfBody: md5Of(body),
        ...(names.includes('SentTimestamp') ? { Attributes: { SentTimestamp: String(sentAt) } } : {}),
      })),
    };
  };

  const attributesOf = ({ attributes, messages }: ScriptedQueueState, names: readonly string[]): object => {
    const hidden = messages.filter(({ visibleAt }) => visibleAt > now());
    const inFlight = hidden.filter(({ receives }) => receives > 0).length;
    const all: Readonly<Record<string, string>> = {
      ...attributes,
      ApproximateNumberOfMessages: String(messages.length - hidden.length),
      ApproximateNumberOfMessagesNotVisible: String(inFlight),
      ApproximateNumberOfMessagesDelayed: String(hidden.length - inFlight),
    };
    return { Attributes: Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name))) };
  };

  const answer = ({ operation }: ScriptedRequest, input: Input): object => {
    switch (operation) {
      case 'CreateQueue': {
        const url = `http://sqs.invalid/000000000000/${input.QueueName}`;
        queues.set(url, { attributes: { ...standardAttributes, ...input.Attributes }, messages: [] });
        return { QueueUrl: url };
      }
      case 'DeleteQueue':
        queueOf(input);
        queues.delete(input.QueueUrl ?? '');
        return {};
      case 'SendMessageBatch': {
        const queue = queueOf(input);
        const entries = (input.Entries ?? []) as readonly SendEntry[];
        readEntries(entries);
        const bytes = entries.reduce((sum, { MessageBody = '' }) => sum + Buffer.byteLength(MessageBody), 0);
        if (bytes > batchBytesMax) {
          refuse(
            'BatchRequestTooLong',
            `Batch requests cannot be longer than ${batchBytesMax} bytes. You have sent ${bytes} bytes.`,
          );
        }
        return byEntry(entries, (entry) => send(queue, entry));
      }
      case 'ChangeMessageVisibilityBatch': {
        const queue = queueOf(input);
        readEntries(input.Entries);
        return byEntry(input.Entries as readonly VisibilityEntry[], (entry) => changeVisibility(queue, entry));
      }
      case 'DeleteMessageBatch': {
        const queue = queueOf(input);
        readEntries(input.Entries);
        return byEntry(input.Entries as readonly DeleteEntry[], (entry) => remove(queue, entry));
      }
      case 'ReceiveMessage':
        return receive(queueOf(input), input);
      case 'GetQueueAttributes':
        return attributesOf(queueOf(input), input.AttributeNames ?? []);
      default:
        throw new Error(`expected an operation that the scripted SQS knows, found ${operation}`);
    }
  };

  return (request) => {
    try {
      const body = JSON.stringify(answer(request, JSON.parse(request.body.toString())));
      return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body };
    } catch (thrown) {
      if (thrown instanceof ScriptedError) return sqsError(thrown.type, thrown.message);
      throw thrown;
    }
  };
};
