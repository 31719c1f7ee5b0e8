import type { QueueName } from '@sluice/core/ports/queue';
import { queueNames } from '@sluice/core/ports/queue';
import { stageNames } from '@sluice/core/wiring';
import type { LocalCloud, LocalCloudOptions } from '@sluice/local-cloud/local-cloud';
import type { World } from '@sluice/simulator/world';
import { perCall } from './chaos-rates.ts';

// What services do by themselves.

/** Longest times, in seconds. Most are far shorter. */
const lateSeconds = 20;
const duplicateSeconds = 60;
const visibleSeconds = 5;
/** How long a mapping is off at most. */
const offMilliseconds = 1_500;
const shardsMax = 8;
/** Changes that a stream goes back by at most. */
const rewindMax = 2_000;

/** What a cloud is to do to messages, and to what goes into the table's stream. */
export const disturb = ({ strikes, faults }: World): Required<Pick<LocalCloudOptions, 'disturbance' | 'spoil'>> => ({
  disturbance: {
    lateSeconds: () => (strikes('message-delayed', 'service') ? faults.next() ** 4 * lateSeconds : 0),
    pick: (_, messages) =>
      messages > 1 && strikes('message-reordered', 'service') ? faults.whole(0, messages - 1) : 0,
    visibilitySeconds: (_, usual) =>
      strikes('visibility-expired', 'service') ? faults.next() ** 2 * visibleSeconds : usual,
    deletion() {
      if (strikes('delete-failed', 'service')) return 'kept';
      return strikes('message-duplicated', 'service') ? faults.next() ** 3 * duplicateSeconds : 'gone';
    },
  },
  spoil: (change) =>
    change.eventName === 'INSERT' && strikes('record-poisoned', 'relay-rows')
      ? { ...change, image: { line: change.image?.line ?? 0, data: '{"v' } }
      : change,
});

/** Returns what is to be called behind every port call: what happens now and then, happens after so many of them. */
export const createPlague = (world: World, cloud: LocalCloud, uploadEvent: string): (() => void) => {
  const { faults, scheduler } = world;
  const redrive = (queue: QueueName): void => void cloud.redrive(queue);
  const strike: Readonly<Record<(typeof perCall)[number], () => void>> = {
    'event-duplicated': () => void cloud.services.queues.uploads.sendBatch([{ id: '0', body: uploadEvent }]),
    'redrive-early': () => redrive(faults.pick(queueNames)),
    'stream-redelivered': () => faults.pick(cloud.stream.shards).rewind(faults.whole(1, rewindMax)),
    'shard-split': () => {
      if (cloud.stream.shards.length < shardsMax) cloud.stream.split(faults.pick(cloud.stream.shards));
    },
    'mapping-off': () => {
      const stage = faults.pick(stageNames);
      cloud.pause(stage);
      scheduler.after(faults.next() ** 2 * offMilliseconds, () => cloud.resume(stage));
    },
  };
  return () => {
    // Not within the call: what runs sees it between two of its own.
    for (const fault of perCall) if (world.strikes(fault, 'service')) scheduler.after(0, strike[fault]);
  };
};
