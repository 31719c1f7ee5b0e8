import { describe, it } from 'vitest';
import { createHandMadeRun } from './hand-made-run.ts';

describe('a sound run', () => {
  it.each([
    ['with versions kept', { isVersioned: true }],
    ['without', { isVersioned: false }],
  ])('breaks nothing, %s', async (_, options) => {
    const run = createHandMadeRun(options);
    await run.from('bring');
    await run.atRest();
  });
});
