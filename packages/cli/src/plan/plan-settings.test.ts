import { parseWiring, stageNames } from '@sluice/core/wiring';
import { describe, expect, it } from 'vitest';
import wiringJson from '../../../../infra/wiring.json' with { type: 'json' };
import { type Deployed, toPlannedFile, toPlanSettings } from './plan-settings.ts';

const wiring = parseWiring(wiringJson, 'aws');
const regions = ['us-east-1', 'eu-central-1'];
const deployed = (
  changes: Partial<Deployed['settings']> = {},
  region: string | undefined = 'eu-central-1',
): Deployed => ({
  region,
  settings: {
    wiring: { ...wiring, pipeline: { ...wiring.pipeline, writeUnitsPerSecond: 16_000 } },
    tableUnitsPerSecond: 12_000,
    accountConcurrency: 500,
    unread: [],
    ...changes,
  },
});

describe('settings to plan with', () => {
  it('are those of a new deployment where nothing is said', () => {
    expect(toPlanSettings({}, wiring, regions)).toEqual({
      settings: {
        region: 'us-east-1',
        wiring,
        tableUnitsPerSecond: 4_000,
        processorWaitMilliseconds: 0,
        processorCpuMicroseconds: 10,
        resultBytes: 45,
        accountConcurrency: 1_000,
      },
      notes: [],
    });
  });

  it('are as they are given, whatever a deployment has', () => {
    const { settings } = toPlanSettings(
      {
        region: 'us-east-1',
        tableUnits: 40_000,
        memory: { 'process-rows': 3_538 },
        concurrency: { 'process-rows': 7 },
        rowsPerMessage: 1,
        processorWait: 20,
        processorCpu: 500,
        resultBytes: 0,
        accountConcurrency: 3_000,
      },
      wiring,
      regions,
      deployed(),
    );
    expect(settings).toMatchObject({
      region: 'us-east-1',
      tableUnitsPerSecond: 40_000,
      processorWaitMilliseconds: 20,
      processorCpuMicroseconds: 500,
      resultBytes: 0,
      accountConcurrency: 3_000,
    });
    expect(settings.wiring.stages['process-rows']).toMatchObject({ memoryMegabytes: 3_538, maximumConcurrency: 7 });
    expect(settings.wiring.pipeline).toMatchObject({ rowsPerMessage: 1, writeUnitsPerSecond: 16_000 });
  });

  it('give the writers as many functions as Terraform does for a write budget, unless that is said, too', () => {
    const of = (flags: Parameters<typeof toPlanSettings>[0]) => {
      const { stages } = toPlanSettings({ writeUnits: 40_000, ...flags }, wiring, regions).settings.wiring;
      return stageNames.map((stage) => stages[stage].maximumConcurrency);
    };
    expect(of({})).toEqual([5, 50, 80, undefined, 100, 80, 5]);
    expect(of({ concurrency: { 'store-rows': 10 } })).toEqual([5, 50, 10, undefined, 100, 80, 5]);
  });

  it('are those of a deployment', () => {
    const { settings, notes } = toPlanSettings({}, wiring, regions, deployed());
    expect(settings).toMatchObject({
      region: 'eu-central-1',
      tableUnitsPerSecond: 12_000,
      accountConcurrency: 500,
      wiring: { pipeline: { writeUnitsPerSecond: 16_000 } },
    });
    expect(notes).toEqual([]);
  });

  it('say what was taken for want of better', () => {
    const table = deployed({ tableUnitsPerSecond: undefined, accountConcurrency: undefined });
    const found = toPlanSettings({}, wiring, regions, { ...table, region: 'mars\u001b' });
    expect(found.settings).toMatchObject({
      region: 'us-east-1',
      tableUnitsPerSecond: 4_000,
      accountConcurrency: 1_000,
    });
    expect(found.notes).toEqual([
      'There are no prices of mars\\u{1b}: those of us-east-1 are taken.',
      "What the deployment's table takes at once is not known: it is taken for a new one, 4,000 write units a second.",
    ]);
    expect(toPlanSettings({}, wiring, regions, { ...deployed(), region: undefined }).notes).toEqual([
      'The region of the deployment is not known: those of us-east-1 are taken.',
    ]);
  });

  it('are refused for a region without prices', () => {
    expect(() => toPlanSettings({ region: 'mars' }, wiring, regions)).toThrow(
      '--region: expected one of us-east-1, eu-central-1, found "mars"',
    );
  });
});

describe('a file that is not there yet', () => {
  it('has rows of 90 bytes and 8 columns, which is said', () => {
    expect(toPlannedFile({ rows: 1_000 })).toEqual({
      file: { rows: 1_000, bytes: 90_000, columns: 8, acceptedShare: 1, known: 'given' },
      notes: [
        'A row has 90 bytes, since --bytes does not say.',
        'A row has 8 columns, since --columns does not say.',
        'Every row can be cleaned.',
      ],
    });
    expect(toPlannedFile({ rows: 10, bytes: 2_000, columns: 3 })).toMatchObject({
      file: { bytes: 2_000, columns: 3 },
      notes: ['Every row can be cleaned.'],
    });
  });

  it('has rows, and bytes for each', () => {
    expect(() => toPlannedFile({ bytes: 5 })).toThrow(
      'expected a FILE to look at, or --rows N (such as --rows 558k), found neither',
    );
    expect(() => toPlannedFile({ rows: 1_000, bytes: 999 })).toThrow(
      '--bytes: expected at least a byte for each of 1,000 rows, found 999',
    );
  });
});
