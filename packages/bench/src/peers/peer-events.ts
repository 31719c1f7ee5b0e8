import { readFileSync } from 'node:fs';
import type { RowTuple } from '@sluice/core/messages';
import { defaultProcessor } from '@sluice/core/processor';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import type { BenchContext } from '../experiment.ts';
import { toSqsEvents } from '../stages/lambda-events.ts';
import { oncePerFolder } from '../stages/once-per-folder.ts';
import { sampleRows } from '../stages/sample-rows.ts';
import { writeEvents } from '../stages/stage-events.ts';
import { marshallItem } from './node/attribute-value.ts';
import { idOf, itemOf, type OutcomeMessage, type RowMessage } from './node/row-message.ts';

// The rows of our own stages as their peers hold them: one in each message, ten messages in an event of SQS.

/** What a mapping takes unless it is told otherwise. Source: CreateEventSourceMapping API reference. */
const sqsRecords = 10;
const streamRecords = 100;

export type PeerEvents = { readonly paths: readonly string[]; readonly rows: number };

type Place = Pick<BenchContext, 'folder' | 'divisor'>;

const rowMessages = async (context: Place): Promise<RowMessage[]> => {
  const { path, columns, job } = await sampleRows(context);
  const lines = readFileSync(path, 'utf8').split('\n');
  const tuples = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as RowTuple);
  return tuples.map(([, row, line, values]) => ({
    jobId: job.jobId,
    row,
    line,
    data: Object.fromEntries(columns.map((column, index) => [column, values[index] ?? null])),
  }));
};

const writeSqsEvents = (folder: string, queue: string, messages: readonly object[]): PeerEvents => {
  const bodies = messages.map((message) => JSON.stringify(message));
  const events = toSqsEvents(queue, bodies, sqsRecords);
  return { paths: writeEvents(folder, `peer-${queue}`, events), rows: messages.length };
};

export const storePeerEvents = oncePerFolder(async (context: Place) =>
  writeSqsEvents(context.folder, 'rows', await rowMessages(context)),
);

export const processPeerEvents = oncePerFolder(async (context: Place) =>
  writeSqsEvents(context.folder, 'work', await rowMessages(context)),
);

export const finishPeerEvents = oncePerFolder(async (context: Place) => {
  const signal = new AbortController().signal;
  const toOutcome = async ({ data, ...message }: RowMessage): Promise<OutcomeMessage> => {
    const { jobId, row } = message;
    const rowId = idOf(message);
    const result = await defaultProcessor.process({ ...message, data }, { jobId, rowId, attempt: 1, signal });
    return { jobId, row, status: 'DONE', result: result ?? null };
  };
  return writeSqsEvents(context.folder, 'finished', await Promise.all((await rowMessages(context)).map(toOutcome)));
});

const toStreamEvent = (messages: readonly RowMessage[], first: number): DynamoDBStreamEvent => ({
  Records: messages.map((message, index) => {
    const image = marshallItem(itemOf(message, '2026-01-01T00:00:00.000Z'));
    const NewImage = image as NonNullable<NonNullable<DynamoDBStreamEvent['Records'][0]['dynamodb']>['NewImage']>;
    return {
      eventID: String(first + index).padStart(32, '0'),
      eventName: 'INSERT',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: 'us-east-1',
      dynamodb: {
        Keys: { id: { S: idOf(message) } },
        NewImage,
        SequenceNumber: String(first + index).padStart(21, '1'.padEnd(20, '0')),
        StreamViewType: 'NEW_IMAGE',
      },
    };
  }),
});

export const relayPeerEvents = oncePerFolder(async (context: Place): Promise<PeerEvents> => {
  const messages = await rowMessages(context);
  const events: DynamoDBStreamEvent[] = [];
  for (let at = 0; at < messages.length; at += streamRecords) {
    events.push(toStreamEvent(messages.slice(at, at + streamRecords), at));
  }
  return { paths: writeEvents(context.folder, 'peer-relay', events), rows: messages.length };
});
