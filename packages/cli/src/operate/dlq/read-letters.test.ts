import { createMemoryDeadLetters } from '@sluice/core/memory-dead-letters';
import type { DeadLetters } from '@sluice/core/ports/dead-letters';
import { createVirtualClock } from '@sluice/core/virtual-clock';
import { describe, expect, it } from 'vitest';
import { startsAt } from '../operate-harness.ts';
import { createDlqHarness } from './dlq-harness.ts';
import { hiddenSeconds, readLetters, type Take } from './read-letters.ts';

const bodies = (count: number): string[] => Array.from({ length: count }, (_, i) => `body ${i + 1}`);

const nothing: Take = async () => undefined;

/** A queue whose answers are changed on the way. */
const createChanged = (count: number, change: (letters: DeadLetters) => Partial<DeadLetters>) => {
  const clock = createVirtualClock(startsAt);
  const work = createMemoryDeadLetters({ bodies: bodies(count), now: () => clock.now() });
  const changed = { ...work, ...change(work) };
  Object.defineProperty(changed, 'visible', { get: () => work.visible });
  return { work, ...createDlqHarness({ clock, deadLetters: { work: changed } }) };
};

describe('readLetters', () => {
  it('hands over each letter once, ten at a time, and shows all of them again', async () => {
    const { run, session, lay, visible } = createDlqHarness();
    lay('work', bodies(25));
    const batches: string[][] = [];
    const reading = await run(
      readLetters(session, 'work', async (fresh) => {
        batches.push(fresh.map(({ body }) => body));
        return undefined;
      }),
    );
    expect(batches.map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(batches.flat()).toEqual(bodies(25));
    expect(reading).toEqual({ seen: 25, unseen: 0 });
    expect(visible()).toEqual(bodies(25));
  });

  it('keeps letters from others meanwhile', async () => {
    const { run, session, lay, visible } = createDlqHarness();
    lay('work', bodies(3));
    await run(
      readLetters(session, 'work', async () => {
        expect(visible()).toEqual([]);
        return undefined;
      }),
    );
    expect(visible()).toHaveLength(3);
  });

  it('goes on over receives that bring nothing', async () => {
    let calls = 0;
    const { run, session } = createChanged(12, (work) => ({
      receive: async (seconds) => (++calls % 5 === 0 ? work.receive(seconds) : []),
    }));
    expect(await run(readLetters(session, 'work', nothing))).toEqual({ seen: 12, unseen: 0 });
  });

  it('ends when the queue counts more than it gives, and says how many', async () => {
    const { run, session } = createChanged(4, () => ({ count: async () => 7 }));
    expect(await run(readLetters(session, 'work', nothing))).toEqual({ seen: 4, unseen: 3 });
  });

  it('goes on past the count, which may be late', async () => {
    const { run, session } = createChanged(25, () => ({ count: async () => 0 }));
    expect(await run(readLetters(session, 'work', nothing))).toEqual({ seen: 25, unseen: 0 });
  });

  it('hands over a letter once that comes twice, and uses its newest handle', async () => {
    const { run, session, work, clock } = createChanged(1, (letters) => ({
      async receive(seconds) {
        const received = await letters.receive(seconds);
        // It comes again although it is hidden.
        clock.pass(hiddenSeconds * 1000);
        return received.length === 0 ? [] : [...received, ...(await letters.receive(seconds))];
      },
    }));
    const handles: string[] = [];
    const reading = await run(
      readLetters(session, 'work', async (fresh, held) => {
        handles.push(...fresh.map(({ receiptHandle }) => receiptHandle));
        expect(await held.remove(fresh.map(({ id }) => id))).toEqual(new Set(['letter-1']));
        return undefined;
      }),
    );
    expect(handles).toEqual(['letter-1#2']);
    expect(reading.seen).toBe(1);
    expect(work.letters).toEqual([]);
  });

  it('deletes a letter again that comes back after it was deleted, and hands it over once', async () => {
    const removed: string[] = [];
    const { run, session } = createChanged(0, () => {
      let receives = 0;
      return {
        receive: async () =>
          ++receives > 2 ? [] : [{ id: 'a', receiptHandle: `handle ${receives}`, body: '', sentAt: 0 }],
        async remove(handles) {
          removed.push(...handles);
          return handles.map(() => true);
        },
      };
    });
    let taken = 0;
    await run(
      readLetters(session, 'work', async (fresh, held) => {
        taken += fresh.length;
        await held.remove(fresh.map(({ id }) => id));
        return undefined;
      }),
    );
    expect([taken, removed]).toEqual([1, ['handle 1', 'handle 2']]);
  });

  it('tells which deletions were not confirmed, and shows those letters again', async () => {
    const { run, session, work } = createChanged(3, (letters) => ({
      remove: async (handles) => {
        const [first, ...others] = handles;
        if (others.length === 0) return [false];
        return [false, ...(await letters.remove(others))].slice(0, first === undefined ? 0 : handles.length);
      },
    }));
    await run(
      readLetters(session, 'work', async (fresh, held) => {
        expect([...(await held.remove(fresh.map(({ id }) => id)))]).toEqual(['letter-2', 'letter-3']);
        return undefined;
      }),
    );
    expect(work.visible).toEqual(['body 1']);
  });

  it('does not take the letter for deleted whose handle is no longer good', async () => {
    const { run, session, work, clock } = createChanged(1, () => ({}));
    await run(
      readLetters(session, 'work', async (fresh, held) => {
        clock.pass(hiddenSeconds * 1000);
        await work.receive(1);
        expect(await held.remove(fresh.map(({ id }) => id))).toEqual(new Set());
        return undefined;
      }),
    );
    expect(work.letters).toHaveLength(1);
  });

  it.each<readonly [string, Take]>([
    ['ends early', async () => 'enough'],
    ['throws', () => Promise.reject(new Error('no'))],
  ])('shows letters again when whoever takes them %s', async (_, take) => {
    const { run, session, lay, visible } = createDlqHarness();
    lay('work', bodies(25));
    await run(readLetters(session, 'work', take).catch(() => undefined));
    expect(visible()).toHaveLength(25);
  });

  it('shows letters again when somebody interrupts', async () => {
    const interrupt = new AbortController();
    const { run, session, lay, visible } = createDlqHarness({ signal: interrupt.signal });
    lay('work', bodies(25));
    let taken = 0;
    const reading = await run(
      readLetters(session, 'work', async (fresh) => {
        taken += fresh.length;
        interrupt.abort();
        return undefined;
      }),
    );
    expect([taken, reading, visible().length]).toEqual([10, { seen: 10, unseen: 0 }, 25]);
  });

  it('says so when letters cannot be shown again', async () => {
    const { run, session, notes } = createChanged(1, () => ({ release: () => Promise.reject(new Error('no')) }));
    await run(readLetters(session, 'work', nothing));
    expect(notes).toEqual(['letters of work could not be shown to others again: they come back within 10 minutes']);
  });
});
