import { SluiceError } from '../errors.ts';
import { drawMarker, drawText, textOfUnits, unitsOf } from '../fuzz/dirty-text.ts';
import { drawColumn } from '../fuzz/draw-rule.ts';
import type { Random } from '../fuzz/random.ts';
import { attempt, type FuzzTarget, hold, holdNoContent, holdOneLine, holdSame } from '../fuzz/target.ts';
import { rejectCodes } from '../rejects.ts';
import { compileColumn, type Value } from './column.ts';
import { type NaiveResult, readColumnNaively } from './column-oracle.ts';
import { naiveClean } from './field-oracle.ts';
import { compileSchema } from './row-cleaner.ts';
import { parseSchema, type Schema } from './schema.ts';

/** Stands between the fields of an input; no field holds it. */
const fieldEnd = '\ue000';

const drawField = (random: Random, draw: () => string, marker: string): string => {
  const text = random.pick([draw, draw, draw, draw, () => drawText(random, 6), () => ''])();
  const dirty = random.oneIn(6)
    ? `${random.pick([' ', '\ufeff', '\0', '\u00a0'])}${text}${random.pick([' ', '\t', '\u200b'])}`
    : text;
  const marked = random.oneIn(6) ? `${dirty}${marker}` : dirty;
  const long = random.oneIn(40) ? marked.repeat(random.between(1, 400)) : marked;
  return long.replaceAll(fieldEnd, '');
};

/** Cleans a row by the oracles: the first failing column in file order names the code. */
const cleanNaively = (
  schema: Schema,
  columns: readonly string[],
  fields: readonly string[],
): { readonly values: Value[] } | { readonly code: string; readonly column?: string } => {
  const surplus = fields.slice(columns.length);
  const isPadded = schema.ragged === 'pad' && surplus.every((text) => naiveClean(text) === null);
  if (fields.length !== columns.length && !isPadded) return { code: 'FIELD_COUNT' };
  const values: Value[] = [];
  for (const [index, column] of columns.entries()) {
    const rule = schema.columns.get(column);
    const field = fields[index] ?? '';
    if (rule === undefined && schema.unknown === 'drop') continue;
    const result: NaiveResult = rule === undefined ? { value: naiveClean(field) } : readColumnNaively(rule, field);
    if ('code' in result) return { code: result.code, column };
    if (rule?.drop !== true) values.push(result.value);
  }
  return { values };
};

/** A value that came out is a value that goes in: dates in their default format, and nothing redacted. */
const holdReadAgain = (
  schema: Schema,
  columns: readonly string[],
  outputs: readonly string[],
  values: readonly Value[],
) => {
  for (const [index, output] of outputs.entries()) {
    const column = columns.find((name) => (schema.columns.get(name)?.rename ?? name) === output) ?? '';
    const rule = schema.columns.get(column);
    const value = values[index] ?? null;
    if (rule === undefined || value === null || rule.redact !== undefined) continue;
    const { format: _format, ...again } = { format: undefined, ...rule };
    holdSame('a value that came out is read as itself', compileColumn(column, again)(String(value)), value);
  }
};

export const target: FuzzTarget = {
  name: 'row-cleaner',
  weight: 35,
  unitBytes: 2,
  outcomes: ['cleaned', 'SCHEMA_INVALID', ...rejectCodes.slice(4)],
  draw(random) {
    const marker = drawMarker(random);
    const drawn = random.list(1, 4, () => drawColumn(random));
    const columns = drawn.map((_, index) => `c${index}`);
    const ruled = drawn.map(({ json }, index): [string, unknown] => [`c${index}`, json]);
    const json = {
      columns: Object.fromEntries(ruled.filter(() => !random.oneIn(10))),
      ragged: random.pick(['reject', 'pad']),
      unknown: random.pick(['keep', 'drop']),
    };
    const fields = drawn.map(({ draw }) => drawField(random, draw, marker));
    if (random.oneIn(12)) fields.pop();
    if (random.oneIn(12)) fields.push(random.pick(['', ' ', 'x', '\ufeff']));
    return {
      kind: drawn.length === 1 ? 'one column' : 'several columns',
      input: unitsOf(fields.join(fieldEnd)),
      options: { json, marker },
      check(input, note) {
        const schema = attempt('parseSchema throws SluiceErrors only', () => parseSchema(json));
        if (schema instanceof SluiceError) {
          hold('a refused schema is invalid', schema.code === 'SCHEMA_INVALID', () => schema.code);
          return note(schema.code);
        }
        const row = textOfUnits(input).split(fieldEnd);
        const cleaner = compileSchema(schema, columns);
        const found = cleaner.clean(row);
        const expected = cleanNaively(schema, columns, row);
        if (Array.isArray(found)) {
          holdSame('cleans as the oracle does', { values: found }, expected);
          holdReadAgain(schema, columns, cleaner.outputColumns, found);
          return note('cleaned');
        }
        const { code, column, message } = found;
        const place = column === undefined ? { code } : { code, column };
        holdSame('rejects as the oracle does', place, expected);
        hold('a reason has a known code', rejectCodes.includes(code), () => code);
        holdOneLine('a reason is one line', message);
        holdNoContent('a reason says nothing of the content', message, marker);
        note(code);
      },
    };
  },
};
