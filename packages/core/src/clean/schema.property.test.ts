import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanField } from './field.ts';
import { compileSchema } from './row-cleaner.ts';
import { parseSchema, schemaHash, serializeSchema } from './schema.ts';

const shared = { required: fc.boolean(), clean: fc.boolean() };
const optional = { requiredKeys: ['type'] as ['type'] };
const bounds = fc.tuple(fc.integer({ min: -50, max: 50 }), fc.nat({ max: 50 }));

const columnRule = fc.oneof(
  fc.record(
    {
      type: fc.constant('string'),
      ...shared,
      maxLength: fc.integer({ min: 1, max: 20 }),
      pattern: fc.constant('[a-z]{1,5}'),
      redact: fc.constantFrom('hash', 'mask'),
    },
    optional,
  ),
  bounds.chain(([min, more]) =>
    fc.record(
      {
        type: fc.constantFrom('integer', 'decimal'),
        ...shared,
        min: fc.constant(min),
        max: fc.constant(min + more),
        default: fc.constant(min),
      },
      optional,
    ),
  ),
  fc.record({ type: fc.constant('boolean'), ...shared, default: fc.boolean() }, optional),
  fc.record(
    { type: fc.constant('date'), ...shared, min: fc.constant('2010-12-01'), format: fc.constant('d.M.yyyy') },
    optional,
  ),
  fc.record({ type: fc.constant('datetime'), ...shared, max: fc.constant('2010-12-01T00:00:00Z') }, optional),
  fc.record({ type: fc.constant('enum'), ...shared, values: fc.constant(['a', 'b']) }),
);
const columnName = fc
  .oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', '1', '0', 'a', 'b'))
  .map((name) => cleanField(name) ?? 'empty');
const schemaJson = fc
  .record({
    columns: fc.uniqueArray(fc.tuple(columnName, columnRule), { selector: ([name]) => name, maxLength: 6 }),
    ragged: fc.constantFrom('reject', 'pad'),
    unknown: fc.constantFrom('keep', 'drop'),
  })
  .map(({ columns, ...rest }) => ({ entries: columns, rest }));

const toJson = (entries: readonly (readonly [string, unknown])[], rest: object): unknown => ({
  ...rest,
  columns: Object.fromEntries(entries),
});

describe('serializeSchema', () => {
  it('is read back as an equal schema', () => {
    fc.assert(
      fc.property(schemaJson, ({ entries, rest }) => {
        const schema = parseSchema(toJson(entries, rest));
        expect(schema.columns.size).toBe(entries.length);
        expect(parseSchema(JSON.parse(serializeSchema(schema)))).toEqual(schema);
      }),
    );
  });

  it('does not depend on the order of columns and properties', () => {
    fc.assert(
      fc.property(schemaJson, ({ entries, rest }) => {
        const reversed = entries
          .map(([name, rule]) => [name, Object.fromEntries(Object.entries(rule).reverse())] as const)
          .reverse();
        expect(schemaHash(parseSchema(toJson(reversed, rest)))).toBe(schemaHash(parseSchema(toJson(entries, rest))));
      }),
    );
  });
});

describe('compileSchema', () => {
  const field = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', ' ', 'a', 'abc', '1', '-7.0', '0.50', 'yes', '1.12.2010', '2010-11-30 08:26'),
  );

  it('gives every value or one reason, and never the content of the row', () => {
    const marked = field.map((text) => `${text}SECRET`);
    fc.assert(
      fc.property(schemaJson, fc.array(fc.oneof(field, marked), { maxLength: 8 }), ({ entries, rest }, fields) => {
        const columns = entries.map(([name]) => name);
        const cleaner = compileSchema(parseSchema(toJson(entries, rest)), columns);
        const row = cleaner.clean(fields);
        if (Array.isArray(row)) expect(row).toHaveLength(cleaner.outputColumns.length);
        else expect(row.message).not.toContain('SECRET');
      }),
      { numRuns: 1_000 },
    );
  });

  it('cleans every field alone when there is no schema', () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 20 }), (fields) => {
        const columns = fields.map((_, index) => `column_${index + 1}`);
        expect(compileSchema(undefined, columns).clean(fields)).toEqual(fields.map((text) => cleanField(text)));
      }),
    );
  });
});
