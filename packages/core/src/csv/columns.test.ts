import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanField } from '../clean/field.ts';
import { nameColumns, numberColumns } from './columns.ts';

const name = (...header: string[]): readonly string[] => nameColumns(header, cleanField);

describe('nameColumns', () => {
  it('cleans names like fields and keeps them as in the file otherwise', () => {
    expect(name('\ufeff Order  No ', 'ÄÖ', 'a.b/c')).toEqual(['Order No', 'ÄÖ', 'a.b/c']);
  });

  it('names an empty column by its position', () => {
    expect(name('a', '', ' ', 'b')).toEqual(['a', 'column_2', 'column_3', 'b']);
  });

  it('numbers a repeated name with the next free number', () => {
    expect(name('a', 'a', 'b', 'a')).toEqual(['a', 'a_2', 'b', 'a_3']);
    expect(name('a', 'a', 'a_2', 'a_2')).toEqual(['a', 'a_3', 'a_2', 'a_2_2']);
  });

  it('leaves a name to the column that bears it in the header', () => {
    expect(name('', 'column_1', '', 'column_3')).toEqual(['column_1_2', 'column_1', 'column_3_2', 'column_3']);
  });

  it('survives names that are special to plain objects', () => {
    expect(name('__proto__', 'constructor', '2020', '2019', '__proto__')).toEqual([
      '__proto__',
      'constructor',
      '2020',
      '2019',
      '__proto___2',
    ]);
  });

  it('gives unique names, and those that stand once in the header as they are', () => {
    const field = fc.constantFrom(
      'a',
      'a_2',
      'a_3',
      'a_2_2',
      'b',
      '',
      ' ',
      'column_1',
      'column_2',
      'column_1_2',
      '__proto__',
    );
    fc.assert(
      fc.property(fc.array(field, { maxLength: 12 }), (header) => {
        const names = name(...header);
        expect(new Set(names).size).toBe(header.length);
        for (const [index, text] of header.entries()) {
          if (text.trim() !== '' && header.indexOf(text) === index) expect(names[index]).toBe(text);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('numberColumns', () => {
  it('counts from 1', () => {
    expect(numberColumns(3)).toEqual(['column_1', 'column_2', 'column_3']);
  });
});
