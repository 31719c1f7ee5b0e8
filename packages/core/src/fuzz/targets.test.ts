import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { findTargets } from './find-targets.ts';
import { fuzz } from './fuzz.ts';

const targets = await findTargets(fileURLToPath(new URL('..', import.meta.url)));

it.each(targets)('$name keeps its laws in the first cases of a seed', async (target) => {
  const { cases, finding } = await fuzz({ targets: [target], seed: 'smoke', from: 0, isOver: (done) => done >= 150 });
  expect(finding?.message).toBeUndefined();
  expect(cases).toBe(150);
});
