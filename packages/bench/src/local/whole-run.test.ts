import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { quickContext } from './quick-context.ts';
import { runSluice } from './run-sluice.ts';
import { scaling } from './scaling.ts';
import { wholeRun } from './whole-run.ts';

const names = (experiment: { readonly measures: readonly { readonly name: string }[] }): string[] =>
  experiment.measures.map(({ name }) => name).sort();

describe('the whole run', () => {
  it.each(wholeRun)('$id is done by each contender, which leaves no output behind', async (experiment) => {
    const context = quickContext(1_000);
    const file = join(context.folder, 'own.csv');
    writeFileSync(file, 'a,b\n1,2\n3,"4\n5"\n');
    for (const contender of experiment.contenders) {
      const sample = await contender.run({ ...context, ...(experiment.needsFile ? { divisor: 1, file } : {}) });
      expect(Object.keys(sample).sort()).toEqual(names(experiment));
      for (const value of Object.values(sample)) expect(value).toBeGreaterThan(0);
    }
    expect(readdirSync(context.folder).filter((name) => /^(run|script)-/.test(name))).toEqual([]);
  });

  it('is of no use when it does not come to what it should', async () => {
    const context = quickContext(1);
    const file = join(context.folder, 'own.csv');
    writeFileSync(file, 'a,b\n1,2\n');
    await expect(runSluice(file, [], { rows: 2 }, context)).rejects.toThrow('expected rows to be 2, found 1');
    await expect(runSluice(`${file}.gone`, [], {}, context)).rejects.toThrow('expected exit status 0, found 2: ');
  });
});

it('scaling runs files of every size', async () => {
  const context = quickContext(1_000);
  const [smallest, ...larger] = scaling.contenders;
  expect(Object.keys(await smallest.run(context)).sort()).toEqual(names(scaling));
  expect(larger.map(({ id }) => id)).toEqual(['rows-150000', 'rows-500000', 'rows-1500000', 'rows-5000000']);
});
