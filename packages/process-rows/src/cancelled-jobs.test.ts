import { catchOutput } from '@sluice/core/caught-output';
import { cancelledReason } from '@sluice/core/ledger';
import { createOpenJob } from '@sluice/core/memory-jobs';
import { parseFinishedMessage, type RowTuple, rowsEnvelope, serialise } from '@sluice/core/messages';
import type { Job } from '@sluice/core/ports/job-store';
import { createStageHarness, recordOf, type StageHarnessSettings, visibilitiesOf } from '@sluice/core/stage-harness';
import { describe, expect, it } from 'vitest';
import { createProcessRows } from './process-rows.ts';

const jobId = '0123456789abcdefghjkmnpqrs';
const otherJobId = 'zzzzzzzzzzzzzzzzzzzzzzzzzz';
const secret = 'SECRET-CONTENT';

const lines = catchOutput();

const tuple = (row: number): RowTuple => [0, row, row + 1, [`value ${row}`]];

const packOf = (rows: readonly number[], { job = jobId, tried = 0 } = {}): string => {
  const { head, tail } = rowsEnvelope(job, ['a'], tried);
  return head + rows.map((row) => serialise(tuple(row))).join(',') + tail;
};

const openJob: Job = createOpenJob(jobId, { bucket: 'inbox', key: 'a.csv', etag: 'etag', bytes: 10 }, ['a']);
const cancelled: Job = { ...openJob, state: 'REFUSED', reason: cancelledReason };

const setUp = (
  ledger: Map<string, Job>,
  { process = () => ({}), ...settings }: Partial<StageHarnessSettings> & { readonly process?: () => object } = {},
) => {
  const lookups: string[] = [];
  const harness = createStageHarness({
    stage: 'process-rows',
    async findJob(id) {
      lookups.push(id);
      return ledger.get(id);
    },
    ...settings,
  });
  const calls: number[] = [];
  const handler = createProcessRows(harness.ports, {
    processor: {
      name: 'test',
      process({ row }) {
        calls.push(row);
        return process() as Record<string, unknown>;
      },
    },
  });
  return {
    ...harness,
    calls,
    lookups,
    deliver: (...records: Parameters<typeof recordOf>[]) =>
      harness.deliver(handler, ...records.map((record) => recordOf(...record))),
  };
};

describe('rows of a job that was called off', () => {
  it('are acknowledged, and the processor does not see them', async () => {
    const { deliver, calls, queues, marks, counts } = setUp(new Map([[jobId, cancelled]]));
    expect(await deliver(['a', packOf([1, 2])], ['b', packOf([3])])).toEqual([]);
    expect(calls).toEqual([]);
    expect(queues.finished.sends).toEqual([]);
    expect(queues.work.sends).toEqual([]);
    expect(marks).toEqual([]);
    expect(counts).toMatchObject([{ rowsIn: 3, rowsOut: 0, dead: 0, messagesFailed: 0 }]);
  });

  it('are acknowledged however often they came, and given no time to come back', async () => {
    const { deliver, calls, queues, marks } = setUp(new Map([[jobId, cancelled]]));
    expect(await deliver(['a', packOf([1, 2]), 2], ['b', packOf([3], { tried: 1 }), 4])).toEqual([]);
    expect(calls).toEqual([]);
    expect(queues.work.sends).toEqual([]);
    expect(visibilitiesOf(queues.work)).toEqual({});
    expect(marks).toEqual([]);
  });

  it('do not hold up those of another job in the same batch', async () => {
    const { deliver, calls, queues } = setUp(new Map([[jobId, cancelled]]));
    expect(await deliver(['a', packOf([1, 2])], ['b', packOf([3, 4], { job: otherJobId })])).toEqual([]);
    expect(calls).toEqual([3, 4]);
    expect(queues.finished.bodies.map((body) => parseFinishedMessage(body).jobId)).toEqual([otherJobId]);
  });

  it('do not show the processor to work: rows of another job that all fail still meet an outage', async () => {
    const { deliver, queues } = setUp(new Map([[jobId, cancelled]]), {
      process: () => {
        throw new Error('away');
      },
    });
    const failing = packOf([1, 2, 3, 4, 5], { job: otherJobId });
    expect(await deliver(['a', failing], ['b', packOf([6, 7])])).toEqual([]);
    expect(queues.work.bodies).toEqual([packOf([1, 2, 3, 4, 5], { job: otherJobId, tried: 1 })]);
  });

  it('are called for ten seconds at most after it was', async () => {
    const ledger = new Map([[jobId, openJob]]);
    const { deliver, calls, clock } = setUp(ledger);
    await deliver(['a', packOf([1])]);
    ledger.set(jobId, cancelled);
    clock.pass(9_999);
    await deliver(['b', packOf([2])]);
    expect(calls).toEqual([1, 2]);
    clock.pass(1);
    await deliver(['c', packOf([3])]);
    expect(calls).toEqual([1, 2]);
  });
});

describe('rows of a job that was not called off', () => {
  it.each<readonly [string, Job | undefined]>([
    ['is open', openJob],
    ['was refused for another reason', { ...cancelled, reason: { code: 'TOO_MANY_REJECTS', message: 'why' } }],
    ['was superseded', { ...cancelled, state: 'SUPERSEDED' }],
    ['is not known', undefined],
  ])('are called when it %s', async (_, job) => {
    const { deliver, calls } = setUp(new Map(job === undefined ? [] : [[jobId, job]]));
    expect(await deliver(['a', packOf([1, 2])])).toEqual([]);
    expect(calls).toEqual([1, 2]);
  });

  it('are called when it cannot be looked up, which is not tried again for ten seconds', async () => {
    let lookups = 0;
    const { deliver, calls, queues, clock } = setUp(new Map(), {
      async findJob() {
        lookups++;
        throw new Error(`${secret}: the table is away`);
      },
    });
    expect(await deliver(['a', packOf([1, 2])])).toEqual([]);
    clock.pass(9_999);
    expect(await deliver(['b', packOf([3])])).toEqual([]);
    expect(calls).toEqual([1, 2, 3]);
    expect(queues.finished.bodies).toHaveLength(2);
    expect(lookups).toBe(1);
    const said = lines.join('');
    expect(said).toContain('whether a job was called off could not be looked up');
    expect(said).not.toContain(secret);
  });
});

describe('a job', () => {
  it('is looked up once in ten seconds, however many messages and rows of it there are', async () => {
    const { deliver, lookups, clock } = setUp(new Map([[jobId, openJob]]));
    await deliver(['a', packOf([1, 2, 3])], ['b', packOf([4])], ['c', packOf([5], { job: otherJobId })]);
    expect(lookups).toEqual([jobId, otherJobId]);
    clock.pass(9_999);
    await deliver(['d', packOf([6])], ['e', packOf([7], { job: otherJobId })]);
    expect(lookups).toHaveLength(2);
    clock.pass(1);
    await deliver(['f', packOf([8])]);
    expect(lookups).toEqual([jobId, otherJobId, jobId]);
  });

  it('is forgotten behind a thousand others, and looked up again', async () => {
    const { deliver, lookups } = setUp(new Map());
    const idOf = (index: number): string => String(index).padStart(26, '0');
    for (let index = 0; index <= 1_000; index++) await deliver(['a', packOf([1], { job: idOf(index) })]);
    await deliver(['a', packOf([1], { job: idOf(1) })]);
    expect(lookups).toHaveLength(1_001);
    await deliver(['a', packOf([1], { job: idOf(0) })]);
    expect(lookups).toHaveLength(1_002);
  });

  it('are looked for four jobs at a time, however many a batch holds', async () => {
    let underWay = 0;
    let most = 0;
    const ids = Array.from({ length: 10 }, (_, index) => String(index).padStart(26, '0'));
    const { deliver, calls } = setUp(new Map(), {
      async findJob() {
        most = Math.max(most, ++underWay);
        await Promise.resolve();
        underWay--;
        return undefined;
      },
    });
    await deliver(...ids.map((job, index): [string, string] => [`m${index}`, packOf([index + 1], { job })]));
    expect([most, calls.length]).toEqual([4, 10]);
  });
});
