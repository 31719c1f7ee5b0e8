import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const table = `id,kind\n${Array.from({ length: 40 }, (_, index) => `${index % 7},${index % 2 === 0 ? 'a' : 'b'}\n`).join('')}`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  mkdirSync(join(folder, 'tmp'));
  writeFileSync(join(folder, 'a.csv'), table);
  writeFileSync(join(folder, 'old.json'), 'old');
  writeFileSync(join(folder, 'a.zip'), Buffer.from('504b030414000000', 'hex'));
  writeFileSync(join(folder, 'return.csv'), 'a,b\r1,2\r');
  symlinkSync('a.csv', join(folder, 'link.csv'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const command = ['--disable-warning=ExperimentalWarning', main];
const options = () => ({ cwd: folder, env: { ...process.env, TMPDIR: join(folder, 'tmp') } });
const sluice = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...command, ...args], {
    ...options(),
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};

const expected = {
  columns: {
    id: { type: 'integer', required: true, min: 0, max: 6 },
    kind: { type: 'enum', required: true, values: ['a', 'b'] },
  },
  ragged: 'reject',
};

describe('sluice schema infer', () => {
  it('prints the schema alone on standard output, the evidence on standard error', () => {
    const { status, stdout, stderr } = sluice('schema', 'infer', 'a.csv');
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${JSON.stringify(expected, undefined, 2)}\n` });
    expect(stderr).toMatch(
      /a\.csv: 40 rows, 2 columns[\s\S]* id +40 +0 +integer, required +likely: under 7\.5 % otherwise/,
    );
  });

  it('prints nothing else with --quiet', () => {
    const { status, stdout, stderr } = sluice('schema', 'infer', 'a.csv', '--quiet');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual(expected);
  });

  it('writes the schema into the file of --out, which a run takes without a reject', () => {
    expect(sluice('schema', 'infer', 'a.csv', '--out', 's.json', '--quiet')).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
    expect(readFileSync(join(folder, 's.json'), 'utf8')).toBe(`${JSON.stringify(expected, undefined, 2)}\n`);
    const { status, stdout } = sluice('run', 'a.csv', '--schema', 's.json', '--out', 'run', '--json', '--quiet');
    expect({ status, ...JSON.parse(stdout) }).toMatchObject({ status: 0, rows: 40, rejected: 0, done: 40 });
  });

  it('replaces a file only with --force', () => {
    const refused = sluice('schema', 'infer', 'a.csv', '--out', 'old.json');
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toMatch(
      /^sluice: --out: expected a new file, found one at old\.json \(--force replaces it\)\n$/,
    );
    expect(readFileSync(join(folder, 'old.json'), 'utf8')).toBe('old');
    expect(sluice('schema', 'infer', 'a.csv', '--out', 'old.json', '--force').status).toBe(0);
    expect(JSON.parse(readFileSync(join(folder, 'old.json'), 'utf8'))).toEqual(expected);
  });

  it.each(['a.csv', './a.csv', 'link.csv'])('never writes over the file that it reads (%s)', (out) => {
    const { status, stderr } = sluice('schema', 'infer', 'a.csv', '--out', out, '--force');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^sluice: --out: expected another file than the one that is read, found .*\n$/);
    expect(readFileSync(join(folder, 'a.csv'), 'utf8')).toBe(table);
  });

  it.each([
    ['a file that is not there', ['b.csv'], /expected a CSV file, found nothing at b\.csv/],
    ['a folder', ['tmp'], /expected a CSV file, found .+ at tmp/],
    ['a zip archive', ['a.zip'], /a\.zip: expected a CSV file, found a zip archive .*\(FILE_FORMAT\)/],
    ['line ends of CR alone', ['return.csv'], /return\.csv: expected lines that end with LF or CRLF/],
    ['a share above 1', ['a.csv', '--tolerate', '2'], /--tolerate: expected a share/],
    ['a folder that is not there', ['a.csv', '--out', 'no/s.json'], /--out: expected a file in a folder that is there/],
    ['a folder for a file', ['a.csv', '--out', 'tmp'], /--out: expected a file, found something else at tmp/],
    ['no file', [], /missing required argument 'file'/],
  ])('ends with 2 and one line for %s', (_, args, expected) => {
    const { status, stdout, stderr } = sluice('schema', 'infer', ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(expected);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it.each([
    ['SIGINT', 'long.csv'],
    ['SIGTERM', 'long.csv.gz'],
  ] as const)('ends with 1 on %s and leaves nothing behind', async (signal, file) => {
    const long = `a,b,c\n${'1,2,3\n'.repeat(600_000)}`;
    writeFileSync(join(folder, file), file.endsWith('.gz') ? gzipSync(long) : long);
    const watcher = watch(join(folder, 'tmp'));
    const began = once(watcher, 'change');
    const args = ['schema', 'infer', file, '--out', `${signal}.json`];
    const child = spawn(process.execPath, [...command, ...args], options());
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += String(text);
    });
    await began;
    watcher.close();
    child.kill(signal);
    const [status] = await once(child, 'close');
    expect(status).toBe(1);
    expect(stderr).toMatch(/\nsluice: interrupted before the file was read\n$/);
    expect(existsSync(join(folder, `${signal}.json`))).toBe(false);
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  });

  it('explains itself on standard output', () => {
    const { status, stdout, stderr } = sluice('schema', 'infer', '--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const option of [
      '--out',
      '--tolerate',
      '--delimiter',
      '--encoding',
      '--no-header',
      '--limit',
      '--force',
      '--quiet',
    ])
      expect(stdout).toContain(option);
  });
});
