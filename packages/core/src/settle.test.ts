import { describe, expect, test } from 'vitest';
import { createLogger } from './logger.ts';
import { findJobId } from './messages.ts';
import type { DeadMark } from './ports/job-store.ts';
import { createScriptedQueue, refuse } from './scripted-queue.ts';
import type { Delivery, Fate } from './settle.ts';
import { done, notReached, settle } from './settle.ts';
import { recordOf } from './stage-harness.ts';
import { createVirtualClock } from './virtual-clock.ts';

const maxReceiveCount = 20;
const throttled: Fate = { kind: 'later', code: 'THROTTLED', message: 'expected the row taken, found it throttled' };
const failed: Fate = { kind: 'transient', code: 'UNKNOWN', message: 'expected success, found none' };
const refused: Fate = { kind: 'permanent', code: 'ROW_REFUSED', message: 'expected the row taken, found it refused' };

const settleOne = async (receives: number, fates: readonly Fate[], isSendRefused = false) => {
  const clock = createVirtualClock();
  const queue = createScriptedQueue((entries) => refuse(isSendRefused ? ['0'] : [], entries));
  const marks: DeadMark[] = [];
  const delivery: Delivery<string, number> = {
    record: recordOf('message', 'the body', receives),
    receives,
    message: 'message',
    items: fates.map((_, row) => row),
    fates: [...fates],
  };
  const { settled } = await clock.run(
    settle(
      [delivery],
      {
        stage: 'store-rows',
        maxReceiveCount,
        single: (_, row, tried) => `row ${row} after ${tried}`,
        tried: () => 0,
        place: (_, row) => ({ jobId: 'job', chunk: 0, row }),
        jobOf: findJobId,
        rowsOf: () => 1,
      },
      {
        clock,
        random: () => 0.5,
        logger: createLogger('store-rows', 'SILENT'),
        queue,
        jobs: { putMarks: async (written) => void marks.push(...written) },
      },
      { retryDelaysSeconds: [5, 30, 120], outageDelaysSeconds: [600, 3_600], isOutage: false },
    ),
  );
  return {
    isAcknowledged: settled[0]?.status === 'fulfilled',
    sent: queue.taken.map(({ body, delaySeconds }) => [body, delaySeconds]),
    hiddenSeconds: queue.visibilities.flat().map(({ timeoutSeconds }) => timeoutSeconds),
    marks: marks.map(({ row, code }) => `${row} ${code}`),
  };
};

describe('a table that throttles', () => {
  test.each([
    [1, 5],
    [2, 30],
    [3, 120],
    [4, 600],
    [19, 600],
  ])('delivery %i: its rows come back after %i s, and none is dead', async (receives, seconds) => {
    expect(await settleOne(receives, [done, throttled])).toEqual({
      isAcknowledged: false,
      sent: [],
      hiddenSeconds: [seconds],
      marks: [],
    });
  });

  test.each([
    ['all rows', [throttled, throttled]],
    ['some rows', [done, throttled]],
    ['rows that the time did not suffice for', [throttled, notReached]],
  ])('on the last delivery the message is sent again as it is: %s', async (_, fates) => {
    expect(await settleOne(maxReceiveCount, fates)).toEqual({
      isAcknowledged: true,
      sent: [['the body', 675]],
      hiddenSeconds: [],
      marks: [],
    });
  });

  test('a row that the table refuses for good is marked all the same', async () => {
    const { isAcknowledged, sent, marks } = await settleOne(maxReceiveCount, [refused, throttled]);
    expect({ isAcknowledged, sent, marks }).toEqual({
      isAcknowledged: true,
      sent: [['the body', 675]],
      marks: ['0 ROW_REFUSED'],
    });
  });

  test('a message that holds rows which failed for another reason is at its end, and every row of it is marked', async () => {
    const { isAcknowledged, sent, marks } = await settleOne(maxReceiveCount, [failed, throttled]);
    expect({ isAcknowledged, sent, marks }).toEqual({
      isAcknowledged: false,
      sent: [],
      marks: ['0 UNKNOWN', '1 THROTTLED'],
    });
  });

  test('where the queue does not take the copy the message stays, and its rows are marked before it is set aside', async () => {
    const { isAcknowledged, marks } = await settleOne(maxReceiveCount, [throttled], true);
    expect({ isAcknowledged, marks }).toEqual({ isAcknowledged: false, marks: ['0 THROTTLED'] });
  });
});
