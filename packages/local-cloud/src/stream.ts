import { partitionKeyOf } from '@sluice/core/identity';
import type { Clock } from '@sluice/core/ports/clock';
import type { DynamoDBRecord } from 'aws-lambda';

// The stream of a DynamoDB table with NEW_IMAGE.
//
// Models: a record per real change, in order per shard, with sequence numbers that only grow; TRIM_HORIZON; trimming behind
// the one reader's checkpoint; shards that split, and whose children are read after them. Does not model: the 24 hours, REMOVE.

/** A change, kept light: the record of AWS's shape is made when it is delivered. */
export type Change = {
  readonly eventName: 'INSERT' | 'MODIFY';
  readonly jobId: string;
  readonly chunk: number;
  readonly row: number;
  readonly status: string;
  readonly at: number;
  /** What the image holds besides; read from the table where it is not given. */
  readonly image?: Image;
};

export type Image = { readonly line: number; readonly data: string };

export type Shard = {
  /** Changes after the checkpoint, oldest first, from the `skip`th on. */
  read(max: number, skip?: number): readonly Change[];
  /** Moves the checkpoint; what lies before it is gone. */
  advance(changes: number): void;
  /** Sequence number of the change at this distance from the checkpoint. */
  sequenceNumber(distance: number): string;
  waiting(): number;
  /** Moves the checkpoint back by at most so many changes, as far as they are still there. */
  rewind(changes: number): void;
  /** The shard that has to be read to its end first. */
  readonly parent: Shard | undefined;
};

export type LocalStream = {
  append(change: Change): void;
  /** All there ever were; a split adds two. */
  readonly shards: readonly Shard[];
  /** Closes a shard: what would go to it goes to two new ones. Nothing happens to one that is closed. */
  split(shard: Shard): void;
  /** Characters of the data that wait in all shards: what they weigh, more or less. */
  bytes(): number;
};

/** What a change weighs besides its data. */
const changeBytes = 200;

/** Sequence numbers are text of 21 to 40 digits. Source: DynamoDB Streams API reference. */
const sequenceDigits = 21;
/** What stands before so many digits. */
const sequencePrefixes = Array.from({ length: sequenceDigits }, (_, digits) =>
  '1'.padEnd(sequenceDigits - digits, '0'),
);

/** `spoil` may damage a change on its way into the stream; `onPassed` is told of those that the checkpoint moves behind. */
export const createLocalStream = (
  shardCount: number,
  onAppend: () => void,
  spoil: (change: Change) => Change = (change) => change,
  onPassed: (changes: readonly Change[]) => void = () => undefined,
): LocalStream => {
  let bytes = 0;
  type OwnShard = Shard & { readonly changes: Change[]; trim(): void; children: readonly OwnShard[] };
  const createShard = (parent?: Shard): OwnShard => {
    let changes: Change[] = [];
    let head = 0;
    let trimmed = 0;
    const bytesOf = (change: Change | undefined): number => (change?.image?.data.length ?? 0) + changeBytes;
    return {
      parent,
      children: [],
      get changes() {
        return changes;
      },
      read: (max, skip = 0) => changes.slice(head + skip, head + skip + max),
      advance(count) {
        for (let i = head; i < head + count; i++) bytes -= bytesOf(changes[i]);
        if (count > 0) onPassed(changes.slice(head, head + count));
        head += count;
        this.trim();
      },
      rewind(count) {
        const to = Math.max(0, head - count);
        for (let i = to; i < head; i++) bytes += bytesOf(changes[i]);
        head = to;
      },
      trim() {
        if (head < 4096 || head * 2 < changes.length) return;
        changes = changes.slice(head);
        trimmed += head;
        head = 0;
      },
      sequenceNumber(distance) {
        const digits = String(trimmed + head + distance + 1);
        return `${sequencePrefixes[digits.length]}${digits}`;
      },
      waiting: () => changes.length - head,
    };
  };
  const shards = Array.from({ length: shardCount }, () => createShard());
  /** Changes of one partition key always go to the same shard, and to the same of its children. */
  const shardOf = ({ chunk, row }: Change): OwnShard | undefined => {
    const key = chunk * 16 + (row % 16);
    let shard = shards[shardCount === 1 ? 0 : key % shardCount];
    for (let rest = Math.floor(key / shardCount); shard?.children.length === 2; rest = Math.floor(rest / 2)) {
      shard = shard.children[rest % 2];
    }
    return shard;
  };
  return {
    shards,
    bytes: () => bytes,
    split(shard) {
      const closed = shards.find((other) => other === shard);
      if (closed === undefined || closed.children.length > 0) return;
      closed.children = [createShard(closed), createShard(closed)];
      shards.push(...closed.children);
    },
    append(change) {
      const stored = spoil(change);
      shardOf(change)?.changes.push(stored);
      bytes += (stored.image?.data.length ?? 0) + changeBytes;
      onAppend();
    },
  };
};

/** A change as Lambda delivers it. */
export const toStreamRecord = (
  change: Change,
  { line, data }: Image,
  sequenceNumber: string,
  clock: Clock,
): DynamoDBRecord => {
  const pk = { S: partitionKeyOf(change.jobId, change.chunk, change.row) };
  const row = { N: String(change.row) };
  return {
    eventID: sequenceNumber,
    eventName: change.eventName,
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'local',
    eventSourceARN: 'arn:aws:dynamodb:local:000000000000:table/rows/stream/local',
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(clock.now() / 1000),
      Keys: { pk, row },
      NewImage: {
        pk,
        row,
        line: { N: String(line) },
        status: { S: change.status },
        data: { S: data },
        created: { N: String(change.at) },
      },
      SequenceNumber: sequenceNumber,
      SizeBytes: data.length,
      StreamViewType: 'NEW_IMAGE',
    },
  };
};
