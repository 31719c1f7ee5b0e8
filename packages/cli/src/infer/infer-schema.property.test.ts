import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanField } from '@sluice/core/clean/field';
import type { RowCleaner } from '@sluice/core/clean/row-cleaner';
import { compileSchema } from '@sluice/core/clean/row-cleaner';
import { parseSchema } from '@sluice/core/clean/schema';
import { readDialect } from '@sluice/core/csv/dialect';
import { dirtyBytes } from '@sluice/core/csv/dirty-bytes';
import { detectEncoding } from '@sluice/core/csv/encoding';
import { createPlanner } from '@sluice/core/csv/plan';
import { createRunReader } from '@sluice/core/csv/run-reader';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../usage-error.ts';
import { type Inference, inferSchema, rulesOf } from './infer-schema.ts';
import { schemaText } from './schema-text.ts';

let file: string;
beforeAll(() => {
  file = join(mkdtempSync(join(tmpdir(), 'sluice-test-')), 'a.csv');
});
afterAll(() => rmSync(join(file, '..'), { recursive: true, force: true }));

const never = new AbortController().signal;

/** The proposal for a file of these bytes as a run would take it; undefined for a file that no run takes. */
const propose = async (bytes: Buffer, tolerate: number): Promise<Inference | undefined> => {
  writeFileSync(file, bytes);
  try {
    return await inferSchema({ file, header: true, delimiter: ',', tolerate }, never);
  } catch (thrown) {
    if (thrown instanceof UsageError) return undefined;
    throw thrown;
  }
};

type Outcome = {
  readonly row: number;
  readonly fields?: readonly string[];
  readonly result: ReturnType<RowCleaner['clean']> | undefined;
};

/** The UTF-8 copy that a run makes of a file in UTF-16, other bytes as they are. */
const decoded = (bytes: Buffer): Buffer => {
  const { encoding } = detectEncoding(bytes);
  return encoding.startsWith('utf-16') ? Buffer.from(new TextDecoder(encoding).decode(bytes)) : bytes;
};

/** What the pipeline's own parts make of every row; no result for rows that are rejected for their bytes. */
const clean = (
  raw: Buffer,
  schemaJson: unknown,
): { readonly columns: readonly string[]; readonly outcomes: readonly Outcome[] } => {
  const bytes = decoded(raw);
  const { columns, dataStart, firstLine } = readDialect({
    head: bytes,
    isWhole: true,
    delimiter: ',',
    hasHeader: true,
    cleanField,
  });
  const cleaner = compileSchema(schemaJson === undefined ? undefined : parseSchema(schemaJson), columns);
  const cursor = { chunk: 0, offset: dataStart, row: 1, line: firstLine };
  const planner = createPlanner({ delimiter: 0x2c, cursor, chunkBytes: 100_000 });
  const chunks = [...planner.push(bytes.subarray(dataStart)), ...planner.end()];
  const outcomes = chunks.flatMap((chunk) => {
    const reader = createRunReader({ chunk, delimiter: ',' });
    const found = [...reader.push(bytes.subarray(chunk.start, chunk.end)), ...reader.end()];
    return found.flatMap((part): Outcome[] =>
      part.kind === 'rejected'
        ? [{ row: part.row, result: undefined }]
        : part.fields.map((fields, index) => ({ row: part.firstRow + index, fields, result: cleaner.clean(fields) })),
    );
  });
  return { columns, outcomes };
};

const rejectedRows = (outcomes: readonly Outcome[]): readonly number[] =>
  outcomes.filter(({ result }) => !Array.isArray(result)).map(({ row }) => row);

const two = (value: number): string => String(value).padStart(2, '0');
const day = fc.integer({ min: 1, max: 31 });
const month = fc.integer({ min: 1, max: 12 });
const year = fc.integer({ min: 1999, max: 2012 });

/** What columns hold in practice, a kind each. */
const kinds: readonly fc.Arbitrary<string>[] = [
  fc.integer({ min: -5, max: 20 }).map(String),
  fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.tuple(fc.integer({ min: -9, max: 9 }), fc.constantFrom('', '.0', '.00', '.5')).map((parts) => parts.join('')),
  fc.integer({ min: 0, max: 9 }).map((value) => `${value}.0`),
  fc.integer({ min: 0, max: 3 }).map((value) => `00${value}`),
  fc.constantFrom('0', '1'),
  fc.constantFrom('Y', 'n', 'N'),
  fc.constantFrom('true', 'no', '1'),
  fc.constantFrom('payment', 'refund', ' fee ', 'e\u0301', '\u00e9'),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.tuple(year, month, day).map(([y, m, d]) => `${y}-${two(m)}-${two(d)}`),
  fc.tuple(year, month, day).map(([y, m, d]) => `${two(d)}/${two(m)}/${y}`),
  fc.tuple(year, month, day).map(([y, m, d]) => `${m}/${d}/${y} 8:05`),
  fc.tuple(year, month, day).map(([y, m, d]) => `${y}${two(m)}${two(d)}`),
  fc.tuple(day, fc.integer({ min: 0, max: 59 })).map(([d, s]) => `2010-12-${two(d)}T08:26:${two(s)}+01:00`),
];
const dirt = fc.constantFrom(
  '',
  '',
  ' ',
  '-',
  'N/A',
  '007',
  '+5',
  '1e5',
  '1,250.00',
  '.5',
  '-0',
  '9007199254740993',
  '31/02/2010',
  'x',
);
const cellOf = (kind: fc.Arbitrary<string>, weight: number): fc.Arbitrary<string> =>
  fc.oneof({ weight: 40, arbitrary: kind }, { weight, arbitrary: dirt });
const quote = (field: string): string => `"${field.replaceAll('"', '""')}"`;
const names = fc.constantFrom(
  'a',
  'a',
  'b',
  '2020',
  '7',
  '__proto__',
  'constructor',
  '',
  ' order date ',
  '\u202ex',
  '\u0007',
);

/** A table, mostly clean, with more rows than it takes to propose more than types, or fewer. */
const tableBytes: fc.Arbitrary<Buffer> = fc
  .array(fc.tuple(names, fc.constantFrom(...kinds), fc.constantFrom(0, 0, 1)), { minLength: 1, maxLength: 5 })
  .chain((columns) => {
    const row = fc.tuple(...columns.map(([, kind, weight]) => cellOf(kind, weight)));
    const header = columns.map(([name]) => quote(name)).join(',');
    const line = fc.oneof(
      { weight: 30, arbitrary: row.map((fields) => Buffer.from(`${fields.map(quote).join(',')}\n`)) },
      { weight: 1, arbitrary: dirtyBytes(6).map((bytes) => Buffer.concat([bytes, Buffer.from('\n')])) },
    );
    return fc
      .oneof(fc.array(line, { maxLength: 20 }), fc.array(line, { minLength: 40, maxLength: 150 }))
      .map((lines) => Buffer.concat([Buffer.from(`${header}\n`), ...lines]));
  });

/** What a value may come out as when nothing of it is to be lost. */
const isKept = (text: string | null, value: unknown, type: string | undefined): boolean => {
  if (text === null || value === null) return text === value;
  if (type === 'integer' || type === 'decimal') {
    // A minus before zero, and a zero before the point, are no part of the number.
    const signs = Number(value) === 0 ? ['', '-'] : [''];
    const forms = signs.flatMap((sign) => [`${sign}${value}`, `${sign}${value}.0`]);
    return forms.some((form) => form === text || form.replace(/^(-?)0\./, '$1.') === text);
  }
  if (type === 'boolean') return typeof value === 'boolean';
  if (type === 'date' || type === 'datetime') return /^\d{4}-\d\d-\d\d/.test(String(value));
  return value === text;
};

const checkLaw = async (bytes: Buffer): Promise<void> => {
  const inference = await propose(bytes, 0);
  if (inference === undefined) return;
  const json: unknown = JSON.parse(schemaText(rulesOf(inference)));
  const types = new Map(rulesOf(inference).map(([name, { type }]) => [name, type]));
  const without = clean(bytes, undefined);
  const { columns, outcomes } = clean(bytes, json);
  expect(parseSchema(json).columns.size).toBe(columns.length);
  expect(rejectedRows(outcomes)).toEqual(rejectedRows(without.outcomes));
  expect(inference.rows).toBe(outcomes.length);
  for (const [row, { result }] of outcomes.entries()) {
    const texts = without.outcomes[row]?.result;
    if (!Array.isArray(result) || !Array.isArray(texts)) continue;
    for (const [index, name] of columns.entries()) {
      const text = texts[index] as string | null;
      expect([text, result[index], types.get(name), isKept(text, result[index], types.get(name))]).toMatchObject({
        3: true,
      });
    }
  }
};

/** Random bytes are seldom a file in UTF-16 that can be read. */
const utf16Files: [Buffer][] = ['fffe61000a0062000a00', 'feff0061000a0062000a'].map((hex) => [Buffer.from(hex, 'hex')]);

describe('a proposal', () => {
  it('rejects no row of its file that is accepted without it, and loses nothing of a value', { timeout: 120_000 }, () =>
    fc.assert(fc.asyncProperty(tableBytes, checkLaw), { numRuns: 300 }),
  );

  it('does so for bytes of any kind', { timeout: 120_000 }, () =>
    fc.assert(fc.asyncProperty(dirtyBytes(), checkLaw), { numRuns: 200, examples: utf16Files }),
  );

  it(
    'that tolerates dirt rejects no more rows for a column than are tolerated, and as many as it says',
    { timeout: 120_000 },
    () =>
      fc.assert(
        fc.asyncProperty(tableBytes, fc.constantFrom(0.01, 0.05, 0.2), async (bytes, tolerate) => {
          const inference = await propose(bytes, tolerate);
          if (inference === undefined) return;
          const accepted = clean(bytes, undefined).outcomes.flatMap(({ fields, result }) =>
            Array.isArray(result) ? [fields ?? []] : [],
          );
          for (const [index, { name, rule, rejected }] of inference.columns.entries()) {
            const schema = parseSchema(JSON.parse(schemaText([[name, rule]])));
            const cleaner = compileSchema(
              schema,
              inference.columns.map((column) => column.name),
            );
            const count = accepted.filter((fields) => !Array.isArray(cleaner.clean(fields))).length;
            expect([index, count]).toEqual([index, rejected.count]);
            expect(count / Math.max(1, accepted.length)).toBeLessThanOrEqual(tolerate);
          }
        }),
        { numRuns: 300 },
      ),
  );
});
