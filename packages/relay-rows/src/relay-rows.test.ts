import { catchOutput } from '@sluice/core/caught-output';
import { SluiceError } from '@sluice/core/errors';
import { partitionKeyOf } from '@sluice/core/identity';
import { parseRowsMessage } from '@sluice/core/messages';
import { packBytesMax } from '@sluice/core/pack';
import type { Job } from '@sluice/core/ports/job-store';
import { createScriptedQueue, refuse, type ScriptedQueue } from '@sluice/core/scripted-queue';
import { createStageHarness, type StageHarnessSettings } from '@sluice/core/stage-harness';
import type { DynamoDBRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { createRelayRows } from './relay-rows.ts';

const jobId = '0123456789abcdefghjkmnpqrs';
const otherJobId = 'zzzzzzzzzzzzzzzzzzzzzzzzzz';
const unknownJobId = 'yyyyyyyyyyyyyyyyyyyyyyyyyy';
const secret = 'SECRET-CONTENT';

const jobOf = (id: string, outputColumns: readonly string[], rowsPerMessage = 0): Job => {
  const file = { bucket: 'uploads', key: 'a.csv', etag: 'etag', bytes: 100 };
  return {
    jobId: id,
    file,
    profile: { prefix: '' },
    schemaHash: '',
    codeVersion: '',
    rowsPerMessage,
    createdAt: 0,
    state: 'OPEN',
    layout: {
      source: file,
      bytes: 100,
      delimiter: ',',
      columns: outputColumns,
      outputColumns,
      dataStart: 0,
      dataLine: 1,
    },
    repairs: 0,
    auditAt: 0,
  };
};

type RecordSettings = {
  readonly job?: string;
  readonly chunk?: number;
  readonly eventName?: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly status?: string;
  readonly data?: string;
};

/** The record of a row as the table's stream brings it; its sequence number is told by the row's. */
const recordOf = (
  row: number,
  { job = jobId, chunk = 0, eventName = 'INSERT', status = 'PENDING', data = `["value ${row}"]` }: RecordSettings = {},
): DynamoDBRecord => {
  const keys = { pk: { S: partitionKeyOf(job, chunk, row) }, row: { N: String(row) } };
  return {
    eventName,
    dynamodb: {
      SequenceNumber: `sequence ${row}`,
      Keys: keys,
      NewImage: { ...keys, line: { N: String(row + 1) }, status: { S: status }, data: { S: data } },
    },
  };
};

/** The same without one attribute of its image, or with another in its place. */
const brokenOf = (row: number, attribute: string, value?: { readonly S: string } | { readonly N: string }) => {
  const record = recordOf(row, { data: `["${secret}"]` });
  const { [attribute]: _, ...image } = record.dynamodb?.NewImage ?? {};
  const broken = value === undefined ? image : { ...image, [attribute]: value };
  return { ...record, dynamodb: { ...record.dynamodb, NewImage: broken } } as DynamoDBRecord;
};

type SetUp = Omit<StageHarnessSettings, 'stage' | 'queues'> & {
  readonly work?: ScriptedQueue;
  readonly jobs?: readonly Job[];
  readonly getJob?: (jobId: string, call: number) => void;
};

const setUp = ({
  work = createScriptedQueue(),
  jobs = [jobOf(jobId, ['a']), jobOf(otherJobId, ['b'], 2)],
  getJob = () => undefined,
  ...settings
}: SetUp = {}) => {
  const harness = createStageHarness({ stage: 'relay-rows', queues: { work }, ...settings });
  const asked: string[] = [];
  const handler = createRelayRows({
    ...harness.ports,
    jobs: {
      ...harness.ports.jobs,
      async getJob(id) {
        asked.push(id);
        getJob(id, asked.length);
        return jobs.find((job) => job.jobId === id);
      },
    },
  });
  return {
    ...harness,
    asked,
    /** The sequence number from which on the stream is to come again. */
    deliver: async (...records: DynamoDBRecord[]): Promise<string | undefined> => {
      const { batchItemFailures } = await harness.clock.run(handler({ Records: records }, harness.startContext()));
      expect(batchItemFailures.length).toBeLessThanOrEqual(1);
      return batchItemFailures[0]?.itemIdentifier;
    },
    /** The rows of each message that the queue confirmed. */
    sent: () =>
      work.bodies.map((body) => {
        const message = parseRowsMessage(body);
        return [message.jobId, message.rows.map(([, row]) => row)];
      }),
  };
};

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

const unavailable = (): never => {
  throw new SluiceError('THROTTLED', 'expected the jobs table to answer, found it throttled');
};

const lines = catchOutput();

describe('relay-rows', () => {
  it('sends new rows to work with the columns of their job, in the order of the stream', async () => {
    const { deliver, queues, counts, marks } = setUp();
    expect(await deliver(recordOf(1), recordOf(2, { chunk: 3, data: '["x y"]' }))).toBeUndefined();
    expect(queues.work.bodies.map(parseRowsMessage)).toEqual([
      {
        v: 1,
        kind: 'rows',
        jobId,
        columns: ['a'],
        rows: [
          [0, 1, 2, ['value 1']],
          [3, 2, 3, ['x y']],
        ],
      },
    ]);
    expect(counts).toEqual([{ stage: 'relay-rows', rowsIn: 2, rowsOut: 2, retried: 0, dead: 0, messagesFailed: 0 }]);
    expect(marks).toEqual([]);
  });

  it.each<[string, RecordSettings]>([
    ['an update', { eventName: 'MODIFY' }],
    ['a removal', { eventName: 'REMOVE' }],
    ['a row that is final already', { status: 'DONE' }],
    ['an update to a final status', { eventName: 'MODIFY', status: 'FAILED' }],
  ])('passes over %s', async (_, settings) => {
    const { deliver, sent, counts, marks } = setUp();
    expect(await deliver(recordOf(1, settings), recordOf(2))).toBeUndefined();
    expect(sent()).toEqual([[jobId, [2]]]);
    expect(counts).toMatchObject([{ rowsIn: 1, rowsOut: 1, dead: 0 }]);
    expect(marks).toEqual([]);
  });

  it('asks neither queue nor table for a batch without new rows', async () => {
    const { deliver, queues, asked } = setUp();
    expect(await deliver(recordOf(1, { eventName: 'MODIFY' }))).toBeUndefined();
    expect(await deliver()).toBeUndefined();
    expect(queues.work.sends).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('fills messages by bytes', async () => {
    const { deliver, queues, sent } = setUp();
    const data = JSON.stringify(['é'.repeat(8_000)]);
    expect(await deliver(...range(1, 10).map((row) => recordOf(row, { data })))).toBeUndefined();
    expect(sent()).toEqual([
      [jobId, [1, 2, 3]],
      [jobId, [4, 5, 6]],
      [jobId, [7, 8, 9]],
      [jobId, [10]],
    ]);
    for (const body of queues.work.bodies) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(packBytesMax);
  });

  it('puts no more rows into a message than the job says', async () => {
    const { deliver, sent } = setUp({ jobs: [jobOf(jobId, ['a'], 2)] });
    await deliver(...range(1, 5).map((row) => recordOf(row)));
    expect(sent()).toEqual([
      [jobId, [1, 2]],
      [jobId, [3, 4]],
      [jobId, [5]],
    ]);
  });

  it('keeps the rows of several jobs in one batch apart, each packed as its job says', async () => {
    const { deliver, queues, sent } = setUp();
    const batch = range(1, 6).map((row) => recordOf(row, { job: row % 2 === 0 ? otherJobId : jobId }));
    expect(await deliver(...batch)).toBeUndefined();
    expect(sent()).toEqual([
      [jobId, [1, 3, 5]],
      [otherJobId, [2, 4]],
      [otherJobId, [6]],
    ]);
    expect(queues.work.bodies.map((body) => parseRowsMessage(body).columns)).toEqual([['a'], ['b'], ['b']]);
  });

  it('reads a job once for all of its batches', async () => {
    const { deliver, asked } = setUp();
    await deliver(recordOf(1), recordOf(2, { job: otherJobId }), recordOf(3));
    await deliver(recordOf(4));
    expect(asked).toEqual([jobId, otherJobId]);
  });

  it('sends values as the table holds them, in characters that the queue takes', async () => {
    const { deliver, queues } = setUp();
    expect(await deliver(recordOf(1, { data: '["1.50\uFFFF\\ud800"]' }), recordOf(2))).toBeUndefined();
    expect(queues.work.bodies[0]).toContain('[0,1,2,["1.50\\uffff\\ud800"]],[0,2,3,["value 2"]]');
  });

  it('answers with the first row of the lowest pack that the queue did not confirm', async () => {
    const work = createScriptedQueue((entries) => refuse(['1', '3'], entries));
    const { deliver, sent, counts } = setUp({ work, jobs: [jobOf(jobId, ['a'], 2)] });
    expect(await deliver(...range(1, 9).map((row) => recordOf(row)))).toBe('sequence 3');
    expect(sent()).toEqual([
      [jobId, [1, 2]],
      [jobId, [5, 6]],
      [jobId, [9]],
    ]);
    expect(counts).toMatchObject([{ rowsIn: 9, rowsOut: 5 }]);
  });

  it('finds the lowest failed record also among several jobs and records it passed over', async () => {
    const work = createScriptedQueue((entries) =>
      refuse(
        entries.filter(({ body }) => body.includes('value 4') || body.includes('value 3')).map(({ id }) => id),
        entries,
      ),
    );
    const { deliver } = setUp({ work, jobs: [jobOf(jobId, ['a'], 1), jobOf(otherJobId, ['b'], 1)] });
    expect(
      await deliver(
        recordOf(1),
        recordOf(9, { eventName: 'MODIFY' }),
        recordOf(2, { job: otherJobId }),
        recordOf(3, { job: otherJobId }),
        recordOf(4),
        recordOf(5),
      ),
    ).toBe('sequence 3');
  });

  it('lets everything come again when the answer of the queue is lost', async () => {
    const work = createScriptedQueue(() => {
      throw new Error(`socket hang up ${secret}`);
    });
    const { deliver, marks } = setUp({ work });
    expect(await deliver(recordOf(1), recordOf(2))).toBe('sequence 1');
    expect(marks).toEqual([]);
  });

  it.each<[string, DynamoDBRecord]>([
    ['no line', brokenOf(2, 'line')],
    ['a line that is no number', brokenOf(2, 'line', { N: 'x' })],
    ['no data', brokenOf(2, 'data')],
    ['data that is no JSON', brokenOf(2, 'data', { S: `["${secret}"` })],
    ['data that is no list of values', brokenOf(2, 'data', { S: `{"a":"${secret}"}` })],
    ['no partition key', brokenOf(2, 'pk')],
    ['a partition key of another shape', brokenOf(2, 'pk', { S: `${jobId}#0` })],
    ['no row number', brokenOf(2, 'row')],
  ])('marks a record with %s for good and lets its shard go on', async (_, poison) => {
    const { deliver, sent, marks, counts } = setUp();
    expect(await deliver(recordOf(1), poison, recordOf(3))).toBeUndefined();
    expect(sent()).toEqual([[jobId, [1, 3]]]);
    expect(marks).toEqual([
      {
        jobId,
        chunk: 0,
        row: 2,
        stage: 'relay-rows',
        code: 'MESSAGE_INVALID',
        message: expect.stringContaining('expected a stream record'),
        attempts: 1,
        permanent: true,
      },
    ]);
    expect(counts).toMatchObject([{ rowsIn: 3, rowsOut: 2, dead: 1 }]);
    expect(lines.join('')).toContain('stream records hold no row');
    expect(lines.join('')).not.toContain(secret);
  });

  it.each<[string, string]>([
    ['fewer values than the job has columns', '[]'],
    ['more values than the job has columns', '["x","y"]'],
    ['a value that is an object', '[{"a":"x"}]'],
    ['a value that is a list', '[["x"]]'],
  ])('marks a record with %s, which would make the pack of its neighbours unreadable', async (_, data) => {
    const { deliver, sent, marks } = setUp();
    expect(await deliver(recordOf(1), recordOf(2, { data }), recordOf(3))).toBeUndefined();
    expect(sent()).toEqual([[jobId, [1, 3]]]);
    expect(marks).toMatchObject([{ row: 2, code: 'MESSAGE_INVALID', permanent: true }]);
  });

  it.each([
    ['negative', '-2'],
    ['fractional', '2.5'],
  ])('never puts a %s number into a pack', async (_, number) => {
    const { deliver, sent } = setUp();
    expect(await deliver(recordOf(1), brokenOf(2, 'line', { N: number }), recordOf(3))).toBeUndefined();
    expect(sent()).toEqual([[jobId, [1, 3]]]);
  });

  it('lets a record without readable keys go, so that its shard goes on, and says so', async () => {
    const { deliver, sent, marks } = setUp();
    const { dynamodb, ...record } = brokenOf(2, 'pk');
    const { Keys: _, ...keyless } = dynamodb ?? {};
    expect(await deliver({ ...record, dynamodb: keyless }, recordOf(3))).toBeUndefined();
    expect(sent()).toEqual([[jobId, [3]]]);
    expect(marks).toEqual([]);
    expect(lines.join('')).toContain('stream records hold no row');
  });

  it('lets a poison record come again when its mark cannot be written, and sends its neighbours', async () => {
    const { deliver, sent, counts } = setUp({ putMarks: async () => unavailable() });
    expect(await deliver(recordOf(1), brokenOf(2, 'data'), recordOf(3))).toBe('sequence 2');
    expect(sent()).toEqual([[jobId, [1, 3]]]);
    expect(counts).toMatchObject([{ rowsOut: 2, dead: 0 }]);
  });

  it('marks every row of a job that is not known, and sends those of the others', async () => {
    const { deliver, sent, marks } = setUp();
    const batch = [recordOf(1, { job: unknownJobId, chunk: 7 }), recordOf(2), recordOf(3, { job: unknownJobId })];
    expect(await deliver(...batch)).toBeUndefined();
    expect(sent()).toEqual([[jobId, [2]]]);
    expect(marks.map((mark) => [mark.jobId, mark.chunk, mark.row, mark.permanent])).toEqual([
      [unknownJobId, 7, 1, true],
      [unknownJobId, 0, 3, true],
    ]);
  });

  it('marks the rows of a job whose layout is not known', async () => {
    const { layout: _, ...planning } = jobOf(jobId, ['a']);
    const { deliver, marks, queues } = setUp({ jobs: [planning] });
    expect(await deliver(recordOf(1))).toBeUndefined();
    expect(marks).toMatchObject([{ row: 1, code: 'MESSAGE_INVALID' }]);
    expect(queues.work.sends).toEqual([]);
  });

  it('lets the rows of a job that cannot be read just now come again, and asks once more', async () => {
    const { deliver, sent, marks, asked } = setUp({
      getJob: (_, call) => (call === 1 ? unavailable() : undefined),
    });
    const batch = [recordOf(1, { job: otherJobId }), recordOf(2), recordOf(3)];
    expect(await deliver(...batch)).toBe('sequence 1');
    expect(sent()).toEqual([[jobId, [2, 3]]]);
    expect(marks).toEqual([]);
    expect(await deliver(...batch)).toBeUndefined();
    expect(asked).toEqual([otherJobId, jobId, otherJobId]);
  });
});
