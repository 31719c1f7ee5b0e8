import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSchemaFile } from './schema-file.ts';
import { UsageError } from './usage-error.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (content: string | Uint8Array): unknown => {
  const path = join(folder, 'schema.json');
  writeFileSync(path, content);
  return readSchemaFile(path);
};

const refusalOf = (readIt: () => unknown): string => {
  try {
    readIt();
  } catch (thrown) {
    if (thrown instanceof UsageError) return thrown.message.replaceAll(folder, '.');
    throw thrown;
  }
  return 'nothing was refused';
};

describe('readSchemaFile', () => {
  it('reads JSON, with or without a byte order mark', () => {
    expect(read('{"columns":{"ü":{}}}')).toEqual({ columns: { ü: {} } });
    expect(read('\ufeff{"columns":{}}\n')).toEqual({ columns: {} });
  });

  it.each<[what: string, content: string | Uint8Array, found: string]>([
    [
      'a trailing comma',
      '{"columns": {"id": {"type": "integer",}}}',
      'a comma with nothing after it (line 1 column 38)',
    ],
    ['a trailing comma in a list', '{"values": [\n  "a",\n]}', 'a comma with nothing after it (line 2 column 6)'],
    ['a comment', '{\n  "columns": {} // all\n}', 'a comment, which JSON does not have (line 2 column 17)'],
    ['a comment at its start', '# all\n{}', 'a comment, which JSON does not have (line 1 column 1)'],
    ['single quotes', "{'columns': {}}", 'a single quote, where JSON has double quotes (line 1 column 2)'],
    ['names without quotes', '{columns: {}}', 'a name without double quotes (line 1 column 2)'],
    ['names without quotes after a comma', '{"a": 1,\n b: 2}', 'a name without double quotes (line 2 column 2)'],
    ['nothing', '', 'an empty file'],
    ['blanks', ' \n', 'an empty file'],
    ['another encoding', Buffer.from('{"ü": {}}', 'latin1'), 'bytes that are no UTF-8'],
  ])('names the mistake in a file with %s', (_, content, found) => {
    expect(refusalOf(() => read(content))).toBe(`--schema: expected JSON in ./schema.json, found ${found}`);
  });

  it.each([
    [
      'an object that is not closed',
      '{"a,}": "#\\"\'{b:", "columns": {}',
      /found: Expected ',' or '}' .*\(line 1 column 33\)$/,
    ],
    ['YAML', 'columns:\n  id: integer\n', /found: Unexpected token 'c'/],
    ['two objects', '{}\n{}', /found: Unexpected non-whitespace character .*\(line 2 column 1\)$/],
  ])('tells of %s in the words of the parser, in one line', (_, content, expected) => {
    const message = refusalOf(() => read(content));
    expect(message).toMatch(expected);
    expect(message).not.toContain('\n');
  });

  it('says what stands where no file can be read', () => {
    expect(refusalOf(() => readSchemaFile(join(folder, 'none\u001b[31m.json')))).toBe(
      '--schema: expected a JSON file, found nothing at ./none\\u{1b}[31m.json',
    );
    expect(refusalOf(() => readSchemaFile(folder))).toBe('--schema: expected a JSON file, found a folder at .');
    expect(refusalOf(() => readSchemaFile(''))).toBe('--schema: expected a JSON file, found nothing at ""');
  });
});
