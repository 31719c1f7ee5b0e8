import { isUtf8 } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dirtyBytes } from './dirty-bytes.ts';
import { parseRecords, splitQuoted } from './parse.ts';
import { readRecords } from './scan-oracle.ts';

const delimiter = fc.constantFrom(',', ';', '\t', '|', 'b');

describe('splitQuoted', () => {
  it('gives the fields that csv-parse gives, or none', () => {
    let split = 0;
    let left = 0;
    fc.assert(
      fc.property(dirtyBytes(20), delimiter, (bytes, character) => {
        for (const { kind, start, end, next } of readRecords(bytes, character.charCodeAt(0), 1_000)) {
          if (kind !== 'row' || !isUtf8(bytes.subarray(start, end))) continue;
          const fields = splitQuoted(bytes.toString('utf8', start, end), character);
          if (fields === undefined) left += 1;
          else if (bytes.subarray(start, end).includes('"')) split += 1;
          if (fields !== undefined) expect([fields]).toEqual(parseRecords(bytes.subarray(start, next), character));
        }
      }),
      { numRuns: 6_000 },
    );
    expect(Math.min(split, left)).toBeGreaterThan(200);
  });

  it('leaves nothing to csv-parse that is written as RFC 4180 has it', () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', '€', ' ') });
    const written = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    fc.assert(
      fc.property(fc.array(field, { minLength: 1 }), (fields) => {
        expect(splitQuoted(fields.map(written).join(','), ',')).toEqual(fields);
      }),
    );
  });
});

describe('a row without quotes', () => {
  it('has the fields between its delimiters, as csv-parse gives them', () => {
    const unquoted = dirtyBytes().map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0x22)));
    fc.assert(
      fc.property(unquoted, delimiter, (bytes, character) => {
        fc.pre(isUtf8(bytes));
        const rows = readRecords(bytes, character.charCodeAt(0), 1_000).filter(({ kind }) => kind === 'row');
        const fields = rows.map(({ start, end }) => bytes.toString('utf8', start, end).split(character));
        expect(fields).toEqual(parseRecords(bytes, character));
      }),
      { numRuns: 6_000, maxSkipsPerRun: 1_000 },
    );
  });
});
