import { parseRecords } from '@sluice/core/csv/parse';
import type { Value } from '@sluice/core/messages';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createCsvLines } from './csv-lines.ts';

/** Pieces of which hostile fields are made. */
const piece = fc.constantFrom(
  '=',
  '+',
  '-',
  '@',
  '\t',
  '\r',
  '\n',
  '"',
  '""',
  ',',
  ';',
  "'",
  '1',
  '.',
  'a',
  ' ',
  '\u2028',
  '\u001b[0m',
  'é',
  '😀',
);
const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
const value: fc.Arbitrary<Value> = fc.oneof(text, fc.string(), fc.constant(null), fc.boolean(), fc.maxSafeInteger());

const isFormula = (field: string): boolean => /^[=+\-@\t\r\n\0]/.test(field) && !/^[+-][0-9]+([.][0-9]+)?$/.test(field);
/** What another reader should find. */
const expected = (of: Value): string => {
  const field = of === null ? '' : String(of);
  return isFormula(field) ? `'${field}` : field;
};

it('gives back every field and name as it was, but for the apostrophe before a formula', () => {
  const table = fc.integer({ min: 1, max: 5 }).chain((width) =>
    fc.tuple(
      fc.uniqueArray(
        text.filter((name) => name !== ''),
        { minLength: width, maxLength: width },
      ),
      fc.array(fc.array(value, { minLength: width, maxLength: width }), { maxLength: 5 }),
    ),
  );
  fc.assert(
    fc.property(table, ([columns, rows]) => {
      const { header, toLine } = createCsvLines(columns);
      const lines = rows.map((values, index) =>
        toLine({ row: index + 1, line: index + 2, status: 'DONE', data: JSON.stringify(values) }, undefined),
      );
      const [names = [], ...records] = parseRecords(Buffer.from(header + lines.join('')), ',');
      expect(new Set(names).size).toBe(columns.length + 6);
      expect(names.some(isFormula)).toBe(false);
      expect(records).toEqual(
        rows.map((values, index) => [`${index + 1}`, `${index + 2}`, 'DONE', ...values.map(expected), '', '', '']),
      );
    }),
    { numRuns: 500 },
  );
});
