import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanField } from './field.ts';

// The White_Space property of Unicode 16 (PropList.txt) written out, and the three that count as white space here.
const spaces = new Set([
  0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006,
  0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0x200b, 0x2060, 0xfeff,
]);
const isDropped = (unit: number): boolean =>
  !spaces.has(unit) && (unit <= 0x1f || (unit >= 0x7f && unit <= 0x9f) || unit === 0xfffe || unit === 0xffff);

const naiveClean = (text: string): string | null => {
  let kept = '';
  for (let index = 0; index < text.length; index += 1) {
    if (!isDropped(text.charCodeAt(index))) kept += text[index];
  }
  let joined = '';
  let pendingSpace = false;
  for (const character of kept) {
    if (spaces.has(character.codePointAt(0) ?? -1)) pendingSpace = true;
    else {
      if (pendingSpace && joined !== '') joined += ' ';
      pendingSpace = false;
      joined += character;
    }
  }
  const composed = joined.normalize('NFC');
  return composed === '' ? null : composed;
};

const awkward = fc.constantFrom(
  ...spaces,
  0x00,
  0x08,
  0x0e,
  0x1f,
  0x7f,
  0x84,
  0x86,
  0x9f,
  0xa1,
  0xad,
  0x2ff,
  0x300,
  0x301,
  0x308,
  0x327,
  0x200c,
  0x200d,
  0x2126,
  0x212b,
  0x1100,
  0x1161,
  0x11a8,
  0xac00,
  0xd83d,
  0xde00,
  0xfffd,
  0xfffe,
  0xffff,
  0x61,
  0x65,
  0xe9,
  0xfc,
  0x4eac,
);
const anyUnit = fc.oneof(
  { weight: 3, arbitrary: awkward },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }) },
);
const anyText = fc.array(anyUnit, { maxLength: 40 }).map((units) => String.fromCharCode(...units));

describe('cleanField', () => {
  it('equals cleaning code point by code point', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.string({ unit: 'binary' }), fc.string()), (text) => {
        expect(cleanField(text)).toBe(naiveClean(text));
      }),
      { numRuns: 5_000 },
    );
  });

  it('equals the naive cleaning on every single code unit, alone and between letters', () => {
    for (let unit = 0; unit <= 0xffff; unit += 1) {
      const character = String.fromCharCode(unit);
      if (cleanField(character) !== naiveClean(character)) expect.fail(`differs on unit ${unit.toString(16)}`);
      const between = `e${character}z`;
      if (cleanField(between) !== naiveClean(between))
        expect.fail(`differs on unit ${unit.toString(16)} between letters`);
    }
  });

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const once = cleanField(text);
        if (once !== null) expect(cleanField(once)).toBe(once);
      }),
      { numRuns: 5_000 },
    );
  });
});
