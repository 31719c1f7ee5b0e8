import { parseSchema } from '@sluice/core/clean/schema';
import { describe, expect, it } from 'vitest';
import { schemaText } from './schema-text.ts';

describe('schemaText', () => {
  it('is JSON as everybody writes it, with a line end', () => {
    const rules = {
      a: { type: 'integer', required: true, min: 1, max: 2 },
      b: { type: 'enum', values: ['x', 'y'] },
    } as const;
    expect(schemaText(Object.entries(rules))).toBe(
      `${JSON.stringify({ columns: rules, ragged: 'reject' }, undefined, 2)}\n`,
    );
    expect(schemaText([])).toBe(`${JSON.stringify({ columns: {}, ragged: 'reject' }, undefined, 2)}\n`);
  });

  it('keeps the order of the file, also of names that are numbers, and loses no name', () => {
    const names = ['b', '2020', '__proto__', '10', 'constructor', 'a'];
    const text = schemaText(names.map((name) => [name, { type: 'integer' }]));
    expect([...text.matchAll(/^ {4}"(.*)": \{$/gm)].map(([, name]) => name)).toEqual(names);
    expect([...parseSchema(JSON.parse(text)).columns.keys()].sort()).toEqual([...names].sort());
  });

  it('lets nothing act on a terminal, and is read back as it was', () => {
    const values = ['a\u202eb', '\u{e0001}', 'é😀', '"'];
    const text = schemaText([['\u200d', { type: 'enum', values }]]);
    expect(text).not.toMatch(/[\p{Cf}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u);
    expect(schemaText([['\u2028', { type: 'string' }]])).toContain('"\\u2028"');
    expect(parseSchema(JSON.parse(text)).columns.get('\u200d')).toEqual({ type: 'enum', values });
  });
});
