import { parseWiring } from '@sluice/core/wiring';
import { describe, expect, it } from 'vitest';
import wiringJson from '../../../../infra/wiring.json' with { type: 'json' };
import { readDeployedSettings } from './deployed-settings.ts';
import { createHealthyInspector } from './doctor/healthy-inspector.ts';
import type { Inspector } from './doctor/inspect.ts';
import { testStack } from './operate-harness.ts';

const wiring = parseWiring(wiringJson, 'aws');
const healthy = createHealthyInspector(testStack);
const read = (changes: Partial<Inspector> = {}) =>
  readDeployedSettings({ stack: testStack, inspect: { ...healthy, ...changes } }, wiring);

describe('the settings of a deployment', () => {
  it('are those of the wiring where it is as Terraform makes it', async () => {
    expect(await read()).toEqual({
      wiring,
      tableUnitsPerSecond: 4_000,
      accountConcurrency: 1_000,
      unread: [],
    });
  });

  it('are its own', async () => {
    const found = await read({
      function: async (name) => {
        const settings = await healthy.function(name);
        return settings && { ...settings, memoryMegabytes: 3_538, timeoutSeconds: 30, writeUnitsPerSecond: 16_000 };
      },
      mappings: async (name) => {
        const [mapping] = (await healthy.mappings(name)) ?? [];
        if (mapping === undefined) return [];
        const { maximumConcurrency: _, ...unlimited } = mapping;
        return [
          name.endsWith('relay-rows')
            ? { ...unlimited, parallelizationFactor: 10, batchSize: 100 }
            : name.endsWith('process-rows')
              ? unlimited
              : { ...mapping, maximumConcurrency: 32, windowSeconds: 5 },
        ];
      },
    });
    expect(found.wiring.stages['store-rows']).toMatchObject({
      memoryMegabytes: 3_538,
      timeoutSeconds: 30,
      maximumConcurrency: 32,
      windowSeconds: 5,
    });
    expect(found.wiring.stages['relay-rows']).toMatchObject({ parallelizationFactor: 10, batchSize: 100 });
    expect(found.wiring.stages['process-rows']).not.toHaveProperty('maximumConcurrency');
    expect(found.wiring.pipeline.writeUnitsPerSecond).toBe(16_000);
  });

  it('are not known of a table and an account that answer 0, as services other than the real ones do', async () => {
    const table = async (name: string) => {
      const settings = await healthy.table(name);
      return settings && { ...settings, warmWriteUnitsPerSecond: 0 };
    };
    const concurrency = async () => ({ ...(await healthy.concurrency()), limit: 0 });
    const { tableUnitsPerSecond, accountConcurrency } = await read({ table, concurrency });
    expect([tableUnitsPerSecond, accountConcurrency]).toEqual([undefined, undefined]);
  });

  it('are not to be had without a function and what feeds it', async () => {
    await expect(read({ function: async () => undefined })).rejects.toThrow(
      'expected the function sluice-test-split-file with what feeds it, found no function',
    );
    await expect(read({ mappings: async () => [] })).rejects.toThrow('found no mapping');
  });
});
