import type { Clock } from '@sluice/core/ports/clock';
import type { StageName } from '@sluice/core/wiring';
import type { Actor } from './facts.ts';
import type { World } from './world.ts';

/**
 * A process that Lambda runs a function in, one invocation at a time. When it dies nothing that it had begun has any further
 * effect: its calls arrive nowhere, its promises stay open for ever.
 */
export type Environment = {
  readonly stage: StageName;
  readonly isAlive: boolean;
  /** Who the process acts as: the invocation it runs. */
  readonly actor: Actor;
  /** The time as this process knows it, which may be minutes off. */
  readonly clock: Clock;
  /** Port calls that wait for an answer. */
  inFlight: number;
  inFlightBytes: number;
  begin(invocation: string, onDeath: () => void): void;
  die(): void;
};

/** How far a machine's clock may be off, in milliseconds. */
const skewMillisecondsMax = 5 * 60_000;

/** How far off the clock of a new process is, in milliseconds; mostly not at all. */
export const drawSkew = (stage: StageName, { strikes, faults }: World): number =>
  strikes('clock-skew', stage) ? Math.round((faults.next() - 0.5) * 2 * skewMillisecondsMax) : 0;

export const createEnvironment = (stage: StageName, skewMilliseconds: number, world: World): Environment => {
  const { scheduler } = world;
  let isAlive = true;
  let actor: Actor = { stage, invocation: '' };
  let onDeath: () => void = () => undefined;
  return {
    stage,
    inFlight: 0,
    inFlightBytes: 0,
    get isAlive() {
      return isAlive;
    },
    get actor() {
      return actor;
    },
    clock: {
      now: () => scheduler.now() + skewMilliseconds,
      sleep: (milliseconds, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted) {
            reject(signal.reason);
            return;
          }
          const cancel = scheduler.after(milliseconds, () => {
            if (isAlive) resolve();
          });
          signal?.addEventListener('abort', () => {
            cancel();
            if (isAlive) reject(signal.reason);
          });
        }),
    },
    begin(invocation, whenDead) {
      actor = { stage, invocation };
      onDeath = whenDead;
    },
    die() {
      if (!isAlive) return;
      isAlive = false;
      world.trace(`${actor.invocation} ${stage} dies`);
      onDeath();
    },
  };
};
