import { describe, it } from 'vitest';
import { expectBroken } from './broken.ts';
import { createHandMadeRun } from './hand-made-run.ts';

describe('port calls under way', () => {
  const { tell } = createHandMadeRun();

  it.each([
    ['split-file', 7],
    ['clean-rows', 5],
    ['store-rows', 4],
    ['relay-rows', 4],
    ['process-rows', 4],
    ['finish-rows', 4],
    ['audit-job', 16],
  ] as const)('of %s are at most %i: I14', async (stage, most) => {
    tell(stage, { kind: 'called', inFlight: most, bytes: 16 * 1024 * 1024 });
    await expectBroken('I14', /calls under way/, () => tell(stage, { kind: 'called', inFlight: most + 1, bytes: 0 }));
  });

  it('carry at most 16 MiB: I14', () =>
    expectBroken('I14', /16777216 bytes/, () =>
      tell('audit-job', { kind: 'called', inFlight: 1, bytes: 16 * 1024 * 1024 + 1 }),
    ));

  it('are nobody’s business outside of the functions', () =>
    tell('service', { kind: 'called', inFlight: 1_000, bytes: 0 }));
});
