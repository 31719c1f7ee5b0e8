import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPacker, packAll, packBytesMax } from './pack.ts';

const row = fc
  .tuple(fc.constantFrom('x', 'é', '€', '😀', '"\\'), fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 20_000 })))
  .map(([character, length]) => JSON.stringify(character.repeat(length)));
const rows = fc.array(row, { maxLength: 40 });
const envelope = fc
  .nat({ max: 3_000 })
  .map((length) => ({ head: `{"pad":"${'é'.repeat(length)}","rows":[`, tail: ']}' }));
const rowsMax = fc.option(fc.integer({ min: 1, max: 7 }), { nil: undefined });

const rowsOf = (body: string): string[] => (JSON.parse(body) as { rows: unknown[] }).rows.map((v) => JSON.stringify(v));

describe('packs', () => {
  it('hold every row once and in order, within the bytes and the count', () => {
    fc.assert(
      fc.property(rows, envelope, rowsMax, (given, around, max) => {
        const packed = packAll(around, given, max);
        expect(packed.flatMap(({ body }) => rowsOf(body))).toEqual(given);
        for (const { body, rows: count } of packed) {
          expect(rowsOf(body)).toHaveLength(count);
          expect(count).toBeGreaterThan(0);
          expect(count).toBeLessThanOrEqual(max ?? Number.POSITIVE_INFINITY);
          if (count > 1) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(packBytesMax);
        }
      }),
    );
  });

  it('are as full as they can be: the next row would not have fitted', () => {
    fc.assert(
      fc.property(rows, envelope, (given, around) => {
        const packed = packAll(around, given);
        packed.slice(1).forEach(({ body }, index) => {
          const before = packed[index]?.body ?? '';
          // The separator of a first row counts too.
          const together = Buffer.byteLength(before) + Buffer.byteLength(rowsOf(body)[0] ?? '') + 2;
          expect(together).toBeGreaterThan(packBytesMax);
        });
      }),
    );
  });

  it('come out one by one as they come out at once', () => {
    fc.assert(
      fc.property(rows, envelope, rowsMax, (given, around, max) => {
        const packer = createPacker(around, max);
        const bodies: string[] = [];
        given.forEach((text, index) => {
          packer.add(text);
          bodies.push(...packer.bodies.splice(0));
          expect(bodies.flatMap(rowsOf).length + packer.waiting).toBe(index + 1);
        });
        packer.flush();
        bodies.push(...packer.bodies);
        expect(packer.waiting).toBe(0);
        expect(bodies).toEqual(packAll(around, given, max).map(({ body }) => body));
      }),
    );
  });
});
