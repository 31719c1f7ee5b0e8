import { compileSchema } from '@sluice/core/clean/row-cleaner';
import { describe, expect, it } from 'vitest';
import { readPart } from './sample-parts.ts';

const cleaner = compileSchema(undefined, ['a', 'b']);
const rows = 'x,y\n'.repeat(400);

describe('a part of a file', () => {
  it('begins with the first row that begins in it', () => {
    const part = readPart(Buffer.from(`est of a row\n${rows}`), ',', cleaner);
    expect(part).toMatchObject({ chunk: { start: 13 }, cleaned: { misread: 0 } });
    expect(part?.cleaned.accepted).toBe(part?.cleaned.rows);
    // Half of it is looked at.
    expect(part?.chunk.rows).toBeGreaterThan(195);
    expect(part?.chunk.rows).toBeLessThan(206);
  });

  it('does not take a line inside quotes for a row', () => {
    const head = 'text\nof a\nlong, quoted field",z\n';
    expect(readPart(Buffer.from(`${head}${rows}`), ',', cleaner)).toMatchObject({
      chunk: { start: head.length },
      cleaned: { misread: 0 },
    });
  });

  it('of rows that are all of the wrong form is still read', () => {
    const part = readPart(Buffer.from('1\n'.repeat(1_000)), ',', cleaner);
    expect(part?.cleaned).toMatchObject({ accepted: 0 });
    expect(part?.cleaned.misread).toBe(part?.cleaned.rows);
  });

  it('is none without a row that ends in it', () => {
    expect(readPart(Buffer.from('x'.repeat(100)), ',', cleaner)).toBeUndefined();
    expect(readPart(Buffer.from(`x\n${'y'.repeat(100)}`), ',', cleaner)).toBeUndefined();
  });
});
