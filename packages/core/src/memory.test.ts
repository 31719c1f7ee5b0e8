import { createMemoryEvents } from './memory-events.ts';
import { createMemoryJobs } from './memory-jobs.ts';
import { createMemoryObjects } from './memory-objects.ts';
import { createMemoryRows } from './memory-rows.ts';
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
