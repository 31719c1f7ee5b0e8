import { expect, it } from 'vitest';
import { quickContext } from './quick-context.ts';
import { runMeasured } from './run-measured.ts';
import { scan } from './scan.ts';
import { scanInputs } from './scan-input.ts';
import type { Scanned } from './scan-worker.ts';

it('has every contender scan both files', async () => {
  const context = quickContext(200);
  for (const contender of scan.contenders) {
    const sample = await contender.run(context);
    for (const { name } of scan.measures) expect(sample[name]).toBeGreaterThan(0);
  }
});

it('finds the records that csv-parse finds, in either file, however often it is repeated', async () => {
  const context = quickContext(1);
  const { plain, quoted } = await scanInputs(context);
  const worker = new URL('./scan-worker.ts', import.meta.url).pathname;
  const count = async (way: string, file: string): Promise<number> => {
    const { stdout } = await runMeasured([worker, way, file, '5000000'], context);
    return (JSON.parse(stdout) as Scanned).found;
  };
  // Each time the header, and all rows but the one that is cut off.
  expect(await count('scanner', plain)).toBe(3 * 20_000);
  expect(await count('csv-parse', plain)).toBe(3 * 20_000);
  expect(await count('scanner', quoted)).toBe(await count('csv-parse', quoted));
});
