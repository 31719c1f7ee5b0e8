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

/**
 * `swarm` draws everything. `small` is fixed, and nothing goes wrong in it but the kills it is given. In the others one thing goes
 * wrong that the pipeline has to get over alone, without a dead row: `outage` leaves the processor out for six hours, from the first
 * row on; `small-table` takes a tenth of the units that the job would use; `bad-rows` has rows that are never processed, and those alone
 * may be dead.
 */
export const scenarioNames = ['swarm', 'small', 'outage', 'small-table', 'bad-rows'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

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
  /** From the start on; 0 for none but those that the rates bring. */
  readonly outageMilliseconds: number;
  /** True when nothing may die, and nobody comes to help. */
  readonly isUnattended: boolean;
  /** True when only rows may die that can never be processed. */
  readonly hasBadRows: boolean;
};

const minute = 60_000;

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
        // Short ones too: who runs out of time hands back what was not done.
        timeoutSeconds: draws.pick([settings.timeoutSeconds, settings.timeoutSeconds, 30, 13]),
        ...(settings.maximumConcurrency === undefined ? {} : { maximumConcurrency: draws.whole(1, 4) }),
      };
      return [stage, drawn];
    }),
  ) as Record<StageName, StageSettings>,
  pipeline: { ...aws.pipeline, writeUnitsPerSecond: draws.pick([0, 50, 4_000]) },
});

/** What is as on AWS, and nothing wrong, unless a scenario says otherwise. */
const usual: Omit<Scenario, 'workload'> = {
  rates: calm,
  wiring: aws,
  isVersioned: true,
  shards: 1,
  sweepMilliseconds: 60_000,
  unrestMilliseconds: 0,
  capacity: () => unlimited,
  outageMilliseconds: 0,
  isUnattended: false,
  hasBadRows: false,
};

/** A file of so many rows with nothing wrong in it. */
const plainWorkload = (rows: number, rowsPerMessage: number): Workload => ({
  profiles: [{ prefix: '' }],
  uploads: [
    {
      atSeconds: 0,
      key: 'plain.csv',
      events: 1,
      bytes: Buffer.from(`id,text\n${Array.from({ length: rows }, (_, i) => `${i},cnry${i}\n`).join('')}`),
    },
  ],
  chunkBytes: 1_000,
  rowsPerMessage,
});

const outageHours = 6;
/**
 * What small tables take: one row a second at first, where such a job is done within half a minute otherwise; or so little for ever
 * that messages wait through all their deliveries.
 */
const smallTables = [
  { rows: 1_000, unitsPerSecond: 1, hasMaximum: false },
  { rows: 400, unitsPerSecond: 0.05, hasMaximum: true },
];

const fixedScenarios: Readonly<
  Record<Exclude<ScenarioName, 'swarm'>, (draws: Draws) => Partial<Scenario> & Pick<Scenario, 'workload'>>
> = {
  small: () => ({ workload: smallWorkload() }),
  outage: (draws) => ({
    workload: plainWorkload(draws.pick([10, 50, 200]), draws.pick([0, 1, 5])),
    sweepMilliseconds: 600_000,
    unrestMilliseconds: outageHours * 3600_000,
    outageMilliseconds: outageHours * 3600_000,
    isUnattended: true,
  }),
  'small-table': (draws) => {
    const rowsPerMessage = draws.pick([0, 1, 20]);
    const writeUnitsPerSecond = draws.pick([0, 4_000]);
    const { rows, unitsPerSecond, hasMaximum } = draws.pick(smallTables);
    return {
      workload: plainWorkload(rows, rowsPerMessage),
      wiring: { ...aws, pipeline: { ...aws.pipeline, writeUnitsPerSecond } },
      // It stays small until the job is through.
      unrestMilliseconds: 48 * 3600_000,
      capacity: (clock) => createCapacity(clock, unitsPerSecond, hasMaximum),
      isUnattended: true,
    };
  },
  'bad-rows': (draws) => ({
    workload: plainWorkload(draws.pick([20, 60]), draws.pick([0, 1, 5])),
    rates: {
      ...calm,
      'processor-fails': draws.pick([0, 0.1, 0.2, 0.5]),
      'processor-hangs': draws.pick([0, 0.1, 0.2]),
      'processor-kills': draws.pick([0, 0.05, 0.1]),
    },
    sweepMilliseconds: 600_000,
    // Rows that end their process are given up after three repairs, the last of them half a day after the start.
    unrestMilliseconds: 36 * 3600_000,
    hasBadRows: true,
  }),
};

export const drawScenario = (seed: number, knobs: Knobs, name: ScenarioName): Scenario => {
  if (name !== 'swarm') return { ...usual, ...fixedScenarios[name](createDraws(seed, 'settings')) };
  const rates = drawFaults(createDraws(seed, 'rates'), knobs.without);
  const settings = createDraws(seed, 'settings');
  const isStarved = rates['throttle-long'] > 0;
  const unitsPerSecond = settings.pick([0.02, 0.1, 0.5]);
  // A table that is full keeps its writers trying all the while.
  const unrestMilliseconds = settings.pick(isStarved ? [3, 15] : [3, 15, 60, 240]) * minute;
  // A sweep a minute, as on AWS, would be most of what happens in the longer ones.
  const sweepMilliseconds = Math.max(minute, unrestMilliseconds / settings.pick([6, 12, 30]));
  return {
    ...usual,
    rates,
    workload: drawWorkload(createDraws(seed, 'workload'), (fault) => rates[fault] > 0, knobs),
    wiring: drawWiring(settings),
    isVersioned: settings.happens(0.7),
    shards: settings.whole(1, 3),
    sweepMilliseconds,
    unrestMilliseconds,
    capacity: (clock) => (isStarved ? createCapacity(clock, unitsPerSecond) : unlimited),
  };
};
