import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Queue, QueueEntry } from './queue.ts';
import { batchBytesMax, batchEntriesMax, delaySecondsMax, messageBytesMax, visibilitySecondsMax } from './queue.ts';

// What every Queue promises. An adapter runs it from a test of its own, against a queue that counts its messages exactly.

/** An empty queue for one test alone, whose messages stay in flight for minutes. */
export type QueueSetUp = {
  readonly queue: Queue;
  /** Takes every message that is visible now, in any order; they are in flight then. */
  receiveAll(): Promise<readonly { readonly body: string; readonly receiptHandle: string }[]>;
  close(): Promise<void>;
};

const refusal = { name: 'SluiceError', code: 'SERVICE_REFUSED' };

/** Entries whose ids are their positions. */
const entriesOf = (...bodies: readonly string[]): QueueEntry[] =>
  bodies.map((body, index) => ({ id: `${index}`, body }));

const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`);

const refusedCharacters: readonly (readonly [name: string, character: string])[] = [
  ['U+0000', '\u0000'],
  ['U+0008', '\u0008'],
  ['U+000B', '\u000b'],
  ['U+000C', '\u000c'],
  ['U+001F', '\u001f'],
  ['U+FFFE', '\ufffe'],
  ['U+FFFF', '\uffff'],
  ['the first half of a pair', '\ud83d'],
  ['the second half of a pair', '\udc4d'],
  ['a pair the wrong way round', '\udc4d\ud83d'],
];

export const queueContract = (name: string, setUp: () => Promise<QueueSetUp>): void => {
  describe(name, () => {
    let made: QueueSetUp;
    let queue: Queue;
    beforeEach(async () => {
      made = await setUp();
      queue = made.queue;
    });
    afterEach(() => made.close());

    const receiveBodies = async (): Promise<string[]> => (await made.receiveAll()).map(({ body }) => body).sort();

    /** Sends messages and takes them in flight. Body -> receipt handle. */
    const sendAndReceive = async (...bodies: readonly string[]): Promise<(body: string) => string> => {
      await queue.sendBatch(entriesOf(...bodies));
      const handles = new Map((await made.receiveAll()).map(({ body, receiptHandle }) => [body, receiptHandle]));
      return (body) => handles.get(body) ?? '';
    };

    describe('sendBatch', () => {
      it.each([1, 2, batchEntriesMax])('takes a batch of %i and names every id', async (count) => {
        const bodies = ids(count).map((id) => `body ${id}`);
        const answer = await queue.sendBatch(entriesOf(...bodies));
        expect([...answer.sent].sort()).toEqual(ids(count));
        expect(answer.failed).toEqual([]);
        expect(await receiveBodies()).toEqual(bodies);
      });

      it('delivers equal bodies as messages of their own', async () => {
        await queue.sendBatch(entriesOf('a', 'a'));
        await queue.sendBatch(entriesOf('a'));
        expect(await receiveBodies()).toEqual(['a', 'a', 'a']);
      });

      it.each([
        ['the characters at the edges of what SQS takes', '\t\n\r \u007f\ud7ff\ue000\ufffd\u{10000}\u{10ffff}'],
        ['JSON', '{"__proto__":["\\u0000",null,"it\'s"]}'],
        ['space around it', '  a\n'],
        ['an emoji', '👩‍👩‍👧‍👦'],
      ])('delivers a body as it is: %s', async (_, body) => {
        await queue.sendBatch(entriesOf(body));
        expect(await receiveBodies()).toEqual([body]);
      });

      it('takes a message of exactly the most bytes', async () => {
        const bodies = ['a'.repeat(messageBytesMax), 'é'.repeat(messageBytesMax / 2)];
        expect((await queue.sendBatch(entriesOf(...bodies))).failed).toEqual([]);
        expect((await receiveBodies()).map((body) => Buffer.byteLength(body))).toEqual([
          messageBytesMax,
          messageBytesMax,
        ]);
      });

      it('takes a batch of exactly the most bytes', async () => {
        const bodies = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(batchBytesMax / 4));
        expect((await queue.sendBatch(entriesOf(...bodies))).failed).toEqual([]);
        expect(await receiveBodies()).toEqual(bodies);
      });

      it.each<readonly [string, readonly QueueEntry[]]>([
        ['of no entries', []],
        ['of 11 entries', entriesOf(...ids(batchEntriesMax + 1))],
        [
          'with an id twice',
          [
            { id: '0', body: 'a' },
            { id: '1', body: 'b' },
            { id: '0', body: 'c' },
          ],
        ],
        ['with a message of one byte too many', entriesOf('a', 'a'.repeat(messageBytesMax + 1))],
        ['with a message of too many bytes in fewer characters', entriesOf('a', 'é'.repeat(messageBytesMax / 2 + 1))],
        ['of one byte too many', entriesOf(...['a', 'b', 'c', 'd'].map((a) => a.repeat(batchBytesMax / 4)), 'e')],
        [
          'with a delay of one second too many',
          [
            { id: '0', body: 'a' },
            { id: '1', body: 'b', delaySeconds: delaySecondsMax + 1 },
          ],
        ],
      ])('refuses a batch %s, and takes nothing of it', async (_, entries) => {
        await expect(queue.sendBatch(entries)).rejects.toMatchObject(refusal);
        expect(await receiveBodies()).toEqual([]);
        expect(await queue.depth()).toMatchObject({ visible: 0, inFlight: 0, delayed: 0 });
      });

      it.each(refusedCharacters)('refuses a batch that holds %s, and takes nothing of it', async (_, character) => {
        await expect(queue.sendBatch(entriesOf('a', `b${character}c`))).rejects.toMatchObject(refusal);
        expect(await receiveBodies()).toEqual([]);
      });

      it('holds a delayed message back, and no other', async () => {
        const answer = await queue.sendBatch([
          { id: '0', body: 'late', delaySeconds: delaySecondsMax - 0.5 },
          { id: '1', body: 'now' },
          { id: '2', body: 'now too', delaySeconds: 0 },
        ]);
        expect([...answer.sent].sort()).toEqual(ids(3));
        expect(await receiveBodies()).toEqual(['now', 'now too']);
      });
    });

    describe('changeVisibilityBatch', () => {
      it('lets a message be received again at once', async () => {
        const handleOf = await sendAndReceive('a', 'b');
        expect(
          await queue.changeVisibilityBatch([{ id: '7', receiptHandle: handleOf('a'), timeoutSeconds: 0 }]),
        ).toEqual({ sent: ['7'], failed: [] });
        expect(await receiveBodies()).toEqual(['a']);
      });

      it('keeps a message away when given a time', async () => {
        const handleOf = await sendAndReceive('a');
        const entry = { id: '0', receiptHandle: handleOf('a'), timeoutSeconds: visibilitySecondsMax - 0.5 };
        expect(await queue.changeVisibilityBatch([entry])).toEqual({ sent: ['0'], failed: [] });
        expect(await receiveBodies()).toEqual([]);
        expect(await queue.depth()).toMatchObject({ visible: 0, inFlight: 1, delayed: 0 });
      });

      it('takes a batch of 10', async () => {
        const bodies = ids(batchEntriesMax).map((id) => `body ${id}`);
        const handleOf = await sendAndReceive(...bodies);
        const answer = await queue.changeVisibilityBatch(
          bodies.map((body, index) => ({ id: `${index}`, receiptHandle: handleOf(body), timeoutSeconds: 0 })),
        );
        expect([...answer.sent].sort()).toEqual(ids(batchEntriesMax));
        expect(await receiveBodies()).toEqual(bodies);
      });

      it('names an entry whose handle is none, and changes the others', async () => {
        const handleOf = await sendAndReceive('a', 'b');
        const answer = await queue.changeVisibilityBatch([
          { id: '0', receiptHandle: handleOf('a'), timeoutSeconds: 0 },
          { id: '1', receiptHandle: 'no handle', timeoutSeconds: 0 },
          { id: '2', receiptHandle: handleOf('b'), timeoutSeconds: 0 },
        ]);
        expect([...answer.sent].sort()).toEqual(['0', '2']);
        expect(answer.failed).toMatchObject([{ id: '1', senderFault: true }]);
        expect(await receiveBodies()).toEqual(['a', 'b']);
      });

      it('refuses a batch of no entries', async () => {
        await expect(queue.changeVisibilityBatch([])).rejects.toMatchObject(refusal);
      });

      it.each<readonly [string, readonly { readonly id: string; readonly timeoutSeconds: number }[]]>([
        ['of 11 entries', ids(batchEntriesMax + 1).map((id) => ({ id, timeoutSeconds: 0 }))],
        ['with an id twice', ['0', '1', '0'].map((id) => ({ id, timeoutSeconds: 0 }))],
        [
          'with a time of one second too many',
          [
            { id: '0', timeoutSeconds: 0 },
            { id: '1', timeoutSeconds: visibilitySecondsMax + 1 },
          ],
        ],
      ])('refuses a batch %s, and changes nothing', async (_, entries) => {
        const bodies = entries.map((__, index) => `body ${index}`);
        const handles: string[] = [];
        for (const body of bodies) handles.push((await sendAndReceive(body))(body));
        const batch = entries.map((entry, index) => ({ ...entry, receiptHandle: handles[index] ?? '' }));
        await expect(queue.changeVisibilityBatch(batch)).rejects.toMatchObject(refusal);
        expect(await receiveBodies()).toEqual([]);
      });
    });

    describe('depth', () => {
      it('is nothing for an empty queue', async () => {
        expect(await queue.depth()).toEqual({ visible: 0, inFlight: 0, delayed: 0, oldestAgeSeconds: 0 });
      });

      it('counts messages by state', async () => {
        await sendAndReceive('a', 'b', 'c');
        await queue.sendBatch([
          { id: '0', body: 'd' },
          { id: '1', body: 'e' },
          { id: '2', body: 'f', delaySeconds: delaySecondsMax - 0.5 },
        ]);
        expect(await queue.depth()).toMatchObject({ visible: 2, inFlight: 3, delayed: 1 });
      });

      it('counts a message as visible that is let go', async () => {
        const handleOf = await sendAndReceive('a', 'b');
        await queue.changeVisibilityBatch([{ id: '0', receiptHandle: handleOf('a'), timeoutSeconds: 0 }]);
        expect(await queue.depth()).toMatchObject({ visible: 1, inFlight: 1, delayed: 0 });
      });
    });
  });
};
