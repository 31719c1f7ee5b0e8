import type { Clock } from '@sluice/core/ports/clock';
import type { StageName, StageSettings, Wiring } from '@sluice/core/wiring';
import { parseWiring, stageNames } from '@sluice/core/wiring';
import wiringJson from '../../../infra/wiring.json' with { type: 'json' };
import type { Capacity } from './capacity.ts';
import { createCapacity, unlimited } from './capacity.ts';
import type { FaultRates } from './draw-faults.ts';
import { drawFaults } from './draw-faults.ts';
import { drawWorkload, smallWorkload } from './draw-workload.ts';
import { faultClasses } from './fault-classes.ts';
import type { Draws } from './random.ts';
import { createDraws } from './random.ts';
import type { Knobs, Workload } from './workload.ts';

/** `swarm` draws everything; `small` is fixed, and nothing goes wrong in it but the kills it is given. */
export type ScenarioName = 'swarm' | 'small';

/** Everything about one simulation that is settled before it begins. */
export type Scenario = {
  readonly rates: FaultRates;
  readonly workload: Workload;
  readonly wiring: Wiring;
  readonly isVersioned: boolean;
  readonly shards: number;
  readonly sweepMilliseconds: number;
  /** How long things go wrong. */
  readonly unrestMilliseconds: number;
  readonly capacity: (clock: Clock) => Capacity;
};

const calm: FaultRates = Object.fromEntries(faultClasses.map((fault) => [fault, 0])) as FaultRates;

const aws = parseWiring(wiringJson, 'aws');

/** The wiring of AWS, with batches and concurrency as small as those of so little work would be. */
const drawWiring = (draws: Draws): Wiring => ({
  stages: Object.fromEntries(
    stageNames.map((stage) => {
      const settings = aws.stages[stage];
      const drawn: StageSettings = {
        ...settings,
        batchSize: draws.whole(1, Math.min(settings.batchSize, 10)),
        ...(settings.maximumConcurrency === undefined ? {} : { maximumConcurrency: draws.whole(1, 4) }),
      };
      return [stage, drawn];
    }),
  ) as Record<StageName, StageSettings>,
  pipeline: { ...aws.pipeline, writeUnitsPerSecond: draws.pick([0, 50, 4_000]) },
});

export const drawScenario = (seed: number, knobs: Knobs, name: ScenarioName): Scenario => {
  if (name === 'small') {
    return {
      rates: calm,
      workload: smallWorkload(),
      wiring: aws,
      isVersioned: true,
      shards: 1,
      sweepMilliseconds: 60_000,
      unrestMilliseconds: 0,
      capacity: () => unlimited,
    };
  }
  const rates = drawFaults(createDraws(seed, 'rates'), knobs.without);
  const settings = createDraws(seed, 'settings');
  const isStarved = rates['throttle-long'] > 0;
  const unitsPerSecond = settings.pick([0.5, 2, 10]);
  return {
    rates,
    workload: drawWorkload(createDraws(seed, 'workload'), (fault) => rates[fault] > 0, knobs),
    wiring: drawWiring(settings),
    isVersioned: settings.happens(0.7),
    shards: settings.whole(1, 3),
    sweepMilliseconds: settings.pick([60_000, 180_000, 600_000]),
    unrestMilliseconds: settings.pick([5, 30, 120, 480]) * 60_000,
    capacity: (clock) => (isStarved ? createCapacity(clock, unitsPerSecond) : unlimited),
  };
};
