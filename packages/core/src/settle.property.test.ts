import type { SQSRecord } from 'aws-lambda';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SluiceError } from './errors.ts';
import { createLogger } from './logger.ts';
import type { DeadMark } from './ports/job-store.ts';
import { createScriptedQueue, refuse } from './scripted-queue.ts';
import { type Delivery, type Fate, type Settlement, settle } from './settle.ts';
import { createVirtualClock } from './virtual-clock.ts';

const maxReceiveCount = 4;
const retryDelaysSeconds = [5, 30, 120];
const outageDelaysSeconds = [600, 3_600, 21_600];

type Message = { readonly pack: number };
type Item = { readonly pack: number; readonly row: number };

/** The rows of a message that was sent again: `pack/row/tried`, and with a plus between them when there are several. */
const bodyOf = (items: readonly Item[], tried: number): string =>
  items.map(({ pack, row }) => `${pack}/${row}/${tried}`).join('+');
const rowsIn = (body: string): string[] => body.split('+').map((row) => row.split('/').slice(0, 2).join('/'));

const settlement = (isPacked: boolean): Settlement<Message, Item> => ({
  stage: 'process-rows',
  maxReceiveCount,
  ...(isPacked ? { single: (_: Message, item: Item, tried: number) => bodyOf([item], tried) } : {}),
  ...(isPacked ? { pack: (_: Message, items: readonly Item[], tried: number) => bodyOf(items, tried) } : {}),
  tried: () => 0,
  place: (_, { pack, row }) => ({ jobId: 'job', chunk: pack, row }),
  jobOf: () => 'job',
  rowsOf: () => 1,
});

const fate: fc.Arbitrary<Fate> = fc.oneof(
  fc.constant<Fate>({ kind: 'done' }),
  fc
    .constantFrom('permanent' as const, 'transient' as const, 'untried' as const, 'later' as const)
    .map((kind): Fate => ({ kind, code: 'UNKNOWN', message: 'expected success, found none' })),
);

const delivery = fc.record({
  receives: fc.integer({ min: 1, max: maxReceiveCount }),
  fates: fc.option(fc.array(fate, { minLength: 1, maxLength: 5 }), { nil: undefined, freq: 8 }),
});

const scenario = fc.record({
  given: fc.array(delivery, { minLength: 1, maxLength: 12 }),
  isPacked: fc.boolean(),
  isOutage: fc.boolean(),
  /** Seconds since the first delivery. */
  age: fc.constantFrom(0, 599, 600, 30_000),
  refused: fc.array(fc.nat({ max: 20 }), { maxLength: 3 }),
  hasMarks: fc.boolean(),
  hasVisibility: fc.boolean(),
  draw: fc.double({ min: 0, max: 0.999, noNaN: true }),
});

describe('settle', () => {
  it('deletes no message whose rows are not all safe elsewhere, in the order of the batch', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ given, isPacked, isOutage, age, refused, hasMarks, hasVisibility, draw }) => {
        const batch = given.map(({ receives, fates }, pack): Delivery<Message, Item> => {
          const items = (fates ?? []).map((_, row) => ({ pack, row }));
          const message = fates === undefined ? undefined : { pack };
          const attributes = { ApproximateFirstReceiveTimestamp: String(-age * 1_000) };
          const record = { receiptHandle: `handle ${pack}`, body: '', attributes } as SQSRecord;
          return { record, receives, message, items, fates: [...(fates ?? [])] };
        });
        const queue = createScriptedQueue(
          (entries) => refuse(refused.map(String), entries),
          (entries) => {
            if (!hasVisibility) throw new Error('socket hang up');
            return refuse([], entries);
          },
        );
        const marks = new Set<string>();
        const jobs = {
          async putMarks(written: readonly DeadMark[]) {
            if (!hasMarks) throw new SluiceError('THROTTLED', 'expected the marks taken, found the table throttled');
            const places = written.map(({ chunk, row }) => `${chunk}/${row}`);
            expect(new Set(places).size).toBe(places.length);
            for (const place of places) marks.add(place);
          },
        };
        const clock = createVirtualClock();
        const ports = { clock, random: () => draw, logger: createLogger('test', 'SILENT'), queue, jobs };
        const pause = { retryDelaysSeconds, outageDelaysSeconds, isOutage };
        const { settled } = await clock.run(settle(batch, settlement(isPacked), ports, pause));

        expect(settled).toHaveLength(batch.length);
        const again = new Set(queue.bodies.flatMap(rowsIn));
        batch.forEach(({ receives, message, fates, record }, pack) => {
          const isDeleted = settled[pack]?.status === 'fulfilled';
          const isSafe = (kind: string, row: number): boolean =>
            kind === 'done' || (kind === 'permanent' && marks.has(`${pack}/${row}`)) || again.has(`${pack}/${row}`);
          // Deleted exactly when nothing of it would be lost.
          expect(isDeleted).toBe(message !== undefined && fates.every(({ kind }, row) => isSafe(kind, row)));
          // Nobody vanishes into the dead-letter queue without a mark, unless marks cannot be written.
          if (!isDeleted && receives === maxReceiveCount && message !== undefined && hasMarks) {
            fates.forEach(({ kind }, row) => {
              expect(marks.has(`${pack}/${row}`)).toBe(kind !== 'done');
            });
          }
          const delayed = queue.visibilities
            .flat()
            .filter(({ receiptHandle }) => receiptHandle === record.receiptHandle);
          if (hasVisibility) expect(delayed).toHaveLength(isDeleted ? 0 : 1);
          const delays = isOutage ? outageDelaysSeconds : retryDelaysSeconds;
          const seconds = delays[Math.min(receives, 3) - 1] ?? 0;
          for (const { timeoutSeconds } of delayed) {
            expect(timeoutSeconds).toBeGreaterThanOrEqual(seconds * (isOutage ? 1 : 0.75));
            expect(timeoutSeconds).toBeLessThanOrEqual(seconds * 1.25);
          }
        });
        // No row is sent again twice, and none that need not be: a pack only in an outage.
        const sentOnce = queue.bodies.flatMap(rowsIn);
        expect(new Set(sentOnce).size).toBe(sentOnce.length);
        if (!isOutage) expect(queue.bodies.filter((body) => body.includes('+'))).toEqual([]);
        for (const place of again) {
          const [pack, row] = place.split('/').map(Number);
          const fates = batch[pack ?? -1]?.fates ?? [];
          const kinds = isOutage ? ['transient', 'untried', 'later'] : ['transient', 'untried'];
          expect(kinds).toContain(fates[row ?? -1]?.kind);
          // On its own a row is sent again only on the delivery that would be its last, and young.
          if (fates.length === 1) {
            expect([isOutage, batch[pack ?? -1]?.receives, age < 600]).toEqual([true, maxReceiveCount, true]);
          }
        }
      }),
    );
  });
});
