import { SluiceError } from '@sluice/core/errors';
import type { Clock } from '@sluice/core/ports/clock';
import type { ObjectStore } from '@sluice/core/ports/object-store';
import type { Services } from '@sluice/core/stage';
import type { StageName } from '@sluice/core/wiring';
import type { WorkerServices } from '@sluice/local-cloud/function-worker';
import { unlimited } from '@sluice/simulator/capacity';
import type { FaultRates } from '@sluice/simulator/draw-faults';
import { createEnvironment } from '@sluice/simulator/environment';
import { createFaultyPorts } from '@sluice/simulator/faulty-ports';
import { createChaosWorld } from './chaos-world.ts';
import { createSharedState } from './shared-state.ts';
import { createSkippingTimers, hurried } from './skipping-timers.ts';

// The side of a worker: what it reaches without the main thread, which does the rest.

/** Handed to a worker whose objects are to fail. */
export type ChaosWorkerData = {
  readonly seed: number;
  readonly rates: FaultRates;
  readonly buffer: SharedArrayBuffer;
};

/** How a process ends that was made to. */
const endStatus = 86;
/** Tells such an end from others. */
export const endReason = `exit status ${endStatus}`;

/** Pieces of a stream after which a process is dead that dies over it. */
const deathPiecesMax = 30;
/** An invocation that gets no answer ends within this time. */
const timeoutMilliseconds = 500;

export const disturbReading = (
  { seed, rates, buffer }: ChaosWorkerData,
  services: (caller: StageName) => WorkerServices,
): { readonly clock: Clock; readonly services: (caller: StageName) => WorkerServices } => {
  const shared = createSharedState(buffer);
  const timers = createSkippingTimers(shared, () => true);
  const end = (): void => process.exit(endStatus);
  const world = createChaosWorld({
    seed,
    // The next one must not end where this one does.
    thread: `reading ${shared.countStart()}`,
    rates,
    shared,
    timers,
    onTimeout: () => void setTimeout(end, timeoutMilliseconds),
  });

  const objectsOf = (stage: StageName, objects: ObjectStore): ObjectStore => {
    const environment = createEnvironment(stage, 0, world);
    environment.begin('', end);
    const faulty = createFaultyPorts(environment, { objects, queues: {} } as Services, world, () => unlimited).objects;
    return {
      ...faulty,
      // As it comes: a copy of a large file is larger than memory.
      async putStream(bucket, key, body) {
        world.countCall();
        if (world.strikes('slow-down', stage))
          throw new SluiceError('THROTTLED', 'expected the put to be taken, found it throttled');
        const last = world.strikes('crash', stage) ? world.faults.whole(0, deathPiecesMax) : Number.POSITIVE_INFINITY;
        const pieces = async function* () {
          let taken = 0;
          for await (const piece of body) {
            if (taken++ === last) environment.die();
            yield piece;
          }
        };
        const head = await objects.putStream(bucket, key, pieces());
        if (world.strikes('write-reply-lost', stage))
          throw new SluiceError('UNKNOWN', 'expected an answer, found none');
        return head;
      },
    };
  };
  return {
    clock: hurried(timers),
    services: (caller) => {
      const given = services(caller);
      return { ...given, objects: objectsOf(caller, given.objects) };
    },
  };
};
