import type { QueueName } from '@sluice/core/ports/queue';
import { queueNames } from '@sluice/core/ports/queue';
import { stageNames } from '@sluice/core/wiring';
import type { LocalCloud } from '@sluice/local-cloud/local-cloud';
import type { World } from '@sluice/simulator/world';
import { perCall } from './chaos-rates.ts';

// What services do by themselves, now and then.

/** How long a mapping is off at most. */
const offMilliseconds = 1_500;
const shardsMax = 8;
/** Changes that a stream goes back by at most. */
const rewindMax = 2_000;

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
