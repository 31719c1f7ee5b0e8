import { describe, expect, it } from 'vitest';
import { SluiceError } from './errors.ts';
import { batchBytesMax, batchEntriesMax } from './ports/queue.ts';
import { createScriptedQueue, refuse, takeAll } from './scripted-queue.ts';
import { type Outgoing, sendAll, sendOrThrow } from './send.ts';
import { createVirtualClock } from './virtual-clock.ts';

const triesMax = 5;
const messages = (count: number): Outgoing[] => Array.from({ length: count }, (_, i) => ({ body: `message ${i}` }));
const bodiesOf = (count: number): string[] => messages(count).map(({ body }) => body);

const send = (queue: ReturnType<typeof createScriptedQueue>, outgoing: readonly Outgoing[]) => {
  const clock = createVirtualClock();
  return { clock, unsent: clock.run(sendAll(queue, outgoing, { clock, random: () => 0.5 })) };
};

const idsOf = (calls: readonly (readonly { readonly id: string }[])[]): string[][] =>
  calls.map((entries) => entries.map(({ id }) => id));

describe('sendAll', () => {
  it('sends nothing when there is nothing', async () => {
    const queue = createScriptedQueue();
    expect(await send(queue, []).unsent).toEqual([]);
    expect(queue.sends).toEqual([]);
  });

  it('sends every message once, in calls of at most ten', async () => {
    const queue = createScriptedQueue();
    expect(await send(queue, messages(95)).unsent).toEqual([]);
    expect(queue.sends.map((entries) => entries.length)).toEqual([10, 10, 10, 10, 10, 10, 10, 10, 10, 5]);
    expect([...queue.bodies].sort()).toEqual(bodiesOf(95).sort());
  });

  it('keeps a call within its bytes, counted as UTF-8', async () => {
    const queue = createScriptedQueue();
    const body = '€'.repeat(80_000);
    const { unsent } = send(
      queue,
      Array.from({ length: 9 }, () => ({ body })),
    );
    expect(await unsent).toEqual([]);
    expect(queue.sends.map((entries) => entries.length)).toEqual([4, 4, 1]);
    expect(Buffer.byteLength(body) * 5).toBeGreaterThan(batchBytesMax);
  });

  it('hands on each message’s delay, and none where there is none', async () => {
    const queue = createScriptedQueue();
    await send(queue, [{ body: 'a', delaySeconds: 7 }, { body: 'b' }]).unsent;
    expect(queue.sends[0]).toEqual([
      { id: '0', body: 'a', delaySeconds: 7 },
      { id: '1', body: 'b' },
    ]);
  });

  it('sends again only what was not confirmed', async () => {
    const queue = createScriptedQueue((entries, call) => (call === 1 ? refuse(['1', '3'], entries) : takeAll(entries)));
    expect(await send(queue, messages(5)).unsent).toEqual([]);
    expect(idsOf(queue.sends)).toEqual([
      ['0', '1', '2', '3', '4'],
      ['1', '3'],
    ]);
    expect(queue.bodies).toHaveLength(5);
  });

  it('takes an entry that the answer does not mention as unsent and sends it again', async () => {
    const queue = createScriptedQueue((entries, call) => (call === 1 ? { sent: ['0'], failed: [] } : takeAll(entries)));
    expect(await send(queue, messages(3)).unsent).toEqual([]);
    expect(idsOf(queue.sends)).toEqual([
      ['0', '1', '2'],
      ['1', '2'],
    ]);
  });

  it('does not send again what is the sender’s fault, and says so', async () => {
    const queue = createScriptedQueue((entries) => refuse(['1'], entries, true));
    const { clock, unsent } = send(queue, messages(3));
    expect(await unsent).toEqual([{ index: 1, code: 'InternalError' }]);
    expect(queue.sends).toHaveLength(1);
    expect(clock.sleeps).toEqual([]);
  });

  it('sends a whole batch again when the reply is lost', async () => {
    const queue = createScriptedQueue((entries, call) => {
      if (call === 1) throw new Error('socket hang up');
      return takeAll(entries);
    });
    expect(await send(queue, messages(3)).unsent).toEqual([]);
    expect(idsOf(queue.sends)).toEqual([
      ['0', '1', '2'],
      ['0', '1', '2'],
    ]);
  });

  it('does not repeat a call that the service refuses for good', async () => {
    const queue = createScriptedQueue(() => {
      throw new SluiceError('SERVICE_REFUSED', 'expected a batch, found none');
    });
    expect(await send(queue, messages(2)).unsent).toEqual([
      { index: 0, code: 'SERVICE_REFUSED' },
      { index: 1, code: 'SERVICE_REFUSED' },
    ]);
    expect(queue.sends).toHaveLength(1);
  });

  it('gives up after its tries and names every message that is not durable, in order', async () => {
    const queue = createScriptedQueue((entries) => refuse(['11', '3'], entries));
    const { clock, unsent } = send(queue, messages(13));
    expect(await unsent).toEqual([
      { index: 3, code: 'InternalError' },
      { index: 11, code: 'InternalError' },
    ]);
    expect(queue.sends.filter((entries) => entries.some(({ id }) => id === '3'))).toHaveLength(triesMax);
    // Two batches, four waits each, half of a wait that doubles.
    expect([...clock.sleeps].sort((a, b) => a - b)).toEqual([25, 25, 50, 50, 100, 100, 200, 200]);
  });

  it('gives up when every reply is lost', async () => {
    const queue = createScriptedQueue(() => {
      throw new Error('socket hang up');
    });
    expect((await send(queue, messages(2)).unsent).map(({ index, code }) => [index, code])).toEqual([
      [0, 'SEND_FAILED'],
      [1, 'SEND_FAILED'],
    ]);
    expect(queue.sends).toHaveLength(triesMax);
  });

  it('keeps at most four calls under way', async () => {
    const clock = createVirtualClock();
    let under = 0;
    let most = 0;
    const queue = {
      ...createScriptedQueue(),
      async sendBatch(entries: readonly { readonly id: string }[]) {
        most = Math.max(most, ++under);
        await clock.sleep(10);
        under--;
        return takeAll(entries);
      },
    };
    await clock.run(sendAll(queue, messages(200), { clock, random: () => 0 }));
    expect(most).toBe(4);
  });
});

describe('sendOrThrow', () => {
  const seams = () => ({ clock: createVirtualClock(), random: () => 0.5 });

  it('is content when everything is confirmed', async () => {
    const queue = createScriptedQueue();
    await sendOrThrow(queue, bodiesOf(batchEntriesMax + 1), seams());
    expect(queue.bodies).toEqual(bodiesOf(batchEntriesMax + 1));
  });

  it('throws SEND_FAILED with counts and no body when one message is not confirmed', async () => {
    const queue = createScriptedQueue((entries) => refuse(['1'], entries, true));
    await expect(sendOrThrow(queue, bodiesOf(3), seams())).rejects.toMatchObject({
      code: 'SEND_FAILED',
      message: 'expected the queue to confirm 3 messages, found 1 unconfirmed (InternalError)',
    });
  });
});
