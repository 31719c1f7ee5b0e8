import { catchOutput } from '@sluice/core/caught-output';
import type { JobState } from '@sluice/core/ports/job-store';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ChunkState } from './audit-harness.ts';
import { jobId, markOf, setUp } from './audit-harness.ts';

catchOutput();

const fates = ['done', 'failed', 'rejected', 'pending', 'absent', 'dead', 'deadAbsent'] as const;
type Fate = (typeof fates)[number];
type Drawn = { readonly isCleaned: boolean; readonly isGivenUp: boolean; readonly rows: readonly Fate[] };

const chunk = (isMostlyDone: boolean): fc.Arbitrary<Drawn> => {
  const final = fc.constantFrom<Fate>('done', 'failed', 'rejected');
  const any = fc.constantFrom(...fates);
  const often = (weight: number): fc.Arbitrary<boolean> => fc.nat({ max: 99 }).map((drawn) => drawn < weight);
  return fc.record({
    isCleaned: often(isMostlyDone ? 98 : 70),
    isGivenUp: often(10),
    rows: fc.array(fc.oneof({ weight: isMostlyDone ? 60 : 3, arbitrary: final }, { weight: 1, arbitrary: any }), {
      minLength: 1,
      maxLength: 3,
    }),
  });
};

const job = fc.boolean().chain((isMostlyDone) => fc.array(chunk(isMostlyDone), { minLength: 1, maxLength: 150 }));

/** The state that a job of these chunks is in, said without a ledger. */
const stateOf = (chunks: readonly Drawn[]): JobState => {
  const isOpen = (drawn: Drawn): boolean =>
    drawn.isCleaned ? drawn.rows.some((fate) => fate === 'pending' || fate === 'absent') : !drawn.isGivenUp;
  const isDead = (drawn: Drawn): boolean =>
    drawn.isCleaned ? drawn.rows.some((fate) => fate.startsWith('dead')) : drawn.isGivenUp;
  if (chunks.some(isOpen)) return 'OPEN';
  return chunks.some(isDead) ? 'HELD' : 'COMPLETE';
};

it('comes to the state of the whole in bounded passes, at no time to another, and counts what is closed once', async () => {
  await fc.assert(
    fc.asyncProperty(job, async (drawn) => {
      let row = 0;
      const marks: ReturnType<typeof markOf>[] = [];
      const chunks = drawn.map(({ isCleaned, isGivenUp, rows }, index): ChunkState => {
        const numbered = rows.map((fate) => ({ fate, row: ++row }));
        const having = (...wanted: readonly Fate[]): number[] =>
          numbered.filter(({ fate }) => wanted.includes(fate)).map((found) => found.row);
        for (const dead of having('dead', 'deadAbsent')) marks.push(markOf({ chunk: index, row: dead }));
        if (!isCleaned && isGivenUp) marks.push(markOf({ chunk: index, stage: 'clean-rows' }));
        return {
          rows: rows.length,
          pending: having('pending', 'dead'),
          done: having('done'),
          failed: having('failed'),
          ...(isCleaned ? { rejected: having('rejected') } : {}),
        };
      });
      const made = await setUp({ chunks, marks });
      const wanted = stateOf(drawn);
      // At most eight counts a pass come to nothing: so many passes see all of it.
      const passes = 2 + Math.ceil(drawn.length / 8);
      for (let pass = 0; pass < passes; pass++) {
        const state = await made.audit();
        if (state !== 'OPEN') expect(state).toBe(wanted);
      }
      expect(made.jobs.jobOf(jobId).state).toBe(wanted);
      expect(made.events.sent).toHaveLength(wanted === 'COMPLETE' ? 1 : 0);
      const final = (fate: Fate): boolean => ['done', 'failed', 'rejected'].includes(fate);
      for (const [index, { isCleaned, rows }] of drawn.entries()) {
        const isFinal = isCleaned && rows.every(final);
        expect(made.jobs.chunksOf(jobId)[index]?.closed !== undefined).toBe(isFinal);
        const counts = made.counted().filter((counted) => counted === index);
        if (isFinal && !rows.includes('dead')) expect(counts).toHaveLength(1);
      }
    }),
    { numRuns: 60 },
  );
}, 60_000);
