import { type StageName, stageNames } from '@sluice/core/wiring';
import { applyAgain, type Check, createCheck, createExistenceCheck, type Looked, settingsSection } from './check.ts';
import { type Fact, type Facts, map } from './facts.ts';
import { mappingOf, wiredConcurrency } from './mapping-checks.ts';

const dayMilliseconds = 86_400_000;
/** How long before a runtime's end of life it is told of: in time to plan for it, and when it must be done. */
const noticeDays = 180;
const warningDays = 60;

/** When AWS stops mending a runtime. Source: AWS, "Lambda runtimes". */
const runtimeEnds: ReadonlyMap<string, number> = new Map([
  ['nodejs22.x', Date.UTC(2027, 3, 30)],
  ['nodejs24.x', Date.UTC(2028, 3, 30)],
]);

/** Invocations at once that Lambda keeps for the account's other functions. Source: Lambda, "Reserved concurrency". */
const spareConcurrency = 100;

const ofStages = <Value>(facts: Facts, of: (stage: StageName) => Fact<Value>): Looked<Value> =>
  stageNames.map((stage) => [facts.stack.functionNames[stage], of(stage)]);

const isThere = createExistenceCheck({
  id: 'function',
  title: 'every function exists',
  severity: 'error',
  section: settingsSection,
  of: (facts) => ofStages(facts, (stage) => facts.functions[stage]),
});

const state = createCheck({
  id: 'function-state',
  title: 'every function can be called, and its last update went through',
  severity: 'error',
  section: 'A function fails',
  of: (facts) => ofStages(facts, (stage) => facts.functions[stage]),
  judge: ({ state: found, lastUpdate }) => {
    if (found === 'Active' && lastUpdate === 'Successful') return undefined;
    // Inactive: not called for weeks, and made ready by the next call.
    const passes = ['Active', 'Inactive', 'Pending'].includes(found) && lastUpdate !== 'Failed';
    return {
      ...(passes ? { severity: 'note' } : {}),
      found: `${found}, last update ${lastUpdate}`,
      expected: 'Active, last update Successful',
      mend: applyAgain,
    };
  },
});

const runtime = createCheck({
  id: 'function-runtime',
  title: 'every runtime is maintained',
  severity: 'warning',
  section: settingsSection,
  of: (facts) => ofStages(facts, (stage) => facts.functions[stage]),
  judge: ({ runtime: found }, { now }) => {
    const end = runtimeEnds.get(found);
    const mend =
      'raise `runtime` in infra/modules/function (nodejs24.x takes version 6 of the AWS provider), then apply';
    if (end === undefined) return { found, expected: [...runtimeEnds.keys()].join(' or '), mend };
    const day = new Date(end).toISOString().slice(0, 10);
    if (now >= end)
      return { severity: 'error', found: `${found}, unmaintained since ${day}`, expected: 'a newer one', mend };
    if (end - now > noticeDays * dayMilliseconds) return undefined;
    return {
      severity: end - now > warningDays * dayMilliseconds ? 'note' : 'warning',
      found: `${found}, maintained until ${day}`,
      expected: 'a newer one by then',
      mend,
    };
  },
});

const size = createCheck({
  id: 'function-size',
  title: 'time-outs and memory are as wiring.json says',
  severity: 'warning',
  section: settingsSection,
  of: (facts) =>
    ofStages(facts, (stage) => map(facts.functions[stage], (found) => ({ found, wired: facts.wiring.stages[stage] }))),
  judge: ({ found, wired }) => {
    const say = (seconds: number, megabytes: number): string => `${seconds} s, ${megabytes} MB`;
    const [is, should] = [
      say(found.timeoutSeconds, found.memoryMegabytes),
      say(wired.timeoutSeconds, wired.memoryMegabytes),
    ];
    return is === should ? undefined : { found: is, expected: should, mend: applyAgain };
  },
});

const logs = createCheck({
  id: 'function-logs',
  title: 'logs keep their budget',
  severity: 'warning',
  section: 'Logs',
  of: (facts) => ofStages(facts, (stage) => facts.functions[stage]),
  judge: ({ logFormat, applicationLogLevel, systemLogLevel }) =>
    logFormat === 'JSON' && applicationLogLevel === 'DEBUG' && systemLogLevel === 'WARN'
      ? undefined
      : {
          found: `${logFormat ?? 'no format'}, application ${applicationLogLevel ?? 'not set'}, system ${systemLogLevel ?? 'not set'}`,
          expected:
            'JSON, application DEBUG (or sampled lines are dropped), system WARN (or START and END outweigh the rest)',
          mend: applyAgain,
        },
});

const reserved = createCheck({
  id: 'function-reserved',
  title: 'no function has reserved concurrency',
  severity: 'error',
  section: 'Functions are throttled',
  of: (facts) =>
    ofStages(facts, (stage) =>
      map(facts.reserved[stage], (found) => ({ found, name: facts.stack.functionNames[stage] })),
    ),
  judge: ({ found, name }) =>
    found === null
      ? undefined
      : {
          found: `${found} reserved`,
          expected:
            'none: throttled invocations spend the receives of their messages, and rows die that nothing is wrong with',
          mend: `aws lambda delete-function-concurrency --function-name ${name}`,
        },
});

/** Invocations at once that the deployment can come to. Source: infra/pipeline/main.tf. */
const atOnceOf = (facts: Facts): number => {
  const { wiring, functions } = facts;
  const store = functions['store-rows'];
  const units = store.kind === 'read' ? store.value.writeUnitsPerSecond : undefined;
  const shards = 2 * Math.max(4, Math.ceil((units ?? wiring.pipeline.writeUnitsPerSecond) / 1_000));
  return stageNames.reduce((sum, stage) => {
    if (wiring.stages[stage].queue === undefined)
      return sum + shards * (wiring.stages[stage].parallelizationFactor ?? 1);
    const mapping = mappingOf(stage, facts);
    const wired = wiredConcurrency(stage, facts);
    const found = mapping.kind === 'read' ? mapping.value.maximumConcurrency : undefined;
    return sum + (found ?? (wired.kind === 'read' ? wired.value : 0));
  }, 0);
};

const accountLimit = createCheck({
  id: 'account-concurrency',
  title: 'the account lets all stages run at once',
  severity: 'error',
  section: 'Functions are throttled',
  of: (facts) => [['account', facts.concurrency]],
  judge: ({ limit }, facts) => {
    const atOnce = atOnceOf(facts);
    return limit >= atOnce + spareConcurrency
      ? undefined
      : {
          found: `${limit} invocations at once`,
          expected: `${atOnce + spareConcurrency}: ${atOnce} of this deployment and ${spareConcurrency} of others`,
          mend: 'ask AWS for a higher quota of concurrent executions, or lower maximumConcurrency in infra/wiring.json',
        };
  },
});

const accountUnreserved = createCheck({
  id: 'account-unreserved',
  title: 'reservations of others leave enough of it',
  severity: 'error',
  section: 'Functions are throttled',
  of: (facts) => [['account', facts.concurrency]],
  judge: ({ limit, unreserved }, facts) => {
    const atOnce = atOnceOf(facts);
    // Where all of it is too little, that is said once.
    return unreserved >= atOnce || limit < atOnce + spareConcurrency
      ? undefined
      : {
          found: `${unreserved} of ${limit} invocations at once are not reserved for other functions`,
          expected: `at least ${atOnce}`,
          mend: 'lower the reserved concurrency of other functions, or ask AWS for a higher quota',
        };
  },
});

export const functionChecks: readonly Check[] = [
  isThere,
  state,
  runtime,
  size,
  logs,
  reserved,
  accountLimit,
  accountUnreserved,
];
