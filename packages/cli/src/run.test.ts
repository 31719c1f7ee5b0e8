import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeDemoFile } from './demo-file.ts';
import type { RunResult } from './run.ts';
import { run } from './run.ts';
import type { RunOptions } from './run-options.ts';
import { UsageError } from './usage-error.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;
const path = (name: string): string => join(folder, `${++made}-${name}`);

const write = (name: string, content: string | Uint8Array): string => {
  const file = path(name);
  writeFileSync(file, content);
  return file;
};

const carry = (
  file: string,
  options: Partial<RunOptions> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<RunResult & { readonly out: string }> => {
  const out = options.out ?? path('out');
  const all: RunOptions = { header: true, force: false, json: false, quiet: true, ...options, file, out };
  return run(all, signal).then((result) => ({ ...result, out }));
};

type Line = {
  readonly row: number;
  readonly status: string;
  readonly data: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
};

const text = (out: string, name: string): string => readFileSync(join(out, name), 'utf8');
const lines = <T = Line>(out: string, name = 'rows.ndjson'): T[] =>
  text(out, name)
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as T);

const example = (name: string): string => new URL(`../../../examples/transactions/${name}`, import.meta.url).pathname;

const numbers = (count: number): string =>
  `n,text\n${Array.from({ length: count }, (_, i) => `${i + 1},row ${i + 1}\n`).join('')}`;

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe('run', () => {
  it('carries every row through and writes what the design promises', async () => {
    const file = write('small.csv', 'a, b ,a\n1, x\u00a0y ,"q ""z"""\n\n2,,\n3\n');
    const { report, out } = await carry(file);
    expect(text(out, 'rows.ndjson').split('\n')).toEqual([
      expect.stringMatching(
        /^\{"row":1,"line":2,"status":"DONE","data":\{"a":"1","b":"x y","a_2":"q \\"z\\""\},"result":\{"filled":3,"digest":"[\w-]{16}"\}\}$/,
      ),
      expect.stringMatching(
        /^\{"row":2,"line":4,"status":"DONE","data":\{"a":"2","b":null,"a_2":null\},"result":\{"filled":1,"digest":"[\w-]{16}"\}\}$/,
      ),
      '',
    ]);
    expect(lines(out, 'rejects.ndjson')).toEqual([
      {
        row: 3,
        line: 5,
        byteStart: 32,
        byteEnd: 33,
        code: 'FIELD_COUNT',
        message: expect.any(String),
        raw: '3',
      },
    ]);
    expect(text(out, 'dead.ndjson')).toBe('');
    expect(JSON.parse(text(out, 'report.json'))).toEqual(report);
    expect(report).toMatchObject({
      file,
      bytes: 34,
      jobId: expect.stringMatching(/^[0-9a-z]{26}$/),
      rows: 3,
      accepted: 2,
      rejected: 1,
      done: 2,
      failed: 0,
      dead: 0,
      missing: 0,
      verdict: 'COMPLETE',
    });
    expect(
      report.stages.map(({ name, rowsIn, rowsOut, retried, dead }) => [name, rowsIn, rowsOut, retried, dead]),
    ).toEqual([
      ['split-file', 3, 3, 0, 0],
      ['clean-rows', 3, 2, 0, 0],
      ['store-rows', 2, 2, 0, 0],
      ['relay-rows', 2, 2, 0, 0],
      ['process-rows', 2, 2, 0, 0],
      ['finish-rows', 2, 2, 0, 0],
      ['audit-job', 3, 3, 0, 0],
    ]);
  });

  it('takes the demo through the example: everything that was put in comes out where it belongs', async () => {
    const file = path('transactions.csv');
    const dirt = writeDemoFile(file, 9_000);
    const { report, rejects, out } = await carry(file, {
      schema: example('schema.json'),
      processor: example('processor.ts'),
    });
    expect(report).toMatchObject({ rows: 9_000, failed: dirt.unknownCurrencies, missing: 0, verdict: 'COMPLETE' });
    expect(Object.fromEntries(rejects)).toEqual(Object.fromEntries(dirt.rejects));
    const failed = lines(out).filter(({ status }) => status === 'FAILED');
    expect(failed).toHaveLength(dirt.unknownCurrencies);
    expect(failed[0]?.error).toEqual({
      code: 'UNKNOWN_CURRENCY',
      message: 'expected one of BHD, EUR, GBP, JPY, USD',
    });
  });

  it('writes the same rows and rejects whatever the chunks and messages', async () => {
    const file = path('transactions.csv');
    writeDemoFile(file, 2_500);
    const options = { schema: example('schema.json'), processor: example('processor.ts') };
    const one = await carry(file, options);
    for (const cut of [
      { chunkBytes: 300 },
      { chunkBytes: 65_536 },
      { rowsPerMessage: 1 },
      { chunkBytes: 5_000, rowsPerMessage: 7 },
    ]) {
      const other = await carry(file, { ...options, ...cut });
      expect(other.report).toMatchObject({ verdict: 'COMPLETE', missing: 0 });
      expect(text(other.out, 'rows.ndjson') === text(one.out, 'rows.ndjson')).toBe(true);
      expect(text(other.out, 'rejects.ndjson') === text(one.out, 'rejects.ndjson')).toBe(true);
    }
  });

  it('reads the same rows from gzip', async () => {
    const content = numbers(500);
    const plain = await carry(write('plain.csv', content));
    const packed = await carry(write('packed.csv.gz', gzipSync(content)));
    expect(text(packed.out, 'rows.ndjson')).toBe(text(plain.out, 'rows.ndjson'));
  });

  it.each([
    ['an empty file', ''],
    ['a byte order mark', '\ufeff'],
    ['a header', 'a,b\n'],
  ])('completes %s with no rows', async (_, content) => {
    const { report, out } = await carry(write('empty.csv', content));
    expect(report).toMatchObject({ rows: 0, accepted: 0, verdict: 'COMPLETE', missing: 0 });
    expect(readdirSync(out).sort()).toEqual([
      '.sluice',
      'dead.ndjson',
      'rejects.ndjson',
      'report.html',
      'report.json',
      'rows.ndjson',
    ]);
  });

  it('fails and holds exactly the rows that the processor fails, with stage, code and attempts', async () => {
    const processor = write(
      'processor.ts',
      `import { defineProcessor, permanent } from 'sluice';
      export default defineProcessor({
        name: 'fails some',
        process({ row, data }, { attempt }) {
          if (row % 29 === 0 && attempt <= 2) throw new Error('not yet');
          if (row % 31 === 0) throw permanent('NEVER', 'no');
          if (row % 37 === 0) throw new Error('always');
          return { n: Number(data.n), attempt };
        },
      });`,
    );
    const { report, out } = await carry(write('numbers.csv', numbers(2_000)), { processor });
    const failed = range(2_000).filter((row) => row % 31 === 0 && !(row % 29 === 0 && row % 31 !== 0));
    const dead = range(2_000).filter((row) => row % 37 === 0 && row % 31 !== 0);
    const found = lines(out);
    expect(found.filter(({ status }) => status === 'FAILED').map(({ row }) => row)).toEqual(failed);
    expect(found.filter(({ status }) => status === 'DEAD').map(({ row }) => row)).toEqual(dead);
    expect(found.filter(({ status }) => status === 'DONE')).toHaveLength(2_000 - failed.length - dead.length);
    expect(found[28]?.result).toEqual({ n: 29, attempt: 3 });
    expect(found[30]?.error).toEqual({ code: 'NEVER', message: 'no' });
    expect(found[36]?.error).toEqual({ code: 'PROCESSOR_ERROR', message: 'always' });
    expect(lines(out, 'dead.ndjson')).toEqual(
      dead.map((row) => ({ row, stage: 'process-rows', code: 'PROCESSOR_ERROR', message: 'always', attempts: 5 })),
    );
    expect(report).toMatchObject({
      verdict: 'HELD',
      done: 2_000 - failed.length - dead.length,
      failed: failed.length,
      dead: dead.length,
      missing: 0,
    });
  });

  it('tries dead rows again in a further run of the same folder', async () => {
    const flag = path('flag');
    const processor = write(
      'processor.ts',
      `import { existsSync } from 'node:fs';
      import { defineProcessor } from 'sluice';
      export default defineProcessor({
        name: 'recovers',
        process({ row }) {
          if (row === 3 && !existsSync(${JSON.stringify(flag)})) throw new Error('not yet');
          return { row };
        },
      });`,
    );
    const file = write('numbers.csv', numbers(10));
    const out = path('out');
    expect((await carry(file, { processor, out })).report).toMatchObject({ verdict: 'HELD', dead: 1, done: 9 });
    writeFileSync(flag, '');
    expect((await carry(file, { processor, out })).report).toMatchObject({ verdict: 'COMPLETE', dead: 0, done: 10 });
    expect(text(out, 'dead.ndjson')).toBe('');
  });

  it('outlives a processor that ends its process, and loses no neighbour of that row', async () => {
    const processor = write(
      'processor.ts',
      `import { defineProcessor } from 'sluice';
      export default defineProcessor({
        name: 'exits',
        process({ row }) {
          if (row === 5) process.exit(3);
          return { row };
        },
      });`,
    );
    const { report, out } = await carry(write('numbers.csv', numbers(20)), { processor });
    expect(report).toMatchObject({ rows: 20, done: 19, dead: 1, verdict: 'STALLED' });
    expect(lines(out, 'dead.ndjson')).toMatchObject([{ row: 5, stage: 'LOST', code: 'LOST' }]);
  });

  it('reports what is there when it is interrupted, and ends with the same files when it is run again', async () => {
    const reached = path('reached');
    const flag = path('flag');
    const processor = write(
      'processor.ts',
      `import { existsSync, writeFileSync } from 'node:fs';
      import { setTimeout } from 'node:timers/promises';
      import { defineProcessor } from 'sluice';
      export default defineProcessor({
        name: 'waits',
        async process({ row }) {
          if (row === 3000) writeFileSync(${JSON.stringify(reached)}, '');
          while (row === 3000 && !existsSync(${JSON.stringify(flag)})) await setTimeout(10);
          return { row };
        },
      });`,
    );
    const file = write('numbers.csv', `${numbers(4_000)}"open`);
    const options = { processor, out: path('out'), chunkBytes: 4_096 };
    // The second time it goes on where the first left off, and is interrupted there.
    for (let time = 1; time <= 2; time++) {
      rmSync(reached, { force: true });
      const interrupt = new AbortController();
      const interrupted = carry(file, options, interrupt.signal);
      await vi.waitFor(() => expect(existsSync(reached)).toBe(true), { timeout: 30_000 });
      interrupt.abort(new Error('interrupted'));
      const { report } = await interrupted;
      expect(report.verdict).toBe('INCOMPLETE');
      expect(report.missing).toBeGreaterThan(0);
      expect(report.missing).toBe(report.rows - report.rejected - report.done);
    }

    writeFileSync(flag, '');
    const again = await carry(file, options);
    expect(again.report).toMatchObject({ verdict: 'COMPLETE', rows: 4_001, done: 4_000, rejected: 1, missing: 0 });
    const whole = await carry(file, { processor });
    for (const name of ['rows.ndjson', 'rejects.ndjson', 'dead.ndjson'])
      expect(text(options.out, name) === text(whole.out, name)).toBe(true);
  });

  it('ends when too many rows are rejected, and says so', async () => {
    const file = write('ragged.csv', 'a,b\n1,2\n3\n4\n5,6\n');
    const { report, out } = await carry(file, { maxRejected: 0.25 });
    expect(report).toMatchObject({ verdict: 'REFUSED', rejected: 2 });
    expect(lines(out, 'rejects.ndjson')).toHaveLength(2);
    expect((await carry(file, { maxRejected: 0.5 })).report.verdict).toBe('COMPLETE');
  });

  it('reads no further once too many rows are rejected, and accounts for what it read', async () => {
    const file = write('all-ragged.csv', `a,b\n${'1\n'.repeat(20_000)}`);
    const { report, out } = await carry(file, { maxRejected: 0.01, chunkBytes: 1_000 });
    expect(report).toMatchObject({ verdict: 'REFUSED', rows: 20_000, rejected: 500, missing: 19_500 });
    expect(lines(out, 'rejects.ndjson')).toHaveLength(500);
  });

  it('stops after the rows it is limited to', async () => {
    const { report, out } = await carry(write('numbers.csv', numbers(100)), { limit: 7, chunkBytes: 20 });
    expect(report).toMatchObject({ rows: 7, done: 7, verdict: 'COMPLETE' });
    expect(lines(out).map(({ row }) => row)).toEqual(range(7));
  });

  it('names columns by number when there is no header', async () => {
    const { out } = await carry(write('bare.csv', '1;2\n3;4\n'), { header: false });
    expect(lines(out).map(({ data }) => data)).toEqual([
      { column_1: '1', column_2: '2' },
      { column_1: '3', column_2: '4' },
    ]);
  });

  it('keeps columns called like parts of an object', async () => {
    const { out } = await carry(write('odd.csv', '__proto__,constructor,2020\n1,2,3\n'));
    expect(text(out, 'rows.ndjson')).toContain('"data":{"__proto__":"1","constructor":"2","2020":"3"}');
  });
});

const refusalOf = async (carried: Promise<unknown>): Promise<string> => {
  try {
    await carried;
  } catch (thrown) {
    if (thrown instanceof UsageError) return thrown.message;
    throw thrown;
  }
  return 'nothing was refused';
};

describe('run refuses', () => {
  it.each<[what: string, content: string | Uint8Array, expected: RegExp]>([
    ['a zip file', Buffer.from('PK\u0003\u0004 and so on', 'latin1'), /FILE_FORMAT/],
    ['carriage returns as line ends', 'a,b\r1,2\r3,4\r', /FILE_LINE_ENDS/],
    ['a truncated gzip file', gzipSync(numbers(5_000)).subarray(0, 2_000), /FILE_TRUNCATED/],
    ['a header with a NUL', 'a,\u0000b\n1,2\n', /NUL.*FILE_ENCODING/],
  ])('%s in one line, and leaves no folder behind', async (_, content, expected) => {
    const out = path('out');
    const message = await refusalOf(carry(write('bad.csv', content), { out }));
    expect(message).toMatch(expected);
    expect(message).not.toContain('\n');
    expect(() => readdirSync(out)).toThrow('ENOENT');
  });

  it('a file that lacks a column the schema requires, naming the column', async () => {
    const schema = write('schema.json', '{"columns": {"c": {"required": true}}}');
    expect(await refusalOf(carry(write('a.csv', 'a,b\n1,2\n'), { schema }))).toMatch(/"c".*SCHEMA_MISMATCH/);
  });

  it.each([
    ['no JSON', '{"columns": ', /--schema: expected JSON/],
    ['a type that is none', '{"columns": {"a": {"type": "integr"}}}', /--schema: .*integr/],
  ])('a schema that is %s', async (_, content, expected) => {
    const schema = write('schema.json', content);
    expect(await refusalOf(carry(write('a.csv', 'a\n1\n'), { schema }))).toMatch(expected);
  });

  it.each([
    ['does not compile', 'export default {', /expected .* to compile, found: .*\(line 1\)/],
    ['imports what is not there', "import 'nowhere-to-be-found'; export default 1;", /nowhere-to-be-found/],
    ['throws when it is loaded', "throw new Error('no luck');", /no luck/],
    ['exports something else', 'export default 42;', /defineProcessor/],
    ['exports nothing', 'export const process = 1;', /defineProcessor/],
  ])('a processor that %s', async (_, content, expected) => {
    const out = path('out');
    const processor = write('processor.ts', content);
    expect(await refusalOf(carry(write('a.csv', 'a\n1\n'), { processor, out }))).toMatch(expected);
    expect(() => readdirSync(out)).toThrow('ENOENT');
  });

  it('a file that is not there, and a folder', async () => {
    expect(await refusalOf(carry(join(folder, 'nothing.csv')))).toMatch(/expected a CSV file, found nothing/);
    expect(await refusalOf(carry(folder))).toMatch(/expected a CSV file, found a folder at/);
  });

  it('a folder with files of somebody else, which stay as they are, unless forced', async () => {
    const out = path('mine');
    mkdirSync(out);
    writeFileSync(join(out, 'rows.ndjson'), 'precious');
    const file = write('a.csv', 'a\n1\n');
    expect(await refusalOf(carry(file, { out }))).toMatch(/--force/);
    expect(readdirSync(out)).toEqual(['rows.ndjson']);
    expect(text(out, 'rows.ndjson')).toBe('precious');
    expect((await carry(file, { out, force: true })).report.verdict).toBe('COMPLETE');
  });

  it('a folder with the results of another file, which stay as they are, unless forced', async () => {
    const { out } = await carry(write('a.csv', 'a\n1\n'));
    const before = text(out, 'rows.ndjson');
    const other = write('b.csv', 'a\n2\n');
    expect(await refusalOf(carry(other, { out }))).toMatch(/another file.*--force/);
    expect(text(out, 'rows.ndjson')).toBe(before);
    const bad = write('bad.csv', 'a\r1\r');
    expect(await refusalOf(carry(bad, { out, force: true }))).toMatch(/FILE_LINE_ENDS/);
    expect(text(out, 'rows.ndjson')).toBe(before);
    await carry(other, { out, force: true });
    expect(lines(out)[0]?.data).toEqual({ a: '2' });
  });

  it('a folder where another run is at work', async () => {
    const out = path('out');
    const file = write('numbers.csv', numbers(20_000));
    const outcomes = await Promise.allSettled([carry(file, { out }), refusalOf(carry(file, { out }))]);
    const [one, other] = outcomes;
    const refused = one.status === 'rejected' ? one.reason : other.status === 'fulfilled' ? other.value : other.reason;
    expect(String(refused)).toMatch(/another run is at work/);
    const left = lines(out).map(({ row }) => row);
    expect(left).toEqual(range(20_000));
  });
});
