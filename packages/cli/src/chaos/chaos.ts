import type { Clock, Random } from '@sluice/core/ports/clock';
import type { Job } from '@sluice/core/ports/job-store';
import { queueNames } from '@sluice/core/ports/queue';
import type { Services, StagePorts } from '@sluice/core/stage';
import type { StageName, Wiring } from '@sluice/core/wiring';
import type { LocalCloud, LocalCloudOptions } from '@sluice/local-cloud/local-cloud';
import { disturb } from '@sluice/simulator/disturbance';
import { createDraws } from '@sluice/simulator/random';
import type { Pipeline, StageRunner } from '../carry-through.ts';
import type { InboxFile } from '../run-input.ts';
import { uploadEvent } from '../run-input.ts';
import { drawChaosRates } from './chaos-rates.ts';
import { createChaosWorld } from './chaos-world.ts';
import { createFactCheck } from './fact-check.ts';
import { operate } from './operate.ts';
import { createPlague } from './plague.ts';
import type { Processes } from './processes.ts';
import { createProcesses } from './processes.ts';
import type { ChaosWorkerData } from './reading-worker.ts';
import { endReason } from './reading-worker.ts';
import type { ChaosReport } from './render-chaos.ts';
import { createSharedState } from './shared-state.ts';
import { createSkippingTimers } from './skipping-timers.ts';
import { judge } from './verdict.ts';

/** Nothing is far off, or the run would have to wait for it. */
const disturbanceLimits = { lateSeconds: 20, duplicateSeconds: 60, visibleSeconds: 5 };

/** Everything that goes wrong in one run. */
export type Chaos = {
  readonly cloudOptions: Pick<LocalCloudOptions, 'clock' | 'disturbance' | 'spoil'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly workerData: ChaosWorkerData;
  /** True for the end of a worker that was brought about here. */
  isOwnEnd(reason: string): boolean;
  /** The services of a stage in a worker; there once `runStages` was called. */
  services(stage: StageName): Services;
  runStages(cloud: LocalCloud, portsOf: (stage: StageName) => StagePorts): StageRunner;
  /** Looks after what was set aside or given up, until nothing is left. */
  operate(pipeline: Pipeline, jobId: string, stop: AbortSignal): Promise<void>;
  /** What became of the job, whose results are in `out`, if they can be exported; without a job nothing is looked at. */
  report(pipeline: Pipeline, job: Job | undefined, out: string | undefined): Promise<ChaosReport>;
  close(): void;
};

export const createChaos = (seed: number, file: InboxFile, wiring: Wiring): Chaos => {
  const shared = createSharedState();
  const rates = drawChaosRates(createDraws(seed, 'rates'), file.head.bytes);
  const facts = createFactCheck();
  let running = 0;
  let rounds = 0;
  let processes: Processes | undefined;
  let plague: () => void = () => undefined;
  const timers = createSkippingTimers(shared, () => running > 0);
  const world = createChaosWorld({
    seed,
    thread: 'main',
    rates,
    shared,
    timers,
    tell: facts.tell,
    onCall: () => plague(),
    onTimeout: (stage) => {
      if (stage !== 'service') processes?.timeOut(stage);
    },
  });
  return {
    cloudOptions: { clock: timers, ...disturb(world, disturbanceLimits) },
    clock: timers,
    random: world.schedule.next,
    workerData: { seed, rates, buffer: shared.buffer },
    isOwnEnd: (reason) => reason === endReason,
    services: (stage) => (processes as Processes).services(stage),
    runStages(cloud, portsOf) {
      plague = createPlague(world, cloud, uploadEvent(file));
      processes = createProcesses({ world, wiring, services: cloud.services, portsOf }, (more) => {
        running += more;
      });
      return processes;
    },
    async operate(pipeline, jobId, stop) {
      rounds = await operate(pipeline, jobId, shared, timers.skip, stop);
    },
    async report({ cloud, ports }, job, out) {
      const isAnythingLeft = queueNames.some(
        (name) => cloud.queue(name).size().messages + cloud.deadLetters(name).size().messages > 0,
      );
      const findings = job === undefined ? undefined : await judge(job, file, out, ports, facts, isAnythingLeft);
      return { seed, calls: shared.calls(), rounds, hits: shared.hits(), findings };
    },
    close: timers.close,
  };
};
