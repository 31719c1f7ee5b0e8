import { SluiceError } from '@sluice/core/errors';
import { type StageName, type StageSettings, stageNames, type Wiring } from '@sluice/core/wiring';
import type { Operator } from './operator.ts';

/** A deployment as its services tell of it, as far as it decides how fast a job is carried. */
export type DeployedSettings = {
  /** With the deployment's own memory, time-outs, batches, concurrency and write budget in it. */
  readonly wiring: Wiring;
  /** Write units a second that the table of rows takes at once; undefined where nobody knows. */
  readonly tableUnitsPerSecond: number | undefined;
  /** Functions that the account lets run at once; undefined where nobody knows. */
  readonly accountConcurrency: number | undefined;
  /** What could not be read, in words. */
  readonly unread: readonly string[];
};

type Asked = Pick<Operator, 'inspect' | 'stack'>;

const readStage = async (
  stage: StageName,
  settings: StageSettings,
  { inspect, stack }: Asked,
): Promise<{ readonly settings: StageSettings; readonly writeUnitsPerSecond: number | undefined }> => {
  const name = stack.functionNames[stage];
  const [found, mappings] = await Promise.all([inspect.function(name), inspect.mappings(name)]);
  const [mapping] = mappings ?? [];
  if (found === undefined || mapping === undefined) {
    throw new SluiceError(
      'SERVICE_REFUSED',
      `expected the function ${name} with what feeds it, found no ${found === undefined ? 'function' : 'mapping'}`,
    );
  }
  const { maximumConcurrency: _, ...others } = settings;
  return {
    settings: {
      ...others,
      memoryMegabytes: found.memoryMegabytes,
      timeoutSeconds: found.timeoutSeconds,
      batchSize: mapping.batchSize ?? settings.batchSize,
      windowSeconds: mapping.windowSeconds,
      ...(mapping.maximumConcurrency === undefined ? {} : { maximumConcurrency: mapping.maximumConcurrency }),
      ...(mapping.parallelizationFactor === undefined ? {} : { parallelizationFactor: mapping.parallelizationFactor }),
    },
    writeUnitsPerSecond: found.writeUnitsPerSecond,
  };
};

/** The value, or why there is none. */
const orUnread = async <Value>(
  what: string,
  unread: string[],
  call: () => Promise<Value | undefined>,
): Promise<Value | undefined> => {
  try {
    return await call();
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw thrown;
    unread.push(`${what} could not be read: ${thrown.message}`);
    return undefined;
  }
};

/**
 * Reads how a deployment is set, from its functions and their mappings, which must be readable: throws SluiceError otherwise. The
 * table and the account tell more where they can be asked.
 */
export const readDeployedSettings = async (operator: Asked, wiring: Wiring): Promise<DeployedSettings> => {
  const { inspect, stack } = operator;
  const unread: string[] = [];
  const stages: Partial<Record<StageName, StageSettings>> = {};
  let writeUnitsPerSecond: number | undefined;
  // One stage after the other: Lambda answers some fifteen such questions a second.
  for (const stage of stageNames) {
    const found = await readStage(stage, wiring.stages[stage], operator);
    stages[stage] = found.settings;
    writeUnitsPerSecond ??= found.writeUnitsPerSecond;
  }
  const table = await orUnread('the table of rows', unread, () => inspect.table(stack.rowsTable));
  const account = await orUnread("the account's concurrency", unread, () => inspect.concurrency());
  return {
    wiring: {
      stages: stages as Wiring['stages'],
      pipeline: {
        ...wiring.pipeline,
        ...(writeUnitsPerSecond === undefined ? {} : { writeUnitsPerSecond }),
      },
    },
    // Services other than AWS's answer 0 where they do not know.
    tableUnitsPerSecond: table?.warmWriteUnitsPerSecond || undefined,
    accountConcurrency: account?.limit || undefined,
    unread,
  };
};
