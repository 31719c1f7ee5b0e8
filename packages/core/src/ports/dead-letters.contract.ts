import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeadLetter, DeadLetters } from './dead-letters.ts';

// What every DeadLetters promises. An adapter runs it from a test of its own, against a queue that counts its messages exactly.

/** An empty dead-letter queue for one test alone. */
export type DeadLettersSetUp = {
  readonly letters: DeadLetters;
  /** Lays letters there. */
  put(...bodies: readonly string[]): Promise<void>;
  close(): Promise<void>;
};

const hiddenSeconds = 600;

export const deadLettersContract = (name: string, setUp: () => Promise<DeadLettersSetUp>): void => {
  describe(name, () => {
    let made: DeadLettersSetUp;
    let letters: DeadLetters;
    beforeEach(async () => {
      made = await setUp();
      letters = made.letters;
    });
    afterEach(() => made.close());

    /** Every letter that can be received now. */
    const receiveAll = async (seconds = hiddenSeconds): Promise<DeadLetter[]> => {
      const received: DeadLetter[] = [];
      for (let page = await letters.receive(seconds); page.length > 0; page = await letters.receive(seconds)) {
        received.push(...page);
      }
      return received;
    };
    const bodiesOf = (received: readonly DeadLetter[]): string[] => received.map(({ body }) => body).sort();
    const handlesOf = (received: readonly DeadLetter[]): string[] => received.map(({ receiptHandle }) => receiptHandle);

    it('has nothing where nothing lies', async () => {
      expect(await letters.receive(hiddenSeconds)).toEqual([]);
      expect(await letters.count()).toBe(0);
    });

    it('shows a letter as it is', async () => {
      const odd = '{"a":"it\'s \\u0000 \\"odd\\" 👍"}\t\r\n';
      await made.put(odd);
      const [letter] = await letters.receive(hiddenSeconds);
      expect(letter?.body).toBe(odd);
      expect(letter?.id).not.toBe('');
      expect(letter?.sentAt).toEqual(expect.any(Number));
    });

    it('shows each of many letters once, at most ten a call, and hides them', async () => {
      const bodies = Array.from({ length: 23 }, (_, index) => `letter ${index + 10}`);
      await made.put(...bodies);
      const first = await letters.receive(hiddenSeconds);
      expect(first.length).toBeLessThanOrEqual(10);
      const all = [...first, ...(await receiveAll())];
      expect(bodiesOf(all)).toEqual(bodies);
      expect(new Set(all.map(({ id }) => id)).size).toBe(23);
      expect(await letters.receive(hiddenSeconds)).toEqual([]);
    });

    it('counts letters, hidden ones too', async () => {
      await made.put('a', 'b', 'c');
      expect(await letters.count()).toBe(3);
      await letters.receive(hiddenSeconds);
      expect(await letters.count()).toBe(3);
    });

    it('hides letters for as long as it is told', async () => {
      await made.put('a');
      const [first] = await letters.receive(0);
      const [second] = await letters.receive(hiddenSeconds);
      expect(second?.id).toBe(first?.id);
      expect(second?.sentAt).toBe(first?.sentAt);
      expect(await letters.receive(hiddenSeconds)).toEqual([]);
    });

    describe('release', () => {
      it('shows letters again, and no others', async () => {
        await made.put('a', 'b', 'c');
        const received = await receiveAll();
        await letters.release(handlesOf(received.filter(({ body }) => body !== 'b')));
        expect(bodiesOf(await receiveAll())).toEqual(['a', 'c']);
      });

      it('passes over letters that are gone, and shows the others', async () => {
        await made.put('a', 'b');
        const received = await receiveAll();
        await letters.remove(handlesOf(received.filter(({ body }) => body === 'a')));
        await letters.release(handlesOf(received));
        expect(bodiesOf(await receiveAll())).toEqual(['b']);
      });

      it('may be done twice, and with nothing', async () => {
        await made.put('a');
        const received = await receiveAll();
        await letters.release(handlesOf(received));
        await letters.release(handlesOf(received));
        await letters.release([]);
        expect(bodiesOf(await receiveAll())).toEqual(['a']);
      });
    });

    describe('remove', () => {
      it('removes letters, and no others, and confirms each', async () => {
        await made.put('a', 'b', 'c');
        const received = await receiveAll();
        expect(await letters.remove(handlesOf(received.filter(({ body }) => body !== 'b')))).toEqual([true, true]);
        expect(await letters.count()).toBe(1);
        await letters.release(handlesOf(received.filter(({ body }) => body === 'b')));
        expect(bodiesOf(await receiveAll())).toEqual(['b']);
      });

      it('does not confirm what is no handle', async () => {
        await made.put('a');
        const [letter] = await letters.receive(hiddenSeconds);
        expect(await letters.remove(['no handle', letter?.receiptHandle ?? ''])).toEqual([false, true]);
        expect(await letters.count()).toBe(0);
      });

      it('does nothing when it is given nothing', async () => {
        await made.put('a');
        expect(await letters.remove([])).toEqual([]);
        expect(await letters.count()).toBe(1);
      });
    });
  });
};
