import { queueContract } from '@sluice/core/ports/queue.contract';
import { describe, expect, it } from 'vitest';
import { createManualClock } from './clock.ts';
import {
  createLocalQueue,
  type LocalQueueOptions,
  payloadBytesMax,
  type QueueDisturbance,
  type QueueWatch,
} from './queue.ts';

/** More messages than any test sends. */
const everything = 100_000;
/** Messages of the most bytes that fit a batch. */
const batchSize = 4;

queueContract('the local queue', async () => {
  const clock = createManualClock();
  const queue = createLocalQueue({ name: 'rows', clock, visibilitySeconds: 600 });
  return {
    queue: queue.port,
    receiveAll: async () => queue.receive(everything),
    close: async () => undefined,
  };
});

const setUp = ({ maxReceiveCount = 3, ...options }: Partial<LocalQueueOptions> & { maxReceiveCount?: number } = {}) => {
  const clock = createManualClock(1_000_000);
  const seams = { clock, visibilitySeconds: 30 };
  const dead = createLocalQueue({ ...seams, name: 'rows-dlq' });
  const queue = createLocalQueue({ ...seams, name: 'rows', redrive: { to: dead, maxReceiveCount }, ...options });
  const { port } = queue;

  const send = async (bodies: readonly string[], delaySeconds = 0): Promise<void> => {
    for (let from = 0; from < bodies.length; from += batchSize) {
      const batch = bodies.slice(from, from + batchSize);
      await port.sendBatch(batch.map((body, index) => ({ id: `${index}`, body, delaySeconds })));
    }
  };
  const receiveBodies = (max = everything): string[] => queue.receive(max).map(({ body }) => body);
  const receiveHandles = (max = everything): string[] => queue.receive(max).map(({ receiptHandle }) => receiptHandle);
  const changeVisibility = (receiptHandle: string, timeoutSeconds: number) =>
    port.changeVisibilityBatch([{ id: '0', receiptHandle, timeoutSeconds }]);
  return { clock, queue, dead, port, send, receiveBodies, receiveHandles, changeVisibility };
};

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `body ${index}`);

describe('a delivery of the local queue', () => {
  it('is the record that Lambda hands to a function', async () => {
    const { clock, queue, send } = setUp();
    await send(['text']);
    await clock.advance(2_000);
    const [first] = queue.receive(10);
    expect(first).toEqual({
      messageId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      receiptHandle: expect.stringMatching(/./),
      body: 'text',
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: '1000000',
        SenderId: 'AIDALOCAL',
        ApproximateFirstReceiveTimestamp: '1002000',
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:local:000000000000:rows',
      awsRegion: 'local',
    });
    await clock.advance(30_000);
    const [second] = queue.receive(10);
    expect(second?.messageId).toBe(first?.messageId);
    expect(second?.attributes).toEqual({ ...first?.attributes, ApproximateReceiveCount: '2' });
  });

  it('names every message otherwise', async () => {
    const { queue, send } = setUp();
    await send(['a', 'a', 'a']);
    const records = queue.receive(10);
    expect(new Set(records.map(({ messageId }) => messageId)).size).toBe(3);
    expect(new Set(records.map(({ receiptHandle }) => receiptHandle)).size).toBe(3);
  });

  it('takes messages in the order they were sent, as many as are asked for', async () => {
    const { send, receiveBodies } = setUp();
    await send(numbered(25));
    expect(receiveBodies(0)).toEqual([]);
    expect(receiveBodies(7)).toEqual(numbered(7));
    expect(receiveBodies(100)).toEqual(numbered(25).slice(7));
    expect(receiveBodies(100)).toEqual([]);
  });

  it('takes each of many messages once, in order', async () => {
    const { queue, send, receiveBodies } = setUp();
    await send(numbered(5_000));
    const received: string[] = [];
    while (queue.visible() > 0) {
      received.push(...receiveBodies(300));
      await send(received.length < 5_000 ? [`late ${received.length}`] : []);
    }
    expect(received.slice(0, 5_000)).toEqual(numbered(5_000));
    expect(new Set(received).size).toBe(received.length);
  });

  it('weighs no more than a payload', async () => {
    const { send, receiveBodies } = setUp();
    const body = 'é'.repeat(131_072);
    const fitting = payloadBytesMax / Buffer.byteLength(body);
    await send(Array.from({ length: fitting + 2 }, () => body));
    expect(receiveBodies()).toHaveLength(fitting);
    expect(receiveBodies()).toHaveLength(2);
  });

  it('takes a message that does not fit the rest of a payload with the next', async () => {
    const { send, receiveBodies } = setUp();
    const most = 'a'.repeat(262_144);
    await send(['small', ...Array.from({ length: 24 }, () => most), 'last']);
    expect(receiveBodies().map((body) => body.length)).toEqual([5, ...Array.from({ length: 23 }, () => 262_144)]);
    expect(receiveBodies().map((body) => body.length)).toEqual([262_144, 4]);
  });
});

describe('visibility in the local queue', () => {
  it('hides a message from its receive until its time is over', async () => {
    const { clock, queue, send, receiveBodies } = setUp();
    await send(['a']);
    expect(receiveBodies()).toEqual(['a']);
    await clock.advance(29_999);
    expect(receiveBodies()).toEqual([]);
    expect(queue.nextVisibleAt()).toBe(1_030_000);
    await clock.advance(1);
    expect(receiveBodies()).toEqual(['a']);
  });

  it('brings messages back in the order they were received', async () => {
    const { clock, send, receiveBodies } = setUp();
    await send(numbered(50));
    expect(receiveBodies()).toEqual(numbered(50));
    await clock.advance(30_000);
    expect(receiveBodies()).toEqual(numbered(50));
  });

  it('brings messages back in the order of their times, before those sent later', async () => {
    const { clock, send, receiveBodies, receiveHandles, changeVisibility } = setUp();
    await send(['a', 'b', 'c']);
    const [a = '', b = '', c = ''] = receiveHandles();
    await changeVisibility(a, 20);
    await changeVisibility(b, 5);
    await changeVisibility(c, 10);
    await clock.advance(15_000);
    await send(['d']);
    await clock.advance(15_000);
    expect(receiveBodies()).toEqual(['b', 'c', 'd', 'a']);
  });

  it('brings the few that are left back in the order of their times, after thousands came and went', async () => {
    const { clock, queue, send, receiveBodies, changeVisibility } = setUp();
    const kept: string[] = [];
    for (let round = 0; round < 40; round++) {
      await send(numbered(100).map((body) => `${round} ${body}`));
      const records = queue.receive(everything);
      const [first, ...others] = records;
      // The later the round, the sooner it comes back.
      await changeVisibility(first?.receiptHandle ?? '', 1_000 - round);
      kept.unshift(first?.body ?? '');
      queue.delete(others.map(({ receiptHandle }) => receiptHandle));
    }
    expect(queue.size().messages).toBe(40);
    expect(queue.nextVisibleAt()).toBe(clock.now() + 961_000);
    await clock.advance(980_000);
    expect(receiveBodies()).toEqual(kept.slice(0, 20));
    await clock.advance(20_000);
    expect(receiveBodies()).toEqual(kept.slice(20));
  });

  it('counts from the change, not from the receive', async () => {
    const { clock, send, receiveBodies, receiveHandles, changeVisibility } = setUp();
    await send(['a']);
    const [handle = ''] = receiveHandles();
    await clock.advance(20_000);
    expect(await changeVisibility(handle, 100)).toEqual({ sent: ['0'], failed: [] });
    await clock.advance(99_999);
    expect(receiveBodies()).toEqual([]);
    await clock.advance(1);
    expect(receiveBodies()).toEqual(['a']);
  });

  it('goes by the last change', async () => {
    const { clock, queue, send, receiveBodies, receiveHandles, changeVisibility } = setUp();
    await send(['a']);
    const [handle = ''] = receiveHandles();
    await changeVisibility(handle, 10);
    await changeVisibility(handle, 5_000);
    await changeVisibility(handle, 60);
    expect(queue.nextVisibleAt()).toBe(1_060_000);
    await clock.advance(59_999);
    expect(receiveBodies()).toEqual([]);
    await clock.advance(1);
    expect(receiveBodies()).toEqual(['a']);
    expect(receiveBodies()).toEqual([]);
  });

  it('can be fractions of a second', async () => {
    const { clock, queue, send, receiveHandles, changeVisibility } = setUp();
    await send(['a']);
    const [handle = ''] = receiveHandles();
    await changeVisibility(handle, 0.25);
    expect(queue.nextVisibleAt()).toBe(1_000_250);
    await clock.advance(250);
    expect(queue.visible()).toBe(1);
  });

  it('is not changed of a message that is visible again', async () => {
    const { clock, send, receiveBodies, receiveHandles, changeVisibility } = setUp();
    await send(['a']);
    const [handle = ''] = receiveHandles();
    await clock.advance(30_000);
    expect(await changeVisibility(handle, 600)).toMatchObject({ sent: [], failed: [{ id: '0', senderFault: true }] });
    expect(receiveBodies()).toEqual(['a']);
  });

  it('is not changed by the handle of an earlier delivery', async () => {
    const { clock, send, receiveBodies, receiveHandles, changeVisibility } = setUp();
    await send(['a']);
    const [stale = ''] = receiveHandles();
    await clock.advance(30_000);
    receiveBodies();
    expect(await changeVisibility(stale, 0)).toMatchObject({ sent: [], failed: [{ id: '0', senderFault: true }] });
    expect(receiveBodies()).toEqual([]);
  });

  it('is not changed of a message that is deleted', async () => {
    const { queue, send, receiveHandles, changeVisibility } = setUp();
    await send(['a']);
    const [handle = ''] = receiveHandles();
    queue.delete([handle]);
    expect(await changeVisibility(handle, 0)).toMatchObject({ sent: [], failed: [{ id: '0', senderFault: true }] });
    expect(queue.size()).toEqual({ messages: 0, bytes: 0 });
  });

  it.each([-1, Number.NaN])('is refused as %d seconds', async (seconds) => {
    const { send, receiveHandles, changeVisibility } = setUp();
    await send(['a']);
    const [handle = ''] = receiveHandles();
    await expect(changeVisibility(handle, seconds)).rejects.toMatchObject({ code: 'SERVICE_REFUSED' });
  });
});

describe('a receipt handle of the local queue', () => {
  it('deletes its message', async () => {
    const { clock, queue, send, receiveBodies, receiveHandles } = setUp();
    await send(['a', 'b']);
    const [a = ''] = receiveHandles();
    queue.delete([a]);
    expect(queue.size()).toEqual({ messages: 1, bytes: 1 });
    await clock.advance(30_000);
    expect(receiveBodies()).toEqual(['b']);
  });

  it('deletes nothing once the message was received again', async () => {
    const { clock, queue, send, receiveHandles } = setUp();
    await send(['a']);
    const [stale = ''] = receiveHandles();
    await clock.advance(30_000);
    const [handle = ''] = receiveHandles();
    queue.delete([stale]);
    expect(queue.size().messages).toBe(1);
    queue.delete([handle]);
    expect(queue.size().messages).toBe(0);
  });

  it('deletes a message that is visible again, as long as nobody received it', async () => {
    const { clock, queue, send, receiveBodies, receiveHandles } = setUp();
    await send(['a', 'b']);
    const [a = ''] = receiveHandles();
    await clock.advance(30_000);
    expect(queue.visible()).toBe(2);
    queue.delete([a]);
    expect(queue.visible()).toBe(1);
    expect(queue.depth()).toMatchObject({ visible: 1, inFlight: 0 });
    expect(receiveBodies()).toEqual(['b']);
  });

  it('leaves nothing visible when it deletes the only message', async () => {
    const { clock, queue, send, receiveHandles } = setUp();
    await send(['a']);
    const handles = receiveHandles();
    await clock.advance(30_000);
    expect(queue.visibleSince()).toBe(1_030_000);
    queue.delete(handles);
    expect(queue.visible()).toBe(0);
    expect(queue.visibleSince()).toBeUndefined();
  });

  it('deletes nothing twice', async () => {
    const { queue, send, receiveHandles } = setUp();
    await send(['a', 'b']);
    const [a = ''] = receiveHandles();
    queue.delete([a, a]);
    queue.delete([a, 'no handle', '']);
    expect(queue.size()).toEqual({ messages: 1, bytes: 1 });
  });
});

describe('a dead-letter queue', () => {
  it('takes a message at the receive after its last delivery', async () => {
    const { clock, queue, dead, send, receiveBodies } = setUp({ maxReceiveCount: 2 });
    await send(['a']);
    for (const _ of [1, 2]) {
      expect(receiveBodies()).toEqual(['a']);
      await clock.advance(30_000);
    }
    expect(dead.size().messages).toBe(0);
    expect(receiveBodies()).toEqual([]);
    expect(queue.size()).toEqual({ messages: 0, bytes: 0 });
    expect(dead.peek()).toMatchObject([{ body: 'a' }]);
  });

  it('takes none that is deleted after its last delivery', async () => {
    const { clock, queue, dead, send, receiveHandles, receiveBodies } = setUp({ maxReceiveCount: 1 });
    await send(['a']);
    queue.delete(receiveHandles());
    await clock.advance(30_000);
    expect(receiveBodies()).toEqual([]);
    expect(dead.size().messages).toBe(0);
  });

  it('takes what is set aside out of the way of other messages', async () => {
    const { clock, dead, send, receiveBodies } = setUp({ maxReceiveCount: 1 });
    await send(['a', 'b']);
    receiveBodies();
    await clock.advance(30_000);
    await send(['c', 'd']);
    expect(receiveBodies(2)).toEqual(['c', 'd']);
    expect(dead.peek().map(({ body }) => body)).toEqual(['a', 'b']);
  });

  it('counts deliveries whose visibility was ended early', async () => {
    const { dead, send, receiveBodies, receiveHandles, changeVisibility } = setUp({ maxReceiveCount: 3 });
    await send(['a']);
    for (const _ of [1, 2, 3]) {
      const [handle = ''] = receiveHandles();
      expect(await changeVisibility(handle, 0)).toMatchObject({ sent: ['0'] });
    }
    expect(receiveBodies()).toEqual([]);
    expect(dead.size().messages).toBe(1);
  });

  it('keeps the name and the time of sending, and counts receives anew', async () => {
    const { clock, queue, dead, send } = setUp({ maxReceiveCount: 1 });
    await send(['a']);
    const [first] = queue.receive(1);
    await clock.advance(30_000);
    queue.receive(1);
    const [record] = dead.receive(1);
    expect(record).toMatchObject({
      messageId: first?.messageId,
      body: 'a',
      attributes: { ApproximateReceiveCount: '1', SentTimestamp: '1000000' },
      eventSourceARN: 'arn:aws:sqs:local:000000000000:rows-dlq',
    });
    await clock.advance(30_000);
    expect(dead.receive(1)[0]?.attributes.ApproximateReceiveCount).toBe('2');
    expect(dead.depth()).toMatchObject({ inFlight: 1, oldestAgeSeconds: 60 });
  });

  it('is out of reach of the handles that the queue gave', async () => {
    const { clock, queue, dead, send, receiveHandles } = setUp({ maxReceiveCount: 1 });
    await send(['a']);
    const handles = receiveHandles();
    await clock.advance(30_000);
    receiveHandles();
    queue.delete(handles);
    expect(dead.size().messages).toBe(1);
    expect(queue.size().messages).toBe(0);
  });

  it('is not used where a queue has none', async () => {
    const { clock, dead } = setUp();
    dead.take({ id: 'm', body: 'a', receives: 3, sentAt: 0 });
    for (let time = 1; time <= 20; time++) {
      expect(dead.receive(1)[0]?.attributes.ApproximateReceiveCount).toBe(String(time));
      await clock.advance(30_000);
    }
  });
});

describe('a delay in the local queue', () => {
  it('holds a message back for its time', async () => {
    const { clock, queue, send, receiveBodies } = setUp();
    await send(['a'], 900);
    expect(queue.depth()).toMatchObject({ visible: 0, inFlight: 0, delayed: 1 });
    expect(queue.nextVisibleAt()).toBe(1_900_000);
    await clock.advance(899_999);
    expect(receiveBodies()).toEqual([]);
    await clock.advance(1);
    expect(queue.visibleSince()).toBe(1_900_000);
    expect(receiveBodies()).toEqual(['a']);
  });

  it('can be a fraction of a second', async () => {
    const { clock, send, receiveBodies } = setUp();
    await send(['a'], 0.5);
    await clock.advance(499);
    expect(receiveBodies()).toEqual([]);
    await clock.advance(1);
    expect(receiveBodies()).toEqual(['a']);
  });

  it('brings messages in the order of their times, and of their sending where these are equal', async () => {
    const { clock, port, receiveBodies } = setUp();
    const delays = [5, 1, 3, 1, 5, 3, 1, 5, 1, 3];
    await port.sendBatch(delays.map((delaySeconds, index) => ({ id: `${index}`, body: `${index}`, delaySeconds })));
    await clock.advance(5_000);
    expect(receiveBodies()).toEqual(['1', '3', '6', '8', '2', '5', '9', '0', '4', '7']);
  });

  it('that is over puts a message before what was sent since', async () => {
    const { clock, queue, send, receiveBodies } = setUp();
    await send(['a'], 5);
    await clock.advance(10_000);
    await send(['b']);
    expect(queue.visibleSince()).toBe(1_005_000);
    expect(receiveBodies()).toEqual(['a', 'b']);
  });

  it.each([-1, Number.NaN])('is refused as %d seconds', async (seconds) => {
    const { queue, send } = setUp();
    await expect(send(['a'], seconds)).rejects.toMatchObject({ code: 'SERVICE_REFUSED' });
    expect(queue.size().messages).toBe(0);
  });
});

describe('the local queue', () => {
  it('refuses an empty message', async () => {
    const { queue, send } = setUp();
    await expect(send(['a', ''])).rejects.toMatchObject({ code: 'SERVICE_REFUSED' });
    expect(queue.size().messages).toBe(0);
  });

  it('tells how much it holds in every state', async () => {
    const { queue, send, receiveHandles } = setUp();
    await send(['é', 'ab']);
    await send(['abc'], 10);
    expect(queue.size()).toEqual({ messages: 3, bytes: 7 });
    const [handle = ''] = receiveHandles(1);
    expect(queue.size()).toEqual({ messages: 3, bytes: 7 });
    expect(queue.peek().map(({ body, receives }) => [body, receives])).toEqual([
      ['é', 1],
      ['ab', 0],
      ['abc', 0],
    ]);
    queue.delete([handle]);
    expect(queue.size()).toEqual({ messages: 2, bytes: 5 });
  });

  it('tells since when a message is visible', async () => {
    const { clock, queue, send, receiveBodies } = setUp();
    expect(queue.visibleSince()).toBeUndefined();
    expect(queue.nextVisibleAt()).toBeUndefined();
    await send(['a']);
    await clock.advance(1_000);
    await send(['b']);
    expect(queue.visible()).toBe(2);
    expect(queue.visibleSince()).toBe(1_000_000);
    receiveBodies(1);
    expect(queue.visible()).toBe(1);
    expect(queue.visibleSince()).toBe(1_001_000);
    receiveBodies(1);
    expect(queue.visible()).toBe(0);
    expect(queue.visibleSince()).toBeUndefined();
  });

  it('tells the age of the oldest message that waits', async () => {
    const { clock, port, send } = setUp();
    await send(['a']);
    await clock.advance(2_500);
    await send(['b']);
    await clock.advance(1_000);
    expect((await port.depth()).oldestAgeSeconds).toBe(3.5);
  });

  it('says when a message may have become visible', async () => {
    let changes = 0;
    const { port, send, receiveHandles, changeVisibility } = setUp({ onChange: () => changes++ });
    await send(['a']);
    expect(changes).toBe(1);
    const [handle = ''] = receiveHandles();
    expect(changes).toBe(1);
    await changeVisibility(handle, 0);
    expect(changes).toBe(2);
    await expect(port.sendBatch([])).rejects.toMatchObject({ code: 'SERVICE_REFUSED' });
    expect(changes).toBe(2);
  });
});

describe('a queue that is disturbed', () => {
  const calm: QueueDisturbance = {
    lateSeconds: () => 0,
    pick: () => 0,
    visibilitySeconds: (_, usual) => usual,
    deletion: () => 'gone',
  };

  it('shows a message later than it was to be', async () => {
    const { clock, send, receiveBodies } = setUp({ disturbance: { ...calm, lateSeconds: () => 7 } });
    await send(['a'], 2);
    await clock.advance(8_999);
    expect(receiveBodies()).toEqual([]);
    await clock.advance(1);
    expect(receiveBodies()).toEqual(['a']);
  });

  it('hands messages over in any order, each once', async () => {
    const { send, receiveBodies } = setUp({ disturbance: { ...calm, pick: (_, messages) => messages - 1 } });
    await send(['a', 'b', 'c', 'd']);
    expect(receiveBodies(2)).toEqual(['d', 'a']);
    expect(receiveBodies()).toEqual(['b', 'c']);
    expect(receiveBodies()).toEqual([]);
  });

  it('shows a message again while it is worked on, and its first handle deletes nothing then', async () => {
    const { clock, queue, send, receiveHandles, receiveBodies } = setUp({
      disturbance: { ...calm, visibilitySeconds: () => 1 },
    });
    await send(['a']);
    const handles = receiveHandles();
    await clock.advance(1_000);
    expect(receiveBodies()).toEqual(['a']);
    queue.delete(handles);
    expect(queue.size().messages).toBe(1);
  });

  it('keeps a message that was to be deleted', async () => {
    const { clock, queue, send, receiveHandles, receiveBodies } = setUp({
      disturbance: { ...calm, deletion: () => 'kept' },
    });
    await send(['a']);
    queue.delete(receiveHandles());
    await clock.advance(30_000);
    expect(receiveBodies()).toEqual(['a']);
  });

  it('delivers a message once more that was deleted, as one more receive of the same message', async () => {
    const deletions: ('gone' | number)[] = [60, 'gone'];
    const { clock, queue, send } = setUp({ disturbance: { ...calm, deletion: () => deletions.shift() ?? 'gone' } });
    await send(['a']);
    const [first] = queue.receive(1);
    queue.delete([first?.receiptHandle ?? '']);
    await clock.advance(59_999);
    expect(queue.receive(1)).toEqual([]);
    await clock.advance(1);
    const [second] = queue.receive(1);
    expect(second).toMatchObject({ messageId: first?.messageId, body: 'a' });
    expect(second?.attributes.ApproximateReceiveCount).toBe('2');
    queue.delete([second?.receiptHandle ?? '']);
    expect(queue.size().messages).toBe(0);
  });

  it('tells what becomes of messages', async () => {
    const seen: string[] = [];
    const watch: QueueWatch = {
      sent: (queue, messages) => seen.push(`${queue} sent ${messages.map(({ body }) => body)}`),
      received: (queue, messages) => seen.push(`${queue} received ${messages.map(({ body }) => body)}`),
      deleted: (queue, { body }) => seen.push(`${queue} deleted ${body}`),
      setAside: (queue, { body }) => seen.push(`${queue} set aside ${body}`),
    };
    const { clock, queue, send, receiveHandles } = setUp({ watch, maxReceiveCount: 1 });
    await send(['a', 'b']);
    queue.delete(receiveHandles(1));
    receiveHandles();
    await clock.advance(30_000);
    receiveHandles();
    expect(seen).toEqual(['rows sent a,b', 'rows received a', 'rows deleted a', 'rows received b', 'rows set aside b']);
  });
});
