import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withWriteUnits } from './changes.ts';
import type { Outlook } from './create-plan.ts';
import { createOutlook, createPlan } from './create-plan.ts';
import { awsWiring, changePipeline, fileOf, settingsOf } from './plan-fixtures.ts';

const finishedSeconds = ({ flow }: Outlook): number => flow.stages.get('finish-rows')?.endsAtSeconds ?? Number.NaN;

/** From one to `most`, small ones as often as large ones. */
const magnitude = (most: number) =>
  fc.double({ min: 0, max: Math.log(most), noNaN: true }).map((log) => Math.round(Math.exp(log)));

const filesOf = (rowsMost: number) =>
  fc
    .record({
      rows: magnitude(rowsMost),
      rowBytes: magnitude(190 * 1024),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ rows, rowBytes, share }) =>
      fileOf(rows, { bytes: rows * rowBytes, columns: Math.max(1, Math.min(20, rowBytes >> 2)), acceptedShare: share }),
    );

const numbersIn = (value: unknown): number[] => {
  if (typeof value === 'number') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(numbersIn);
};

describe('a plan', () => {
  it('holds nothing but finite numbers that are not below zero', () => {
    fc.assert(
      fc.property(filesOf(1e10), fc.constantFrom(0, 1, 50), magnitude(60_000), (file, rowsPerMessage, wait) => {
        const wiring = changePipeline(awsWiring, { rowsPerMessage });
        const { stages, cost, seconds, dollars } = createOutlook(
          file,
          settingsOf({ wiring, processorWaitMilliseconds: wait }),
        );
        for (const number of numbersIn({ stages, cost, seconds, dollars })) {
          expect(number).toBeGreaterThanOrEqual(0);
          expect(Number.isFinite(number)).toBe(true);
        }
        for (const { startsAtSeconds, endsAtSeconds } of stages) {
          expect(endsAtSeconds).toBeGreaterThanOrEqual(startsAtSeconds);
          expect(endsAtSeconds).toBeLessThanOrEqual(seconds + 1e-6);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('has as whole a text as its numbers are', () => {
    fc.assert(
      // A plan tries some twenty settings, each of which follows the audits for as many days as the rows take.
      fc.property(filesOf(1e9), (file) => {
        const text = JSON.stringify(createPlan(file, settingsOf()));
        expect(text).not.toMatch(/null|NaN|Infinity/);
      }),
      { numRuns: 8 },
    );
  });

  it('is never slower with more units, warm and budgeted for', () => {
    fc.assert(
      fc.property(
        magnitude(1e9),
        magnitude(5_000),
        fc.integer({ min: 1_000, max: 20_000 }),
        fc.integer({ min: 2, max: 5 }),
        (rows, rowBytes, units, times) => {
          const file = fileOf(rows, { bytes: rows * rowBytes, columns: 1 });
          const secondsAt = (tableUnitsPerSecond: number): number =>
            finishedSeconds(
              createOutlook(
                file,
                settingsOf({ tableUnitsPerSecond, wiring: withWriteUnits(awsWiring, tableUnitsPerSecond) }),
              ),
            );
          expect(secondsAt(units * times)).toBeLessThanOrEqual(secondsAt(units) * 1.02 + 1);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is never cheaper, nor sooner through, for several times the rows', () => {
    fc.assert(
      fc.property(magnitude(1e9), magnitude(5_000), fc.integer({ min: 2, max: 10 }), (rows, rowBytes, times) => {
        const outlookOf = (count: number): Outlook =>
          createOutlook(fileOf(count, { bytes: count * rowBytes, columns: 1 }), settingsOf());
        const [one, several] = [outlookOf(rows), outlookOf(rows * times)];
        expect(several.dollars).toBeGreaterThan(one.dollars);
        expect(finishedSeconds(several)).toBeGreaterThanOrEqual(finishedSeconds(one) - 1e-3);
      }),
      { numRuns: 40 },
    );
  });
});
