import type { Logger } from '@aws-lambda-powertools/logger';
import { createAuditJob } from '@sluice/audit-job/audit-job';
import { createCleanRows } from '@sluice/clean-rows/clean-rows';
import type { Metrics } from '@sluice/core/ports/metrics';
import type { Services, StagePorts } from '@sluice/core/stage';
import type { StageName, Wiring } from '@sluice/core/wiring';
import { createFinishRows } from '@sluice/finish-rows/finish-rows';
import type { LocalFunction } from '@sluice/local-cloud/function';
import { createProcessRows } from '@sluice/process-rows/process-rows';
import { createRelayRows } from '@sluice/relay-rows/relay-rows';
import { createSplitFile } from '@sluice/split-file/split-file';
import { createStoreRows } from '@sluice/store-rows/store-rows';
import type { Capacity } from './capacity.ts';
import type { Environment } from './environment.ts';
import { createEnvironment, drawSkew } from './environment.ts';
import { createFaultyPorts } from './faulty-ports.ts';
import { createTellingLogger } from './telling-logger.ts';
import type { UserCode } from './user-code.ts';
import type { Workload } from './workload.ts';
import type { World } from './world.ts';

/** A process that runs out of memory does so within this time. */
const memoryMilliseconds = 2_000;
/** Share of invocations after which Lambda keeps the process for the next one. */
const keptShare = 0.9;

const ignore: Metrics = () => undefined;

export const inboxBucket = 'inbox';
export const workBucket = 'work';

export type FunctionsOptions = {
  readonly world: World;
  readonly wiring: Wiring;
  readonly workload: Workload;
  readonly userCode: UserCode;
  readonly services: Services;
  readonly capacity: () => Capacity;
};

export type Functions = {
  /** The stage's function, as the cloud calls it. */
  functionOf(stage: StageName): LocalFunction;
  /** New code: the next invocations find new processes. */
  deploy(): void;
};

type Process = { readonly environment: Environment; readonly handler: LocalFunction };

/** Runs the stages' wrapped handlers as Lambda does: each invocation in a process of its own, that may be an old one. */
export const createFunctions = (options: FunctionsOptions): Functions => {
  const { world, wiring, workload, userCode } = options;
  const { scheduler, schedule, faults } = world;
  const idle = new Map<StageName, Process[]>();
  let version = 1;

  const loggers = new Map<StageName, Logger>();
  const loggerOf = (stage: StageName): Logger => {
    const found =
      loggers.get(stage) ??
      createTellingLogger(stage, (text) => {
        world.trace(`${stage} says ${text}`);
        world.actAs({ stage, invocation: '' }, () => world.tell({ kind: 'logged', text }));
      });
    loggers.set(stage, found);
    return found;
  };

  const createHandler = (stage: StageName, environment: Environment): LocalFunction => {
    const ports: StagePorts = {
      ...createFaultyPorts(environment, options.services, world, options.capacity),
      clock: environment.clock,
      random: () => schedule.next(),
      logger: loggerOf(stage),
      metrics: ignore,
      wiring,
    };
    const create = {
      'split-file': () =>
        createSplitFile(ports, {
          profiles: workload.profiles,
          bucket: workBucket,
          codeVersion: `1.0.${version}`,
          chunkBytes: workload.chunkBytes,
          rowsPerMessage: workload.rowsPerMessage,
        }),
      'clean-rows': () => createCleanRows(ports, { bucket: workBucket }),
      'store-rows': () => createStoreRows(ports),
      'relay-rows': () => createRelayRows(ports),
      'process-rows': () => createProcessRows(ports, { processor: userCode.processorIn(environment) }),
      'finish-rows': () => createFinishRows(ports),
      'audit-job': () => createAuditJob(ports, { bucket: workBucket, inbox: inboxBucket }),
    } as const satisfies Record<StageName, () => unknown>;
    return create[stage]() as LocalFunction;
  };

  const takeProcess = (stage: StageName): Process => {
    const kept = idle.get(stage)?.pop();
    if (kept !== undefined) return kept;
    const environment = createEnvironment(stage, drawSkew(stage, world), world);
    return { environment, handler: createHandler(stage, environment) };
  };

  const keep = (stage: StageName, found: Process, startedWith: number): void => {
    if (!found.environment.isAlive || startedWith !== version || !schedule.happens(keptShare)) return;
    const others = idle.get(stage);
    if (others === undefined) idle.set(stage, [found]);
    else others.push(found);
  };

  return {
    deploy() {
      version++;
      idle.clear();
    },
    functionOf: (stage) => (event, context) =>
      new Promise((resolve, reject) => {
        const { awsRequestId: invocation } = context;
        const fail = (why: string) => reject(new Error(why));
        if (world.strikes('throttled', stage)) {
          world.trace(`${invocation} ${stage} is throttled`);
          fail('throttled');
          return;
        }
        const startedWith = version;
        const found = takeProcess(stage);
        const { environment, handler } = found;
        environment.begin(invocation, () => fail('the process died'));
        world.trace(`${invocation} ${stage} begins`);
        const ends: (() => void)[] = [];
        if (world.strikes('zombie', stage)) {
          // To Lambda the invocation is over; its code goes on.
          ends.push(scheduler.after(faults.next() * 1000, () => fail('over, though the code goes on')));
        } else {
          const timeoutMilliseconds = wiring.stages[stage].timeoutSeconds * 1000;
          ends.push(scheduler.after(timeoutMilliseconds, () => environment.die()));
        }
        if (world.strikes('out-of-memory', stage)) {
          ends.push(scheduler.after(faults.next() * memoryMilliseconds, () => environment.die()));
        }
        const end = (): void => {
          for (const cancel of ends) cancel();
          world.trace(`${invocation} ${stage} ends`);
          keep(stage, found, startedWith);
        };
        handler(event, context).then(
          (response) => {
            end();
            resolve(response);
          },
          (thrown: unknown) => {
            end();
            reject(thrown as Error);
          },
        );
      }),
  };
};
