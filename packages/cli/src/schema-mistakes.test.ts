import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeFolder, refusalIn, removeFolders } from './hard-input-harness.ts';
import { run } from './run.ts';
import { UsageError } from './usage-error.ts';

afterAll(removeFolders);

/** The line with which a run refuses a schema, after its option and file. Nothing is begun. */
const refusalOf = async (schema: string | Uint8Array): Promise<string> => {
  const folder = makeFolder();
  const path = (name: string): string => join(folder, name);
  writeFileSync(path('in.csv'), 'id,amount,day\n1,2.5,2020-01-02\n');
  writeFileSync(path('s.json'), schema);
  const options = { header: true, force: false, json: false, quiet: true, file: path('in.csv'), out: path('out') };
  const thrown: unknown = await run({ ...options, schema: path('s.json') }, new AbortController().signal).catch(
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(UsageError);
  expect(existsSync(path('out'))).toBe(false);
  const message = (thrown as UsageError).message.replace(path('s.json'), 's.json').replace(path('in.csv'), 'in.csv');
  expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  return message;
};

const column = (rule: unknown): string => JSON.stringify({ columns: { amount: rule } });
const known = 'expected "type" to be one of the known types, found';

describe('a mistake in a schema is told in one line that says what to write', () => {
  it.each<[mistake: unknown, expected: string]>([
    [{ type: 'int' }, `${known} "int"; did you mean "integer"?`],
    [{ type: 'number' }, `${known} "number"; did you mean "decimal"?`],
    [{ type: 'float' }, `${known} "float"; did you mean "decimal"?`],
    [{ type: 'text' }, `${known} "text"; did you mean "string"?`],
    [{ type: 'bool' }, `${known} "bool"; did you mean "boolean"?`],
    [{ type: 'timestamp' }, `${known} "timestamp"; did you mean "datetime"?`],
    ['integer', 'expected an object such as {"type": "integer"}, found "integer"'],
    [
      { type: 'date', format: 'YYYY/DD' },
      '"format" has the unknown token "YYYY"; did you mean "yyyy"? Known are yyyy yy MMM MM M dd d HH H hh h mm m ss s S SSS a XXX Z; put other letters in single quotes',
    ],
    [
      { type: 'date', format: '%Y-%m-%d' },
      '"format" has "%Y", as strftime writes it; write yyyy for %Y, MM for %m, dd for %d, HH for %H, mm for %M, ss for %S',
    ],
    [{ type: 'integer', min: '5' }, 'expected "min" to be an integer within +-9007199254740991, found "5"; write 5'],
    [
      { type: 'date', min: '01.02.2020' },
      'expected "min" to be a date in ISO form such as "2010-12-01", found "01.02.2020"',
    ],
    [{ type: 'enum', values: [] }, 'expected "values" to be a list of different non-empty strings, found []'],
    [{ type: 'enum' }, 'type enum needs "values", a list of the allowed texts such as ["a", "b"]'],
    [
      { values: ['a'] },
      '"values" works with type enum, found none, which means string; add "type": "enum", or remove it',
    ],
    [{ requried: true }, 'the property "requried" is not known; did you mean "required"?'],
    [{ required: 'true' }, 'expected "required" to be true or false, found "true"; write true'],
    [
      { pattern: '(' },
      '"pattern" is not a valid regular expression (ECMAScript syntax with the u flag): Unterminated group',
    ],
    [{ type: 'integer', min: 5, max: 1 }, '"min" 5 is above "max" 1; no value fits'],
    [{ type: 'integer', default: '0' }, 'expected "default" to be a number, found "0"; write 0'],
    [{ nullable: true }, 'the property "nullable" is not known; a column may be empty unless "required" is true'],
  ])('column %j', async (rule, expected) => {
    expect(await refusalOf(column(rule))).toBe(`--schema: s.json: column "amount": ${expected}`);
  });

  it.each<[what: string, schema: string | Uint8Array, expected: string]>([
    [
      'columns as a list',
      '{"columns": ["id"]}',
      '--schema: s.json: expected "columns" to be an object such as {"id": {"type": "integer"}}, found ["id"]',
    ],
    [
      'columns at the top',
      '{"id": {"type": "integer"}}',
      '--schema: s.json: the property "id" is not known; columns belong under "columns"',
    ],
    [
      'a trailing comma',
      '{"columns": {"id": {"type": "integer",}}}',
      '--schema: expected JSON in s.json, found a comma with nothing after it (line 1 column 38)',
    ],
    [
      'a table instead of JSON',
      'name,type\nid,integer\n',
      '--schema: expected JSON in s.json, found: Unexpected token \'a\', "name,type\\u{a}i"... is not valid JSON',
    ],
    [
      'a name that would act on a terminal',
      '{"columns": {"a\\u009b31m\\u202e": {"typ": 1}}}',
      '--schema: s.json: column "a\\u{9b}31m\\u{202e}" is not a cleaned name; write "a31m\\u{202e}"',
    ],
    [
      'a column that the file does not have',
      '{"columns": {"Amounts": {"required": true}}}',
      'in.csv: expected the required column "Amounts" (the file has "amount"), found 3 columns without it; correct the file or the schema, or give the column a default (SCHEMA_MISMATCH)',
    ],
  ])('%s', async (_, schema, expected) => {
    expect(await refusalOf(schema)).toBe(expected);
  });

  it('ends the command with 2', async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'in.csv'), 'id\n1\n');
    mkdirSync(join(folder, 'rules'));
    writeFileSync(join(folder, 's.json'), '{"columns": {"id": {"type": "int"}}}');
    const refused = (schema: string): Promise<string> => refusalIn(folder, ['run', 'in.csv', '--schema', schema]);
    expect(await refused('s.json')).toBe(`--schema: s.json: column "id": ${known} "int"; did you mean "integer"?`);
    expect(await refused('rules')).toBe('--schema: expected a JSON file, found a folder at rules');
    expect(await refused('none.json')).toBe('--schema: expected a JSON file, found nothing at none.json');
  });
});
