import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { coldStart } from './cold-start.ts';
import { quickContext } from './quick-context.ts';
import { timeImport } from './time-import.ts';

it('starts every bundle, a usual one, and Node with nothing', async () => {
  const context = quickContext(100);
  const samples = new Map<string, Readonly<Record<string, number>>>();
  for (const { id, run } of coldStart.contenders) samples.set(id, await run(context));
  expect(samples.size).toBe(9);
  for (const [id, { milliseconds, cpuMilliseconds, zipKilobytes }] of samples) {
    expect(milliseconds).toBeGreaterThan(0);
    expect(cpuMilliseconds).toBeGreaterThan(0);
    if (id === 'bare-node') expect(zipKilobytes).toBe(0);
    else expect(zipKilobytes).toBeGreaterThan(50);
  }
});

it('counts no start that came to no handler', async () => {
  const { folder, signal } = quickContext(1);
  const start = (name: string, code: string): Promise<unknown> => {
    const module = join(folder, name);
    writeFileSync(module, code);
    return timeImport(module, {}, signal);
  };
  await expect(start('none.mjs', 'export const other = 1;')).rejects.toThrow('expected a function called handler');
  await expect(start('broken.mjs', 'throw new Error("no TABLE");')).rejects.toThrow('no TABLE');
});
