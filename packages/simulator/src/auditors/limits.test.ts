import { it } from 'vitest';
import { expectBroken } from './broken.ts';
import { createHandMadeRun } from './hand-made-run.ts';

it('a call that a service refuses breaks its limits', () =>
  expectBroken('limits', /sends 11 to rows: expected 1 to 10 entries/, () =>
    createHandMadeRun().tell('clean-rows', {
      kind: 'refused',
      call: 'sends 11 to rows',
      reason: 'expected 1 to 10 entries in a batch, found 11',
    }),
  ));
