import { describe, expect, it } from 'vitest';
import { createMemoryDeadLetters } from './memory-dead-letters.ts';
import { createMemoryEvents } from './memory-events.ts';
import { createMemoryJobs } from './memory-jobs.ts';
import { createMemoryObjects } from './memory-objects.ts';
import { createMemoryRows } from './memory-rows.ts';
import { deadLettersContract } from './ports/dead-letters.contract.ts';
import { eventsContract } from './ports/events.contract.ts';
import { jobStoreContract } from './ports/job-store.contract.ts';
import { objectStoreContract } from './ports/object-store.contract.ts';
import { rowStoreContract } from './ports/row-store.contract.ts';

// The doubles of tests keep what the ports promise: else the tests over them prove nothing.

const close = async (): Promise<void> => undefined;

objectStoreContract('objects in memory', async () => {
  const store = createMemoryObjects();
  return {
    store,
    bucket: 'bucket',
    otherBucket: 'other',
    remove: async (bucket, key) => store.remove(bucket, key),
    close,
  };
});

eventsContract('events in memory', async () => {
  let isRefused = false;
  const events = createMemoryEvents(() => {
    if (!isRefused) return undefined;
    isRefused = false;
    throw new Error('expected a confirmation, found none');
  });
  return {
    events,
    arrived: async () => events.sent,
    refuseNext() {
      isRefused = true;
    },
    close,
  };
});

jobStoreContract('jobs in memory', async () => ({ store: createMemoryJobs(), close }));

rowStoreContract('rows in memory', async () => ({ store: createMemoryRows(), close }));

deadLettersContract('dead letters in memory', async () => {
  const letters = createMemoryDeadLetters();
  return {
    letters,
    async put(...bodies) {
      for (const body of bodies) letters.put(body);
    },
    close,
  };
});

describe('dead letters in memory', () => {
  it('show a letter again when the time is over for which it was hidden', async () => {
    let now = 1_000;
    const letters = createMemoryDeadLetters({ bodies: ['a'], now: () => now });
    const [first] = await letters.receive(10);
    expect(first?.sentAt).toBe(1_000);
    now = 10_999;
    expect([letters.visible, await letters.receive(10)]).toEqual([[], []]);
    now = 11_000;
    expect(letters.visible).toEqual(['a']);
    const [second] = await letters.receive(10);
    expect(second?.id).toBe(first?.id);
    expect(await letters.remove([first?.receiptHandle ?? ''])).toEqual([false]);
    expect(await letters.remove([second?.receiptHandle ?? ''])).toEqual([true]);
    expect(letters.letters).toEqual([]);
  });

  it('fail to be removed as they are told', async () => {
    const letters = createMemoryDeadLetters({
      bodies: ['stays', 'goes', 'fine'],
      remove({ body }, attempt) {
        if (attempt > 1) return undefined;
        return body === 'stays' ? 'failed' : body === 'goes' ? 'lost' : undefined;
      },
    });
    const handles = (await letters.receive(10)).map(({ receiptHandle }) => receiptHandle);
    expect(await letters.remove(handles)).toEqual([false, false, true]);
    expect(letters.letters.map(({ body }) => body)).toEqual(['stays']);
    expect(await letters.remove(handles.slice(0, 1))).toEqual([true]);
  });
});

describe('rows in memory', () => {
  it('have the times at which they were written', async () => {
    let now = 5;
    const rows = createMemoryRows({ now: () => now });
    await rows.insert('job', [[0, 1, 2, ['a']]]);
    now = 9;
    await rows.finish('job', [[0, 1, 'DONE', null]]);
    expect(await rows.getRow('job', 0, 1)).toMatchObject({ createdAt: 5, finishedAt: 9 });
  });

  it('fail to be removed as they are told', async () => {
    const faults = ['throttled', 'failed', 'lost'] as const;
    const rows = createMemoryRows({ remove: (row, attempt) => (attempt === 1 ? faults[row - 1] : undefined) });
    await rows.insert(
      'job',
      [1, 2, 3, 4].map((row) => [0, row, row, ['a']] as const),
    );
    expect(await rows.remove('job', 0, [1, 2, 3, 4])).toEqual(['throttled', 'failed', 'failed', 'removed']);
    expect(rows.rowsOf('job').map(({ row }) => row)).toEqual([1, 2]);
    expect(await rows.remove('job', 0, [1, 2])).toEqual(['removed', 'removed']);
  });
});
