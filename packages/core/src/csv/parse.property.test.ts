import { isUtf8 } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dirtyBytes } from './dirty-bytes.ts';
import { parseRecords, splitRecords } from './parse.ts';

describe('splitRecords', () => {
  it('gives the fields that csv-parse gives, where no quote is', () => {
    const unquoted = dirtyBytes().map((bytes) => bytes.filter((byte) => byte !== 0x22));
    const delimiter = fc.constantFrom(',', ';', '\t', '|', 'b');
    fc.assert(
      fc.property(unquoted, delimiter, (bytes, character) => {
        const text = Buffer.from(bytes);
        fc.pre(isUtf8(text));
        expect(splitRecords(text, character)).toEqual(parseRecords(text, character));
      }),
      { numRuns: 6_000, maxSkipsPerRun: 1_000 },
    );
  });
});
