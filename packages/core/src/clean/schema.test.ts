import { describe, expect, it } from 'vitest';
import { SluiceError } from '../errors.ts';
import { parseSchema, schemaHash, serializeSchema } from './schema.ts';

const messageOf = (json: unknown): string => {
  try {
    parseSchema(json);
  } catch (thrown) {
    if (thrown instanceof SluiceError && thrown.code === 'SCHEMA_INVALID') return thrown.message;
    throw thrown;
  }
  return 'accepted';
};

describe('parseSchema', () => {
  it('fills in what a schema leaves out', () => {
    expect(parseSchema({ columns: { a: {} } })).toEqual({
      columns: new Map([['a', { type: 'string' }]]),
      ragged: 'reject',
      unknown: 'keep',
    });
    expect(parseSchema({})).toEqual({ columns: new Map(), ragged: 'reject', unknown: 'keep' });
  });

  it('reads every property', () => {
    const json = {
      columns: {
        a: {
          type: 'string',
          required: true,
          maxLength: 5,
          pattern: '\\d+',
          default: '12',
          rename: 'b',
          redact: 'mask',
        },
        b: { type: 'integer', min: -1, max: 1, default: 0, drop: false, clean: true, required: false, rename: 'a' },
        c: { type: 'decimal', min: 0.1, max: '9007199254740993', default: '07.50', clean: false },
        d: { type: 'boolean', default: false },
        e: { type: 'date', format: 'd/M/yyyy', min: '2010-12-01', max: '2011-12-09', default: '2010-12-24' },
        f: { type: 'datetime', format: 'yyyy-MM-dd HH:mm', drop: true },
        g: { type: 'enum', values: ['x', 'y'], default: 'y' },
      },
      ragged: 'pad',
      unknown: 'drop',
    };
    expect(parseSchema(json)).toEqual({
      columns: new Map<string, unknown>([
        [
          'a',
          { type: 'string', required: true, maxLength: 5, pattern: '\\d+', default: '12', rename: 'b', redact: 'mask' },
        ],
        ['b', { type: 'integer', min: -1, max: 1, default: 0, rename: 'a' }],
        ['c', { type: 'decimal', min: '0.1', max: '9007199254740993', default: '7.50', clean: false }],
        ['d', { type: 'boolean', default: false }],
        ['e', { type: 'date', format: 'd/M/yyyy', min: '2010-12-01', max: '2011-12-09', default: '2010-12-24' }],
        ['f', { type: 'datetime', format: 'yyyy-MM-dd HH:mm', drop: true }],
        ['g', { type: 'enum', values: ['x', 'y'], default: 'y' }],
      ]),
      ragged: 'pad',
      unknown: 'drop',
    });
  });

  it('reads columns of any name', () => {
    const names = ['__proto__', 'constructor', 'toString', '2020,2019', '0', 'a"b'];
    const json = JSON.parse(
      `{"columns": {${names.map((name) => `${JSON.stringify(name)}: {"type": "integer"}`).join(',')}}}`,
    );
    const { columns } = parseSchema(json);
    expect(new Set(columns.keys())).toEqual(new Set(names));
    expect(columns.get('__proto__')).toEqual({ type: 'integer' });
  });

  it.each<[unknown, string]>([
    [[], 'schema: expected an object such as {"columns": {...}}, found []'],
    [null, 'schema: expected an object such as {"columns": {...}}, found null'],
    ['x', 'schema: expected an object such as {"columns": {...}}, found "x"'],
    [{ colums: {} }, 'schema: the property "colums" is not known; did you mean "columns"?'],
    [{ columns: {}, strict: true }, 'schema: the property "strict" is not known; known are columns, ragged, unknown'],
    [{ Quantity: { type: 'integer' } }, 'schema: the property "Quantity" is not known; columns belong under "columns"'],
    [
      JSON.parse('{"__proto__": 1}'),
      'schema: the property "__proto__" is not known; known are columns, ragged, unknown',
    ],
    [{ columns: [] }, 'schema: expected "columns" to be an object such as {"id": {"type": "integer"}}, found []'],
    [{ ragged: 'fill' }, 'schema: expected "ragged" to be "reject" or "pad", found "fill"'],
    [{ unknown: true }, 'schema: expected "unknown" to be "keep" or "drop", found true'],
    [{ columns: { ' a ': {} } }, 'schema: column " a " is not a cleaned name; write "a"'],
    [
      { columns: { '': {} } },
      'schema: expected a column name, found an empty one; a column without a name is column_1, column_2, ... by its position',
    ],
    [
      { columns: { a: { rename: 'c' }, b: { rename: 'c' } } },
      'schema: columns "a" and "b" would both come out as "c"; rename or drop one of them',
    ],
    [
      { columns: { a: { rename: 'b' }, b: {} } },
      'schema: columns "a" and "b" would both come out as "b"; rename or drop one of them',
    ],
  ])('refuses %j', (json, message) => {
    expect(messageOf(json)).toBe(message);
  });

  it.each<[unknown, string]>([
    ['integer', 'expected an object such as {"type": "integer"}, found "integer"'],
    [{ type: 'intger' }, 'expected "type" to be one of the known types, found "intger"; did you mean "integer"?'],
    ...(
      [
        ['float', 'decimal'],
        ['Float64', 'decimal'],
        ['double precision', 'decimal'],
        ['INT', 'integer'],
        ['int8', 'integer'],
        ['str', 'string'],
        ['varchar(20)', 'string'],
        ['uuid', 'string'],
        ['bool', 'boolean'],
        ['timestamp', 'datetime'],
        ['timestamp with time zone', 'datetime'],
      ] as const
    ).map(([type, meant]): [unknown, string] => [
      { type },
      `expected "type" to be one of the known types, found "${type}"; did you mean "${meant}"?`,
    ]),
    [
      { type: ['null', 'integer'] },
      'expected "type" to be one of the known types, found ["null","integer"]; write "integer" alone, a column may be empty unless "required" is true',
    ],
    [
      { type: 'constructor' },
      'expected "type" to be one of the known types, found "constructor"; known are string, integer, decimal, boolean, date, datetime, enum',
    ],
    [{ requird: true }, 'the property "requird" is not known; did you mean "required"?'],
    [{ enum: ['a'] }, 'the property "enum" is not known; did you mean "values"?'],
    [{ type: 'integer', minimum: 1 }, 'the property "minimum" is not known; did you mean "min"?'],
    [{ regex: 'a' }, 'the property "regex" is not known; did you mean "pattern"?'],
    [{ 'not-null': true }, 'the property "not-null" is not known; did you mean "required"?'],
    [{ nullable: true }, 'the property "nullable" is not known; a column may be empty unless "required" is true'],
    [{ minLength: 3 }, 'the property "minLength" is not known; write a "pattern" such as ".{3,}"'],
    [{ trim: true }, 'the property "trim" is not known; fields are trimmed unless "clean" is false'],
    [
      { color: 'red' },
      'the property "color" is not known; known are type, required, default, rename, drop, clean, redact, min, max, maxLength, pattern, values, format',
    ],
    [{ required: 'yes' }, 'expected "required" to be true or false, found "yes"'],
    [{ drop: 1 }, 'expected "drop" to be true or false, found 1'],
    [{ clean: null }, 'expected "clean" to be true or false, found null'],
    [{ rename: ' b' }, 'expected "rename" to be a name without spaces at its ends or control characters, found " b"'],
    [{ redact: 'sha' }, 'expected "redact" to be "hash" or "mask", found "sha"'],
    [
      { type: 'boolean', redact: 'hash' },
      '"redact" works with type string, integer, decimal, date, datetime, enum, found type boolean; remove it or change the type',
    ],
    [
      { values: ['a'] },
      '"values" works with type enum, found none, which means string; add "type": "enum", or remove it',
    ],
    [
      { type: 'string', values: ['a'] },
      '"values" works with type enum, found type string; remove it or change the type',
    ],
    [
      { type: 'integer', format: 'yyyy' },
      '"format" works with type date, datetime, found type integer; remove it or change the type',
    ],
    [
      { min: 1 },
      '"min" works with type integer, decimal, date, datetime, found none, which means string; add a type, or remove it',
    ],
    [
      { type: 'integer', maxLength: 3 },
      '"maxLength" works with type string, found type integer; remove it or change the type',
    ],
    [{ maxLength: 0 }, 'expected "maxLength" to be an integer of at least 1, found 0'],
    [{ pattern: 5 }, 'expected "pattern" to be a regular expression in a string, found 5'],
    [
      { pattern: '(' },
      '"pattern" is not a valid regular expression (ECMAScript syntax with the u flag): Unterminated group',
    ],
    [
      { pattern: '(\\d+)+' },
      '"pattern" may take forever on some texts, because it repeats a part that can itself match in several ways; ' +
        'take the quantifiers and alternatives out of the repeated part, or give each repetition a small upper bound such as {1,20}',
    ],
    [{ type: 'enum' }, 'type enum needs "values", a list of the allowed texts such as ["a", "b"]'],
    [{ type: 'enum', values: [] }, 'expected "values" to be a list of different non-empty strings, found []'],
    [
      { type: 'enum', values: 'a, b' },
      'expected "values" to be a list of different non-empty strings, found "a, b"; write ["a","b"]',
    ],
    [{ type: 'enum', values: ['a', 'b', 'a'] }, '"values" has "a" twice; remove one of them'],
    [{ type: 'enum', values: [['a']] }, '"values" has ["a"], which is no text'],
    [{ type: 'enum', values: 'a, a' }, 'expected "values" to be a list of different non-empty strings, found "a, a"'],
    [{ type: 'enum', values: ['a', 1] }, '"values" has 1, which is no text; write "1"'],
    [
      { type: 'enum', values: ['a', ''] },
      '"values" has "", which is no text; remove it, an empty field is a missing value',
    ],
    [
      { type: 'enum', values: [null] },
      '"values" has null, which is no text; remove it, an empty field is a missing value',
    ],
    [
      { type: 'enum', values: ['a '] },
      '"values" has "a ", which no cleaned field equals; write "a", or set "clean": false',
    ],
    [{ type: 'integer', min: '0' }, 'expected "min" to be an integer within +-9007199254740991, found "0"; write 0'],
    [{ type: 'integer', min: 'x' }, 'expected "min" to be an integer within +-9007199254740991, found "x"'],
    [
      { type: 'decimal', min: '1,5' },
      'expected "min" to be a decimal number (beyond +-9007199254740991 as a string of digits), found "1,5"; write "1.5"',
    ],
    [{ maxLength: '5' }, 'expected "maxLength" to be an integer of at least 1, found "5"; write 5'],
    [{ required: 'true' }, 'expected "required" to be true or false, found "true"; write true'],
    [{ type: 'integer', max: 1.5 }, 'expected "max" to be an integer within +-9007199254740991, found 1.5'],
    [{ type: 'integer', min: 2, max: 1 }, '"min" 2 is above "max" 1; no value fits'],
    [{ type: 'decimal', min: '0.11', max: 0.1 }, '"min" "0.11" is above "max" "0.1"; no value fits'],
    [
      { type: 'decimal', max: 1e300 },
      'expected "max" to be a decimal number (beyond +-9007199254740991 as a string of digits), found 1e+300',
    ],
    [
      { type: 'date', min: '01.12.2010', format: 'dd.MM.yyyy' },
      'expected "min" to be a date in ISO form such as "2010-12-01", found "01.12.2010"',
    ],
    [
      { type: 'datetime', max: '2010-12-01' },
      'expected "max" to be a datetime in ISO form such as "2010-12-01T08:26:00", found "2010-12-01"',
    ],
    [
      { type: 'datetime', min: '2010-12-01T01:00:00Z', max: '2010-12-01T01:30:00+01:00' },
      '"min" "2010-12-01T01:00:00Z" is above "max" "2010-12-01T01:30:00+01:00"; no value fits',
    ],
    [
      { type: 'date', format: 'yyyy-mm-dd' },
      '"format" lacks the month (MM, mm is minutes), which a date needs, in "yyyy-mm-dd"',
    ],
    [{ type: 'integer', default: '5' }, 'expected "default" to be a number, found "5"; write 5'],
    [{ type: 'integer', default: 'x' }, 'expected "default" to be a number, found "x"'],
    [{ type: 'boolean', default: 'yes' }, 'expected "default" to be true or false, found "yes"'],
    [{ default: null }, 'expected "default" to be a string, found null'],
    [{ default: ' ' }, '"default" " " is empty once it is cleaned; remove it'],
    [
      { type: 'integer', min: 1, default: 0 },
      '"default" 0 is a value that the column itself rejects: expected at least 1, found a smaller integer',
    ],
    [
      { pattern: '\\d', default: 'x' },
      '"default" "x" is a value that the column itself rejects: expected text that matches the pattern "\\\\d", found text of 1 character',
    ],
    [
      { type: 'date', format: 'd.M.yyyy', default: '1.12.2010' },
      '"default" "1.12.2010" is a value that the column itself rejects: expected a date in the format yyyy-MM-dd, found text of 9 characters',
    ],
    [
      { type: 'enum', values: ['a'], default: 'b' },
      '"default" "b" is a value that the column itself rejects: expected one of "a", found text of 1 character',
    ],
    [{ drop: true, rename: 'b' }, '"drop" leaves the column out, so "rename" has no effect; remove one of them'],
    [{ drop: true, default: 'b' }, '"drop" leaves the column out, so "default" has no effect; remove one of them'],
    [{ drop: true, redact: 'hash' }, '"drop" leaves the column out, so "redact" has no effect; remove one of them'],
  ])('refuses the column %j', (rule, message) => {
    expect(messageOf({ columns: { Quantity: rule } })).toBe(`schema: column "Quantity": ${message}`);
  });

  const nested = (open: string, close: string, depth = 40_000): string => `${open.repeat(depth)}${close.repeat(depth)}`;

  it('refuses what is nested deeper than a stack is, and shows its beginning', () => {
    const shown = '['.repeat(60);
    const deep: unknown = JSON.parse(nested('[', ']'));
    expect(messageOf(deep)).toBe(`schema: expected an object such as {"columns": {...}}, found ${shown}...`);
    for (const rule of [
      { type: deep },
      { type: 'integer', min: deep },
      { type: 'enum', values: deep },
      { default: deep },
    ]) {
      expect(messageOf({ columns: { a: rule } })).toContain(` ${shown}...`);
    }
    const objects: unknown = JSON.parse(`${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`);
    expect(messageOf({ ragged: objects })).toContain(`found ${'{"a":'.repeat(12)}...`);
  });

  it('refuses a type that cannot be made text', () => {
    const type: unknown = JSON.parse('{"toString": 1, "valueOf": 1}');
    expect(messageOf({ columns: { a: { type } } })).toBe(
      'schema: column "a": expected "type" to be one of the known types, found {"toString":1,"valueOf":1}; ' +
        'known are string, integer, decimal, boolean, date, datetime, enum',
    );
  });

  it('refuses patterns and formats that are nested deeper than anybody writes them', () => {
    for (const depth of [101, 900]) {
      const pattern = `${'('.repeat(depth)}a${')'.repeat(depth)}`;
      expect(messageOf({ columns: { a: { pattern } } })).toBe(
        'schema: column "a": "pattern" has groups more than 100 deep; write it with fewer',
      );
    }
    for (const depth of [101, 40_000]) {
      const format = `yyyy-MM-dd${nested('[', ']', depth)}`;
      expect(messageOf({ columns: { a: { type: 'date', format } } })).toBe(
        'schema: column "a": "format" has "[" more than 100 deep; write what may be missing one after the other',
      );
    }
    const pattern = `${'('.repeat(100)}a${')'.repeat(100)}`;
    const format = `yyyy-MM-dd${nested('[', ']', 100)}`;
    expect(messageOf({ columns: { a: { pattern }, b: { type: 'date', format } } })).toBe('accepted');
  });

  it('lets two columns swap their names', () => {
    expect(messageOf({ columns: { a: { rename: 'b' }, b: { rename: 'a' } } })).toBe('accepted');
  });
});

describe('schemaHash', () => {
  it('is the same for schemas that mean the same', () => {
    const schema = parseSchema({ columns: { b: { type: 'decimal', min: '00.5' }, a: {} } });
    const same = parseSchema({
      unknown: 'keep',
      ragged: 'reject',
      columns: { a: { type: 'string', required: false }, b: { min: 0.5, type: 'decimal', clean: true } },
    });
    expect(schemaHash(same)).toBe(schemaHash(schema));
    expect(schemaHash(undefined)).toBe(schemaHash(parseSchema({})));
  });

  it('differs when a rule differs', () => {
    const hashes = [
      {},
      { columns: { a: {} } },
      { columns: { a: { required: true } } },
      { ragged: 'pad' },
      { unknown: 'drop' },
    ].map((json) => schemaHash(parseSchema(json)));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('never changes between versions, because job ids are built on it', () => {
    const schema = parseSchema({ columns: { b: { type: 'integer', min: 0 }, 2: { required: true } }, ragged: 'pad' });
    expect(serializeSchema(schema)).toBe(
      '{"columns":{"2":{"required":true,"type":"string"},"b":{"min":0,"type":"integer"}},"ragged":"pad","unknown":"keep"}',
    );
    expect(schemaHash(schema)).toBe('22477ac18bccfd6a388c941c71e9915d302cd1542e4f621729fe37583c98b91c');
    expect(schemaHash(undefined)).toBe('2808a561cfaa6c3d9928063ae142367337f1337a8dab0dc2f36a2cc96cdd4fbc');
  });
});
