import { type StageName, stageNames, writerConcurrency } from '@sluice/core/wiring';
import * as z from 'zod/mini';
import { countOf } from '../../terminal-text.ts';
import { parseJson } from './answers.ts';
import { applyAgain, type Check, createCheck, createExistenceCheck, type Looked, settingsSection } from './check.ts';
import { both, type Fact, type Facts, lastPart, map } from './facts.ts';
import type { MappingSettings } from './settings.ts';

/** The stages whose concurrency follows from the write budget. Source: infra/pipeline/main.tf. */
const writers: readonly StageName[] = ['store-rows', 'finish-rows'];

const isStream = (stage: StageName, { wiring }: Facts): boolean => wiring.stages[stage].queue === undefined;

const isFrom = (stage: StageName, mapping: MappingSettings, { stack, wiring }: Facts): boolean => {
  const { queue } = wiring.stages[stage];
  return queue === undefined
    ? mapping.sourceArn.includes(`:table/${stack.rowsTable}/stream/`)
    : lastPart(mapping.sourceArn) === lastPart(stack.queueUrls[queue]);
};

/** The mapping that feeds a stage. */
export const mappingOf = (stage: StageName, facts: Facts): Fact<MappingSettings> => {
  const found = facts.mappings[stage];
  if (found.kind !== 'read') return found;
  const value = found.value.find((mapping) => isFrom(stage, mapping, facts));
  return value === undefined ? { kind: 'absent' } : { kind: 'read', value };
};

const ofStages = <Value>(
  facts: Facts,
  of: (stage: StageName) => Fact<Value>,
  which: (stage: StageName) => boolean = () => true,
): Looked<Value> => stageNames.filter(which).map((stage) => [facts.stack.functionNames[stage], of(stage)]);

const ofQueueStages = <Value>(facts: Facts, of: (stage: StageName) => Fact<Value>) =>
  ofStages(facts, of, (stage) => !isStream(stage, facts));

const ofStream = (facts: Facts): Looked<MappingSettings> =>
  ofStages(
    facts,
    (stage) => mappingOf(stage, facts),
    (stage) => isStream(stage, facts),
  );

const isThere = createExistenceCheck({
  id: 'mapping',
  title: 'every function is fed by its queue, the relay by the stream',
  severity: 'error',
  section: settingsSection,
  of: (facts) => ofStages(facts, (stage) => mappingOf(stage, facts)),
});

const isOn = createCheck({
  id: 'mapping-enabled',
  title: 'every mapping is on',
  severity: 'error',
  section: 'A queue is stuck',
  of: (facts) => ofStages(facts, (stage) => mappingOf(stage, facts)),
  judge: ({ state, uuid }) => {
    if (state === 'Enabled') return undefined;
    const mend = `aws lambda update-event-source-mapping --uuid ${uuid} --enabled`;
    const isUnderWay = ['Creating', 'Enabling', 'Updating'].includes(state);
    return { ...(isUnderWay ? { severity: 'note' } : {}), found: state, expected: 'Enabled', mend };
  },
});

const responses = createCheck({
  id: 'mapping-responses',
  title: 'what a function reports as failed comes back',
  severity: 'error',
  section: settingsSection,
  of: (facts) => ofStages(facts, (stage) => mappingOf(stage, facts)),
  judge: ({ responses: found }) =>
    found.includes('ReportBatchItemFailures')
      ? undefined
      : {
          found: found.join(', ') || 'no response types',
          expected: 'ReportBatchItemFailures: without it messages that failed are deleted',
          mend: applyAgain,
        },
});

const filters = createCheck({
  id: 'mapping-filter',
  title: 'no mapping over a queue has a filter',
  severity: 'error',
  section: settingsSection,
  of: (facts) => ofQueueStages(facts, (stage) => mappingOf(stage, facts)),
  judge: ({ filters: found }) =>
    found.length === 0
      ? undefined
      : {
          found: countOf(found.length, 'filter'),
          expected: 'none: what a filter does not match is deleted',
          mend: applyAgain,
        },
});

/**
 * What Lambda says of a mapping that has nothing to complain of; after OK it may say more. A complaint begins with PROBLEM.
 * Source: Lambda, EventSourceMappingConfiguration.
 */
const goodResult = /^OK\b|^No records processed\.?$/;

const lastResult = createCheck({
  id: 'mapping-result',
  title: 'Lambda reads every source and calls every function',
  severity: 'warning',
  section: 'A queue is stuck',
  of: (facts) => ofStages(facts, (stage) => mappingOf(stage, facts)),
  judge: ({ lastResult: found }) =>
    found === undefined || goodResult.test(found)
      ? undefined
      : { found, expected: 'OK', mend: 'what it complains of, mostly a permission or the function itself' },
});

const batches = createCheck({
  id: 'mapping-batch',
  title: 'batches are as wiring.json says',
  severity: 'warning',
  section: settingsSection,
  of: (facts) =>
    ofStages(facts, (stage) =>
      map(mappingOf(stage, facts), (mapping) => ({ mapping, wired: facts.wiring.stages[stage] })),
    ),
  judge: ({ mapping: { batchSize, windowSeconds }, wired }) =>
    batchSize === wired.batchSize && windowSeconds === wired.windowSeconds
      ? undefined
      : {
          found: `${batchSize} within ${windowSeconds} s`,
          expected: `${wired.batchSize} within ${wired.windowSeconds} s`,
          mend: applyAgain,
        },
});

/** How many invocations at once a stage's mapping is to allow. */
export const wiredConcurrency = (stage: StageName, facts: Facts): Fact<number> => {
  const { wiring, functions } = facts;
  if (!writers.includes(stage)) return { kind: 'read', value: wiring.stages[stage].maximumConcurrency ?? 0 };
  return map(functions[stage], ({ writeUnitsPerSecond }) =>
    writerConcurrency(writeUnitsPerSecond ?? wiring.pipeline.writeUnitsPerSecond),
  );
};

const concurrency = createCheck({
  id: 'mapping-concurrency',
  title: 'as many invocations at once as wired',
  severity: 'warning',
  section: settingsSection,
  of: (facts) => ofQueueStages(facts, (stage) => both(mappingOf(stage, facts), wiredConcurrency(stage, facts))),
  judge: ([{ maximumConcurrency }, wired]) =>
    maximumConcurrency === wired
      ? undefined
      : {
          found: maximumConcurrency === undefined ? 'no bound' : `${maximumConcurrency}`,
          expected: `${wired}`,
          mend: applyAgain,
        },
});

const streamBounds = createCheck({
  id: 'stream-bounds',
  title: 'a record that cannot be relayed holds up nothing for long',
  severity: 'error',
  section: 'The relay is behind',
  of: ofStream,
  judge: ({ bisects, maximumRecordAgeSeconds = -1, maximumRetryAttempts = -1 }, { wiring }) => {
    const wired = wiring.stages['relay-rows'];
    const say = (halves: boolean, age = -1, attempts = -1) =>
      `${halves ? 'batches halved' : 'batches not halved'}, age ${age < 0 ? 'not bounded' : `${age} s`}, attempts ${attempts < 0 ? 'not bounded' : attempts}`;
    const found = say(bisects, maximumRecordAgeSeconds, maximumRetryAttempts);
    const expected = say(true, wired.maximumRecordAgeSeconds, wired.maximumRetryAttempts);
    if (found === expected) return undefined;
    const isBounded = bisects && maximumRecordAgeSeconds >= 0 && maximumRetryAttempts >= 0;
    return { ...(isBounded ? { severity: 'warning' } : {}), found, expected, mend: applyAgain };
  },
});

const streamDestination = createCheck({
  id: 'stream-destination',
  title: 'what the stream gives up is kept in the work bucket',
  severity: 'error',
  section: 'The relay is behind',
  of: ofStream,
  judge: ({ failureArn }, { stack }) =>
    failureArn?.endsWith(`:::${stack.workBucket}`)
      ? undefined
      : { found: failureArn ?? 'no destination', expected: `bucket ${stack.workBucket}`, mend: applyAgain },
});

const insertsOnly = z.object({ eventName: z.tuple([z.literal('INSERT')]) });

const streamFilter = createCheck({
  id: 'stream-filter',
  title: 'only new rows are relayed',
  severity: 'error',
  section: settingsSection,
  of: ofStream,
  judge: ({ filters: found }) =>
    found.length > 0 && found.every((pattern) => insertsOnly.safeParse(parseJson(pattern)).success)
      ? undefined
      : {
          found: countOf(found.length, 'filter'),
          expected: 'a filter on INSERT alone: a row that ends must not go round again',
          mend: applyAgain,
        },
});

const streamStart = createCheck({
  id: 'stream-start',
  title: 'the stream is read from its beginning',
  severity: 'error',
  section: settingsSection,
  of: ofStream,
  judge: ({ startingPosition }) =>
    startingPosition === 'TRIM_HORIZON'
      ? undefined
      : {
          found: startingPosition ?? 'none',
          expected: 'TRIM_HORIZON: rows written while the mapping is made wait for a repair otherwise',
          mend: applyAgain,
        },
});

export const mappingChecks: readonly Check[] = [
  isThere,
  isOn,
  responses,
  filters,
  lastResult,
  batches,
  concurrency,
  streamBounds,
  streamDestination,
  streamFilter,
  streamStart,
];
