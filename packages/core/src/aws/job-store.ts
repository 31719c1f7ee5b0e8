import type { AttributeValue, DynamoDBClient, QueryCommandInput } from '@aws-sdk/client-dynamodb';
import {
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Job, JobStore } from '../ports/job-store.ts';
import { terminalStates } from '../ports/job-store.ts';
import { callAll } from './call-all.ts';
import {
  behindAll,
  checkItem,
  chunkKey,
  chunkPrefix,
  chunksFrom,
  created,
  createdIndex,
  fileKey,
  jobKey,
  leaseKey,
  markKey,
  markPrefix,
  marksFrom,
  markText,
  open,
  openIndex,
  toChunk,
  toJob,
  toJobAttributes,
  toJobItem,
  toMark,
} from './job-item.ts';
import type { Item } from './row-item.ts';
import { textIn } from './row-item.ts';
import { callTable, isConditionFailed, toTableError } from './table-error.ts';

/** Writes under way at once when many are to be made: one partition, which a job's ledger is, takes a thousand a second. */
const writesInFlightMax = 8;

/** Jobs of one page of the list of jobs, and of them the reads under way at once. */
const listedJobs = 100;
const readsInFlightMax = 16;

const isNew = { ConditionExpression: 'attribute_not_exists(#pk)', ExpressionAttributeNames: { '#pk': 'pk' } };

/** Names and values as an expression's placeholders. Nothing of a user's ever stands in an expression itself. */
const placeholders = (item: Item): { readonly names: Record<string, string>; readonly values: Item } => ({
  names: Object.fromEntries(Object.keys(item).map((name) => [`#${name}`, name])),
  values: Object.fromEntries(Object.entries(item).map(([name, value]) => [`:${name}`, value])),
});

/**
 * The jobs table in DynamoDB. Everything is read consistently but which jobs are due and which there are: that comes from
 * indexes, which lag behind by moments, and a job that one leaves out is in it the next time. When an answer was lost and the client tried
 * again, a conditional write meets its own effect and answers false: it stands there, which is what false says.
 */
export const createAwsJobs = (client: DynamoDBClient, table: string): JobStore => {
  const TableName = table;

  /** False when the condition did not hold. */
  const isWritten = async (write: Promise<unknown>): Promise<boolean> => {
    try {
      await write;
      return true;
    } catch (thrown) {
      if (isConditionFailed(thrown)) return false;
      throw toTableError('writing to the jobs table', thrown);
    }
  };

  const writeAll = (items: readonly Item[], write: (item: Item) => Promise<unknown>): Promise<void> =>
    callAll(items, writesInFlightMax, write);

  async function* readPages<Entry>(
    query: Omit<QueryCommandInput, 'TableName'>,
    toEntry: (item: Item) => Entry,
  ): AsyncGenerator<readonly Entry[]> {
    let next: Record<string, AttributeValue> | undefined;
    do {
      const page = await callTable(
        'reading the jobs table',
        client.send(new QueryCommand({ TableName, ...query, ExclusiveStartKey: next })),
      );
      const entries = (page.Items ?? []).map(toEntry);
      if (entries.length > 0) yield entries;
      next = page.LastEvaluatedKey;
    } while (next !== undefined);
  }

  /** The items of a job from one sort key on, as far as its prefix goes. */
  const readPart = <Entry>(jobId: string, prefix: string, from: string, toEntry: (item: Item) => Entry) =>
    readPages(
      {
        ConsistentRead: true,
        KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :from AND :to',
        ExpressionAttributeNames: { '#pk': 'pk', '#sk': 'sk' },
        ExpressionAttributeValues: { ':pk': { S: jobId }, ':from': { S: from }, ':to': { S: prefix + behindAll } },
      },
      toEntry,
    );

  /** Writes a part of a chunk that is there and does not have it yet. */
  const writeOnce = (jobId: string, chunk: number, name: 'cleaned' | 'closed', part: object): Promise<boolean> =>
    isWritten(
      client.send(
        new UpdateItemCommand({
          TableName,
          Key: chunkKey(jobId, chunk),
          UpdateExpression: 'SET #part = :part',
          ConditionExpression: 'attribute_exists(#pk) AND attribute_not_exists(#part)',
          ExpressionAttributeNames: { '#pk': 'pk', '#part': name },
          ExpressionAttributeValues: { ':part': { S: JSON.stringify(part) } },
        }),
      ),
    );

  const getJob: JobStore['getJob'] = async (jobId) => {
    const { Item: item } = await callTable(
      'reading a job',
      client.send(new GetItemCommand({ TableName, Key: jobKey(jobId), ConsistentRead: true })),
    );
    return item === undefined ? undefined : toJob(item);
  };

  return {
    createJob: async (job) => {
      const item = toJobItem(job);
      checkItem('job', item);
      return isWritten(client.send(new PutItemCommand({ TableName, Item: item, ...isNew })));
    },

    getJob,

    async changeJob(jobId, states, change) {
      const attributes = toJobAttributes(change);
      if (states.length === 0) return false;
      if (Object.keys(attributes).length === 0) {
        const job = await getJob(jobId);
        return job !== undefined && states.includes(job.state);
      }
      checkItem('job', attributes);
      // A job leaves the index when its end was told, and not before; one that goes on has no end that was told.
      const isGoingOn = change.state !== undefined && !terminalStates.includes(change.state);
      const isLeaving = change.announcedAt !== undefined && !isGoingOn;
      const { announcedAt: _, ...goingOn } = attributes;
      const set: Item = isGoingOn ? { ...goingOn, open } : attributes;
      const removed = isGoingOn ? ['announcedAt'] : isLeaving ? ['open'] : [];
      const { names, values } = placeholders(set);
      const assignments = Object.keys(set).map((name) => `#${name} = :${name}`);
      const removals = removed.map((name) => `#${name}`);
      const stateNames = states.map((_, i) => `:from${i}`);
      return isWritten(
        client.send(
          new UpdateItemCommand({
            TableName,
            Key: jobKey(jobId),
            UpdateExpression: `SET ${assignments.join(', ')}${removals.map((name) => ` REMOVE ${name}`).join('')}`,
            ConditionExpression: `#state IN (${stateNames.join(', ')})`,
            ExpressionAttributeNames: {
              ...names,
              '#state': 'state',
              ...Object.fromEntries(removed.map((name) => [`#${name}`, name])),
            },
            ExpressionAttributeValues: {
              ...values,
              ...Object.fromEntries(states.map((state, i) => [`:from${i}`, { S: state }])),
            },
          }),
        ),
      );
    },

    takeLease: (jobId, lease, owner, now, until) =>
      isWritten(
        client.send(
          new PutItemCommand({
            TableName,
            Item: { ...leaseKey(jobId, lease), owner: { S: owner }, until: { N: String(until) } },
            ConditionExpression: 'attribute_not_exists(#until) OR #until <= :now OR #owner = :owner',
            ExpressionAttributeNames: { '#until': 'until', '#owner': 'owner' },
            ExpressionAttributeValues: { ':now': { N: String(now) }, ':owner': { S: owner } },
          }),
        ),
      ),

    async releaseLease(jobId, lease, owner) {
      await isWritten(
        client.send(
          new UpdateItemCommand({
            TableName,
            Key: leaseKey(jobId, lease),
            // A lease without an end is free. The item stays: no stage needs leave to delete.
            UpdateExpression: 'REMOVE #owner, #until',
            ConditionExpression: '#owner = :owner',
            ExpressionAttributeNames: { '#until': 'until', '#owner': 'owner' },
            ExpressionAttributeValues: { ':owner': { S: owner } },
          }),
        ),
      );
    },

    /** A conditional write per chunk: a batch of writes would take the counts of those that exist away. */
    putChunks: (jobId, chunks) =>
      writeAll(
        chunks.map((chunk) => ({ ...chunkKey(jobId, chunk.chunk), plan: { S: JSON.stringify(chunk) } })),
        (item) => isWritten(client.send(new PutItemCommand({ TableName, Item: item, ...isNew }))),
      ),

    putCounts: (jobId, chunk, counts) => writeOnce(jobId, chunk, 'cleaned', counts),

    closeChunk: (jobId, chunk, closed) => writeOnce(jobId, chunk, 'closed', closed),

    listChunks: (jobId, from) =>
      readPart(jobId, chunkPrefix, from === undefined ? chunkPrefix : chunksFrom(from), toChunk),

    putMarks(marks) {
      // Of two marks on one place the later stays, whichever of two writes would have been the last.
      const items = new Map<string, Item>();
      for (const mark of marks) {
        const key = markKey(mark);
        items.set(`${textIn(key, 'pk')} ${textIn(key, 'sk')}`, { ...key, mark: { S: markText(mark) } });
      }
      return writeAll([...items.values()], (item) =>
        callTable('writing a mark', client.send(new PutItemCommand({ TableName, Item: item }))),
      );
    },

    removeMarks: (marks) =>
      callAll(marks, writesInFlightMax, (mark) =>
        isWritten(
          client.send(
            new DeleteItemCommand({
              TableName,
              Key: markKey(mark),
              // As other versions may have written it, a mark keeps the order of its parts from when it was read.
              ConditionExpression: '#mark = :mark OR #mark = :read',
              ExpressionAttributeNames: { '#mark': 'mark' },
              ExpressionAttributeValues: { ':mark': { S: markText(mark) }, ':read': { S: JSON.stringify(mark) } },
            }),
          ),
        ),
      ),

    listMarks: (jobId, from) => readPart(jobId, markPrefix, from === undefined ? markPrefix : marksFrom(from), toMark),

    listDueJobs: (now) =>
      readPages(
        {
          IndexName: openIndex,
          KeyConditionExpression: '#open = :open AND #auditAt <= :now',
          ExpressionAttributeNames: { '#open': 'open', '#auditAt': 'auditAt' },
          ExpressionAttributeValues: { ':open': open, ':now': { N: String(now) } },
        },
        (item) => textIn(item, 'pk') ?? '',
      ),

    /** The index holds keys alone; each job is read for itself, which costs no more than many at a time. */
    async *listJobs() {
      const pages = readPages(
        {
          IndexName: createdIndex,
          KeyConditionExpression: '#created = :created',
          ExpressionAttributeNames: { '#created': 'created' },
          ExpressionAttributeValues: { ':created': created },
          ScanIndexForward: false,
          Limit: listedJobs,
        },
        (item) => textIn(item, 'pk') ?? '',
      );
      for await (const ids of pages) {
        const jobs: (Job | undefined)[] = ids.map(() => undefined);
        await callAll(ids, readsInFlightMax, async (jobId, index) => {
          jobs[index] = await getJob(jobId);
        });
        yield jobs.filter((job) => job !== undefined);
      }
    },

    async noteFile(file) {
      const item = { ...fileKey(file), file: { S: JSON.stringify(file) } };
      await callTable('noting a file', client.send(new PutItemCommand({ TableName, Item: item })));
    },

    async hasFile(file) {
      const { Item: item } = await callTable(
        'looking for a file',
        client.send(new GetItemCommand({ TableName, Key: fileKey(file), ConsistentRead: true })),
      );
      return item !== undefined;
    },
  };
};
