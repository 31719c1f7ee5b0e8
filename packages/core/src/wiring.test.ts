import { describe, expect, it } from 'vitest';
import wiringJson from '../../../infra/wiring.json' with { type: 'json' };
import { batchEntriesMax, delaySecondsMax, queueNames, visibilitySecondsMax } from './ports/queue.ts';
import {
  parseWiring,
  type StageName,
  type StageSettings,
  stageNames,
  visibilitySeconds,
  writerConcurrency,
} from './wiring.ts';

// Limits of Lambda and its event source mappings. Source: AWS, "Lambda quotas", "CreateEventSourceMapping", "SQS RedrivePolicy".
const timeoutSecondsMax = 900;
const memoryMegabytes = { least: 128, most: 10_240 };
const mappingBatchMax = 10_000;
const mappingConcurrency = { least: 2, most: 1_000 };
const receivesMax = 1_000;
const streamRetentionSeconds = 86_400;
const parallelizationMax = 10;

const aws = parseWiring(wiringJson, 'aws');
const local = parseWiring(wiringJson, 'local');
const stagesOf = ({ stages }: typeof aws): [StageName, StageSettings][] =>
  stageNames.map((name) => [name, stages[name]]);
const stages = stagesOf(aws);
const fedByQueue = stages.filter(([, { queue }]) => queue !== undefined);
const fedByStream = stages.filter(([, { queue }]) => queue === undefined);

type Json = { [name: string]: unknown };
/** The wiring with the setting at `path` replaced, or taken away when `value` is undefined. */
const withSetting = (path: string, value: unknown): unknown => {
  const copy = structuredClone(wiringJson) as Json;
  const names = path.split('.');
  const last = names.pop() ?? '';
  const place = names.reduce((at, name) => at[name] as Json, copy);
  if (value === undefined) delete place[last];
  else place[last] = value;
  return copy;
};

describe('the wiring on AWS', () => {
  it('feeds each queue to one stage, and one stage from the stream', () => {
    expect(fedByQueue.map(([, { queue }]) => queue).sort()).toEqual([...queueNames].sort());
    expect(fedByStream.map(([name]) => name)).toEqual(['relay-rows']);
  });

  it.each(stages)('runs %s within what a function may have', (_, settings) => {
    expect(settings.timeoutSeconds).toBeLessThanOrEqual(timeoutSecondsMax);
    expect(settings.memoryMegabytes).toBeGreaterThanOrEqual(memoryMegabytes.least);
    expect(settings.memoryMegabytes).toBeLessThanOrEqual(memoryMegabytes.most);
    expect(settings.batchSize).toBeLessThanOrEqual(mappingBatchMax);
  });

  it.each(fedByQueue)('gives %s what a queue’s mapping takes and nothing of a stream’s', (_, settings) => {
    const { batchSize, windowSeconds, maximumConcurrency = 0, maxReceiveCount = 0 } = settings;
    if (batchSize > batchEntriesMax) expect(windowSeconds).toBeGreaterThanOrEqual(1);
    expect(maximumConcurrency).toBeGreaterThanOrEqual(mappingConcurrency.least);
    expect(maximumConcurrency).toBeLessThanOrEqual(mappingConcurrency.most);
    expect(maxReceiveCount).toBeGreaterThanOrEqual(2);
    expect(maxReceiveCount).toBeLessThanOrEqual(receivesMax);
    expect(visibilitySeconds(settings)).toBeLessThanOrEqual(visibilitySecondsMax);
    expect(settings).not.toHaveProperty('parallelizationFactor');
    expect(settings).not.toHaveProperty('maximumRecordAgeSeconds');
    expect(settings).not.toHaveProperty('maximumRetryAttempts');
  });

  it.each(fedByStream)('gives %s what a stream’s mapping takes and nothing of a queue’s', (_, settings) => {
    const { parallelizationFactor = 0, maximumRecordAgeSeconds = 0, maximumRetryAttempts = 0 } = settings;
    expect(parallelizationFactor).toBeGreaterThanOrEqual(1);
    expect(parallelizationFactor).toBeLessThanOrEqual(parallelizationMax);
    expect(maximumRecordAgeSeconds).toBeGreaterThanOrEqual(60);
    // A record that the stream drops first never reaches the place for those that are given up.
    expect(maximumRecordAgeSeconds).toBeLessThan(streamRetentionSeconds);
    expect(maximumRetryAttempts).toBeGreaterThanOrEqual(1);
    expect(settings).not.toHaveProperty('maximumConcurrency');
    expect(settings).not.toHaveProperty('maxReceiveCount');
  });

  it('waits no longer between tries than a queue can hold a message back', () => {
    const { retryDelaysSeconds, outageDelaysSeconds } = aws.pipeline;
    for (const seconds of retryDelaysSeconds) expect(seconds).toBeLessThanOrEqual(delaySecondsMax);
    for (const seconds of outageDelaysSeconds) expect(seconds).toBeLessThanOrEqual(visibilitySecondsMax);
  });

  it('waits longer each time, in all three schedules', () => {
    const { retryDelaysSeconds, outageDelaysSeconds, repairDelaysSeconds } = aws.pipeline;
    for (const delays of [retryDelaysSeconds, outageDelaysSeconds, repairDelaysSeconds]) {
      expect(delays).toHaveLength(3);
      expect([...delays].sort((a, b) => a - b)).toEqual(delays);
      expect(new Set(delays).size).toBe(3);
    }
  });

  it('leaves an invocation time to settle after the slowest call of a processor', () => {
    const { timeoutSeconds } = aws.stages['process-rows'];
    expect(aws.pipeline.rowTimeoutSeconds).toBeLessThan(timeoutSeconds * 0.8);
  });

  it.each(['store-rows', 'finish-rows'] as const)('runs as many of %s at once as the write budget is for', (name) => {
    expect(aws.stages[name].maximumConcurrency).toBe(writerConcurrency(aws.pipeline.writeUnitsPerSecond));
  });

  it('repairs no job before its rows had every try', () => {
    const { maxReceiveCount = 0 } = aws.stages['process-rows'];
    const { retryDelaysSeconds, repairDelaysSeconds } = aws.pipeline;
    const waits = Array.from(
      { length: maxReceiveCount - 1 },
      (_, i) => retryDelaysSeconds[i] ?? retryDelaysSeconds.at(-1),
    );
    expect(repairDelaysSeconds[0]).toBeGreaterThan(waits.reduce<number>((sum, wait) => sum + (wait ?? 0), 0));
  });
});

describe('the wiring of the local cloud', () => {
  it('keeps every setting that its section does not name', () => {
    for (const name of stageNames) {
      expect(local.stages[name]).toEqual({ ...aws.stages[name], ...wiringJson.local.stages[name] });
    }
    expect(local.pipeline).toEqual({ ...aws.pipeline, ...wiringJson.local.pipeline });
    expect(local).not.toEqual(aws);
  });

  it('takes its section for nothing on AWS', () => {
    const other = withSetting('local.stages.split-file.memoryMegabytes', 4_096);
    expect(parseWiring(other, 'aws')).toEqual(aws);
    expect(parseWiring(other, 'local').stages['split-file'].memoryMegabytes).toBe(4_096);
  });

  it('changes nothing of what the rules depend on: queues, receives, times of a call', () => {
    for (const [name, settings] of stagesOf(local)) {
      const { queue, maxReceiveCount, timeoutSeconds } = aws.stages[name];
      expect(settings).toMatchObject({ timeoutSeconds, ...(queue === undefined ? {} : { queue, maxReceiveCount }) });
    }
    expect(local.pipeline.rowTimeoutSeconds).toBe(aws.pipeline.rowTimeoutSeconds);
  });

  it('may leave a stage out', () => {
    const other = withSetting('local.stages.split-file', undefined);
    expect(parseWiring(other, 'local').stages['split-file']).toEqual(aws.stages['split-file']);
  });
});

describe('parseWiring', () => {
  it.each<['aws' | 'local', string]>([
    ['aws', 'stages.store-rows.batchSize'],
    ['local', 'local.stages.store-rows.batchSize'],
  ])('refuses more than 25 messages for an invocation on %s', (binding, path) => {
    expect(() => parseWiring(withSetting(path, 25), binding)).not.toThrow();
    expect(() => parseWiring(withSetting(path, 26), binding)).toThrow(
      'wiring.json: stages.store-rows.batchSize: expected at most 25 messages, found 26',
    );
  });

  it.each([
    ['stages.clean-rows.batchSize', 0],
    ['stages.clean-rows.batchSize', 1.5],
    ['stages.clean-rows.batchSize', '10'],
    ['stages.clean-rows.batchSize', undefined],
    ['stages.clean-rows.windowSeconds', -1],
    ['stages.clean-rows.timeoutSeconds', 0],
    ['stages.clean-rows.timeoutSeconds', null],
    ['stages.clean-rows.memoryMegabytes', undefined],
    ['stages.clean-rows.queue', 'chunk'],
    ['stages.clean-rows.maximumConcurrency', 0],
    ['stages.clean-rows.maxReceiveCount', -4],
    ['stages.relay-rows.parallelizationFactor', 0],
    ['stages.relay-rows.maximumRecordAgeSeconds', 0.5],
    ['stages.relay-rows.maximumRetryAttempts', '100'],
    ['stages.audit-job', undefined],
    ['stages.audit-job', []],
    ['stages.audit-jobs', {}],
    ['stages.clean-rows.batchsize', 1],
    ['pipeline', undefined],
    ['pipeline.rowsPerMessage', -1],
    ['pipeline.writeUnitsPerSecond', -1],
    ['pipeline.retryDelaysSeconds', []],
    ['pipeline.retryDelaysSeconds.1', -1],
    ['pipeline.outageDelaysSeconds.0', 'soon'],
    ['pipeline.repairDelaysSeconds', []],
    ['pipeline.auditEverySeconds', -60],
    ['pipeline.rowTimeoutSeconds', 0],
    ['pipeline.rowsInFlightMax', 0],
    ['pipeline.rowsInFlight', 1],
    ['local', undefined],
    ['local.stages.clean-rows.batchSize', 0],
    ['local.stages.clean-row', {}],
    ['local.pipeline.rowTimeoutSeconds', -1],
    ['local.pipeline.rowTimeout', 1],
    ['remote', {}],
  ])('refuses %s as %j and names it', (path, value) => {
    for (const binding of ['aws', 'local'] as const) {
      expect(() => parseWiring(withSetting(path, value), binding)).toThrow(`wiring.json: ${path}: `);
    }
  });

  it.each([undefined, null, [], 'wiring', 1])('refuses %j, which is no object', (json) => {
    expect(() => parseWiring(json, 'aws')).toThrow(/^wiring\.json: /);
  });
});

describe('visibilitySeconds', () => {
  it('outlives six invocations and the window before them', () => {
    expect(visibilitySeconds({ batchSize: 1, memoryMegabytes: 128, timeoutSeconds: 60, windowSeconds: 5 })).toBe(365);
  });
});

describe('writerConcurrency', () => {
  it.each([
    [0, 2],
    [100, 2],
    [1_000, 2],
    [1_001, 3],
    [4_000, 8],
    [4_001, 9],
    [40_000, 80],
  ])('is, for %i write units a second, %i', (units, invocations) => {
    expect(writerConcurrency(units)).toBe(invocations);
  });
});
