import { describe, expect, it } from 'vitest';
import { SluiceError } from '../errors.ts';
import { compileSchema } from './row-cleaner.ts';
import { parseSchema } from './schema.ts';

const mismatch = (message: string): SluiceError => new SluiceError('SCHEMA_MISMATCH', message);

describe('compileSchema without a schema', () => {
  const { outputColumns, clean } = compileSchema(undefined, ['a', 'b', 'c']);

  it('gives text or null for every column', () => {
    expect(outputColumns).toEqual(['a', 'b', 'c']);
    expect(clean([' 007 ', '', 'x\u00a0y'])).toEqual(['007', null, 'x y']);
  });

  it('rejects rows with fewer or more fields', () => {
    expect(clean(['1', '2'])).toEqual({ code: 'FIELD_COUNT', message: 'expected 3 fields, found 2' });
    expect(clean(['1', '2', '3', ''])).toEqual({ code: 'FIELD_COUNT', message: 'expected 3 fields, found 4' });
    expect(compileSchema(undefined, ['a']).clean([])).toEqual({
      code: 'FIELD_COUNT',
      message: 'expected 1 field, found 0',
    });
  });

  it('gives a new array for every row and leaves the fields as they are', () => {
    const fields = [' a ', 'b', 'c'];
    const first = clean(fields);
    expect(clean(fields)).not.toBe(first);
    expect(fields).toEqual([' a ', 'b', 'c']);
  });
});

describe('compileSchema', () => {
  it('keeps file order, renames and drops', () => {
    const schema = parseSchema({
      columns: { c: { rename: 'first' }, a: { type: 'integer', rename: 'last' }, b: { drop: true } },
    });
    const { outputColumns, clean } = compileSchema(schema, ['a', 'b', 'other', 'c']);
    expect(outputColumns).toEqual(['last', 'other', 'first']);
    expect(clean(['1', 'gone', 'x', 'y'])).toEqual([1, 'x', 'y']);
  });

  it('drops the columns that the schema does not name when told so', () => {
    const schema = parseSchema({ columns: { b: {} }, unknown: 'drop' });
    const { outputColumns, clean } = compileSchema(schema, ['a', 'b', 'c']);
    expect(outputColumns).toEqual(['b']);
    expect(clean(['1', '2', '3'])).toEqual(['2']);
  });

  it('checks dropped columns too', () => {
    const schema = parseSchema({ columns: { a: { required: true, drop: true } } });
    expect(compileSchema(schema, ['a', 'b']).clean(['', 'x'])).toEqual({
      code: 'REQUIRED',
      message: 'expected a value, found none',
      column: 'a',
    });
  });

  it('names the first failing column in file order, by its name in the file', () => {
    const schema = parseSchema({ columns: { a: { required: true }, b: { type: 'integer', rename: 'z' } } });
    expect(compileSchema(schema, ['b', 'a']).clean(['x', ''])).toMatchObject({ code: 'NOT_INTEGER', column: 'b' });
    expect(compileSchema(schema, ['a', 'b']).clean(['', 'x'])).toMatchObject({ code: 'REQUIRED', column: 'a' });
  });

  it('pads short rows with missing values', () => {
    const schema = parseSchema({ columns: { c: { type: 'integer', default: 5 } }, ragged: 'pad' });
    expect(compileSchema(schema, ['a', 'b', 'c']).clean(['x'])).toEqual(['x', null, 5]);
  });

  it('rejects a padded row that misses a required column', () => {
    const schema = parseSchema({ columns: { b: { required: true } }, ragged: 'pad' });
    expect(compileSchema(schema, ['a', 'b']).clean(['x'])).toEqual({
      code: 'REQUIRED',
      message: 'expected a value, found none',
      column: 'b',
    });
  });

  it('accepts a surplus of empty fields when padding, and no other', () => {
    const { clean } = compileSchema(parseSchema({ ragged: 'pad' }), ['a']);
    expect(clean(['x', '', ' \u200b'])).toEqual(['x']);
    expect(clean(['x', '', 'y'])).toEqual({ code: 'FIELD_COUNT', message: 'expected 1 field, found 3' });
  });

  it('ignores columns that the file lacks when nothing demands them', () => {
    const schema = parseSchema({ columns: { a: {}, b: { required: true, default: 'x' }, c: { type: 'integer' } } });
    expect(compileSchema(schema, ['a']).clean(['1'])).toEqual(['1']);
  });

  it('refuses a file that lacks a required column', () => {
    const schema = parseSchema({ columns: { CustomerID: { required: true }, Quantity: { type: 'integer' } } });
    expect(() => compileSchema(schema, ['customer_id', 'Quantity'])).toThrow(
      mismatch(
        'expected the required column "CustomerID" (the file has "customer_id"), found 2 columns without it; correct the file or the schema, or give the column a default',
      ),
    );
  });

  it('lists five missing columns and counts the others', () => {
    const columns = Object.fromEntries(['p', 'q', 'r', 's', 't', 'u', 'v'].map((name) => [name, { required: true }]));
    expect(() => compileSchema(parseSchema({ columns }), ['something else'])).toThrow(
      mismatch(
        'expected the required columns "p", "q", "r", "s", "t" and 2 more, found 1 column without them; correct the file or the schema, or give the column a default',
      ),
    );
  });

  it('refuses a file with a column that has the new name of another one', () => {
    const schema = parseSchema({ columns: { a: { rename: 'b' } } });
    expect(() => compileSchema(schema, ['a', 'b'])).toThrow(
      mismatch(
        'expected distinct column names, found that the file\'s columns "a" and "b" would both come out as "b"; rename or drop one of them in the schema',
      ),
    );
    expect(compileSchema({ ...schema, unknown: 'drop' }, ['a', 'b']).outputColumns).toEqual(['b']);
  });

  it('treats no column name specially', () => {
    const names = ['__proto__', 'constructor', 'hasOwnProperty', '2020,2019', '0', ''];
    const schema = parseSchema(
      JSON.parse('{"columns": {"__proto__": {"type": "integer"}, "constructor": {"required": true}}}'),
    );
    const { outputColumns, clean } = compileSchema(schema, names);
    expect(outputColumns).toEqual(names);
    expect(clean(['1', 'x', 'y', 'z', '2', '3'])).toEqual([1, 'x', 'y', 'z', '2', '3']);
    expect(clean(['x', 'x', 'y', 'z', '2', '3'])).toMatchObject({ code: 'NOT_INTEGER', column: '__proto__' });
    expect(() => compileSchema(schema, ['a'])).toThrow(/required column "constructor", found/);
  });
});
