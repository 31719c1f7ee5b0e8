import type { Services, StagePorts } from '@sluice/core/stage';
import type { StageName, Wiring } from '@sluice/core/wiring';
import type { LocalFunction } from '@sluice/local-cloud/function';
import type { WorkerFunctions } from '@sluice/local-cloud/worker-function';
import { unlimited } from '@sluice/simulator/capacity';
import type { Environment } from '@sluice/simulator/environment';
import { createEnvironment, drawSkew } from '@sluice/simulator/environment';
import { createFaultyPorts } from '@sluice/simulator/faulty-ports';
import type { World } from '@sluice/simulator/world';
import type { StageRunner } from '../carry-through.ts';
import { hurried } from './skipping-timers.ts';

/** What happens to an invocation while it runs, happens within this time. */
const soonMilliseconds = 200;

export type ProcessesOptions = {
  readonly world: World;
  readonly wiring: Wiring;
  readonly services: Services;
  readonly portsOf: (stage: StageName) => StagePorts;
};

export type Processes = StageRunner & {
  /** The services of a stage in a worker, as its process sees them. */
  services(stage: StageName): Services;
  /** The stage's invocation waits for an answer that never comes: its process ends before long, as at its time-out. */
  timeOut(stage: StageName): void;
};

type Process = { readonly environment: Environment; readonly run: LocalFunction };

/** What lives and dies with one worker. */
type Life = {
  readonly worker: WorkerFunctions;
  readonly ports: Map<StageName, Services>;
  readonly environments: Environment[];
};

/**
 * Runs the stages in processes that die: in this thread nothing that a dead one had begun has any effect, in a worker the worker
 * itself is ended. `onRunning` is told how many invocations more or fewer are under way.
 */
export const createProcesses = (options: ProcessesOptions, onRunning: (more: 1 | -1) => void): Processes => {
  const { world, wiring, services, portsOf } = options;
  const { scheduler, faults } = world;
  /** Of each stage the process that its last invocation found. */
  const current = new Map<StageName, Environment>();

  /** `leave` gives up a process whose code goes on after its invocation is over. */
  const invoke = (
    stage: StageName,
    invocation: string,
    environment: Environment,
    call: () => Promise<unknown>,
    leave: () => void,
    onDeath: () => void,
  ): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const soon = (): number => faults.next() * soonMilliseconds;
      const fail = (why: string): void => end(() => reject(new Error(`expected an answer, found ${why}`)));
      const ends: (() => void)[] = [];
      let isOver = false;
      const end = (settle: () => void): void => {
        if (isOver) return;
        isOver = true;
        for (const cancel of ends) cancel();
        onRunning(-1);
        settle();
      };
      onRunning(1);
      environment.begin(invocation, () => {
        onDeath();
        fail('the process dead');
      });
      current.set(stage, environment);
      if (world.strikes('zombie', stage)) {
        ends.push(
          scheduler.after(soon(), () => {
            leave();
            fail('the invocation over, though its code goes on');
          }),
        );
      }
      if (world.strikes('out-of-memory', stage)) ends.push(scheduler.after(soon(), environment.die));
      ends.push(scheduler.after(wiring.stages[stage].timeoutSeconds * 1000, environment.die));
      call().then(
        (response) => end(() => resolve(response)),
        (thrown: unknown) => end(() => reject(thrown as Error)),
      );
    });

  const throttled = (): Promise<never> =>
    Promise.reject(new Error('expected the invocation to begin, found it throttled'));

  const lives = new Map<StageName, Life>();

  const beginLife = (stages: readonly StageName[], worker: WorkerFunctions): Life => {
    const life: Life = { worker, ports: new Map(), environments: [] };
    for (const stage of stages) {
      const environment = createEnvironment(stage, 0, world);
      life.environments.push(environment);
      life.ports.set(
        stage,
        createFaultyPorts(environment, services, world, () => unlimited),
      );
      lives.set(stage, life);
    }
    return life;
  };

  const stagesOf = (worker: WorkerFunctions): StageName[] =>
    [...lives].filter(([, life]) => life.worker === worker).map(([stage]) => stage);

  return {
    inThread(stage, create) {
      let process: Process | undefined;
      const take = (): Process => {
        if (process?.environment.isAlive) return process;
        const environment = createEnvironment(stage, drawSkew(stage, world), world);
        const ports: StagePorts = {
          ...portsOf(stage),
          ...createFaultyPorts(environment, services, world, () => unlimited),
          clock: hurried(environment.clock),
        };
        process = { environment, run: create(ports) as LocalFunction };
        return process;
      };
      return (event, context) => {
        if (world.strikes('throttled', stage)) return throttled();
        const { environment, run } = take();
        const leave = (): void => {
          process = undefined;
        };
        return invoke(stage, context.awsRequestId, environment, () => run(event, context), leave, leave);
      };
    },

    inWorker(stage, worker) {
      beginLife([...stagesOf(worker), stage], worker);
      const run = worker.function(stage);
      return (event, context) => {
        if (world.strikes('throttled', stage)) return throttled();
        const life = lives.get(stage) as Life;
        const environment = life.environments.find((each) => each.stage === stage) as Environment;
        const onDeath = (): void => {
          if (lives.get(stage) !== life) return;
          beginLife(stagesOf(worker), worker);
          for (const other of life.environments) other.die();
          worker.end();
        };
        return invoke(
          stage,
          context.awsRequestId,
          environment,
          () => run(event, context),
          () => undefined,
          onDeath,
        );
      };
    },

    services: (stage) => (lives.get(stage) as Life).ports.get(stage) as Services,
    timeOut(stage) {
      const environment = current.get(stage);
      if (environment !== undefined) scheduler.after(faults.next() * soonMilliseconds, environment.die);
    },
  };
};
