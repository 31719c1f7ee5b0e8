import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cleanField } from '../clean/field.ts';
import { compileSchema } from '../clean/row-cleaner.ts';
import { readDialect } from './dialect.ts';
import { type Chunk, createPlanner } from './plan.ts';
import { createRunReader } from './run-reader.ts';

type Rows = readonly Readonly<Record<string, string | null>>[];

const suite = dirname(createRequire(import.meta.url).resolve('csv-spectrum'));
const names = readdirSync(join(suite, 'csvs')).map((file) => file.replace('.csv', ''));

const fileOf = (name: string): Buffer => readFileSync(join(suite, 'csvs', `${name}.csv`));
const suiteRowsOf = (name: string): Rows =>
  JSON.parse(readFileSync(join(suite, 'json', `${name}.json`), 'utf8')) as Rows;

/** The file's rows as they are in it, and cleaned, as dialect, planner, reader and cleaner give them together. */
const read = (bytes: Buffer, chunkBytes: number): { asInFile: Rows; cleaned: Rows } => {
  const dialect = readDialect({ head: bytes, isWhole: true, hasHeader: true, cleanField });
  const { columns, delimiter, dataStart, firstLine } = dialect;
  const planner = createPlanner({
    delimiter: delimiter.charCodeAt(0),
    cursor: { chunk: 0, offset: dataStart, row: 1, line: firstLine },
    chunkBytes,
  });
  const chunks: Chunk[] = [...planner.push(bytes.subarray(dataStart)), ...planner.end()];
  const cleaner = compileSchema(undefined, columns);
  const toRow = (values: readonly unknown[]) =>
    Object.fromEntries(values.map((value, index) => [columns[index], value])) as Rows[number];
  const asInFile: Rows[number][] = [];
  const cleaned: Rows[number][] = [];
  for (const chunk of chunks) {
    const reader = createRunReader({ chunk, delimiter });
    for (const part of [...reader.push(bytes.subarray(chunk.start, chunk.end)), ...reader.end()]) {
      if (part.kind !== 'rows') return expect.fail(`expected no rejected row, found ${part.reason.code}`);
      for (const fields of part.fields) {
        const values = cleaner.clean(fields);
        if (!Array.isArray(values)) return expect.fail(`expected no rejected row, found ${values.code}`);
        asInFile.push(toRow(fields));
        cleaned.push(toRow(values));
      }
    }
  }
  return { asInFile, cleaned };
};

/** What cleaning changes: no text is null, and a run of white space is one space. */
const changedByCleaning: Readonly<Record<string, (rows: Rows) => Rows>> = {
  empty: () => [
    { a: '1', b: null, c: null },
    { a: '2', b: '3', c: '4' },
  ],
  empty_crlf: () => [
    { a: '1', b: null, c: null },
    { a: '2', b: '3', c: '4' },
  ],
  newlines: ([first, second, third]) => [{ ...first }, { ...second, a: 'Once upon a time' }, { ...third }],
  newlines_crlf: ([first, second, third]) => [{ ...first }, { ...second, a: 'Once upon a time' }, { ...third }],
  quotes_and_newlines: ([first, second]) => [{ ...first, b: 'ha "ha" ha' }, { ...second }],
};

// Its JSON is one object where the others are lists, and has another telephone number than its CSV file.
const brokenPair = 'location_coordinates';

describe('csv-spectrum', () => {
  it('has twelve files', () => {
    expect(names).toHaveLength(12);
    for (const name of [brokenPair, ...Object.keys(changedByCleaning)]) expect(names).toContain(name);
  });

  it.each(names.filter((name) => name !== brokenPair))('%s is read as the suite says, in whatever chunks', (name) => {
    const rows = suiteRowsOf(name);
    const cleaned = (changedByCleaning[name] ?? ((same) => same))(rows);
    for (const chunkBytes of [1, 8, 1_000]) expect(read(fileOf(name), chunkBytes)).toEqual({ asInFile: rows, cleaned });
  });

  it(`${brokenPair} is read as its CSV file says`, () => {
    const { cleaned } = read(fileOf(brokenPair), 1_000);
    const stated = suiteRowsOf(brokenPair) as unknown as Rows[number];
    expect(cleaned).toEqual([{ ...stated, 'Contact Phone Number': '2095257564' }]);
  });
});
