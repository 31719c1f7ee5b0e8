import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RejectLine } from '@sluice/core/rejected-rows';
import { expect } from 'vitest';
import type { Report } from './report.ts';
import { run } from './run.ts';
import type { RunOptions } from './run-options.ts';

// Inputs that are hard to read, taken through the command, and what must hold of whatever comes out. For tests.

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

const folders = new Set<string>();

export const makeFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  folders.add(folder);
  return folder;
};

/** To be called after all tests of a file: those that run at once cannot clean up one by one. */
export const removeFolders = (): void => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
};

export type Ended = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

/** The command as a process of its own, in a folder, its standard input a pipe that brings nothing; `by` starts it. */
export const sluice = async (folder: string, args: readonly string[], by: readonly string[] = []): Promise<Ended> => {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
  const [command = '', ...rest] = [...by, ...node, main, ...args];
  const child = spawn(command, rest, { cwd: folder, timeout: 60_000, killSignal: 'SIGKILL' });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => {
    stdout += String(text);
  });
  child.stderr.on('data', (text) => {
    stderr += String(text);
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
};

/** Everything below a path with times and bytes, but what cannot be read; to be compared. */
const contentsOf = (path: string): readonly string[] => {
  const stats = lstatSync(path);
  const shown = `${path} ${stats.mode}`;
  try {
    if (stats.isDirectory()) return [shown, ...readdirSync(path).flatMap((name) => contentsOf(join(path, name)))];
    return [stats.isFile() ? `${shown} ${stats.mtimeMs} ${readFileSync(path, 'base64')}` : shown];
  } catch {
    return [shown];
  }
};

/** The line with which the command refuses, without its name. It ends with 2, says nothing else, and leaves all as it was. */
export const refusalIn = async (folder: string, args: readonly string[], by?: readonly string[]): Promise<string> => {
  const before = contentsOf(folder);
  const { status, stdout, stderr } = await sluice(folder, args, by);
  expect(stderr).toMatch(/^sluice: [^\p{Cc}\p{Cf}]+\n$/u);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(contentsOf(folder)).toEqual(before);
  return stderr.slice('sluice: '.length, -1);
};

/** The line with which a file of these bytes, `in.csv`, is refused. */
export const refusalOf = (content: string | Uint8Array, args: readonly string[] = []): Promise<string> => {
  const folder = makeFolder();
  writeFileSync(join(folder, 'in.csv'), content);
  return refusalIn(folder, ['run', 'in.csv', ...args]);
};

export type Row = { readonly row: number; readonly line: number; readonly status: string; readonly data: unknown };

export type Carried = {
  readonly report: Report;
  readonly rows: readonly Row[];
  readonly rejects: readonly RejectLine[];
  /** `data` of each row, as it stands in rows.ndjson. */
  readonly data: readonly string[];
  /** rows.ndjson and rejects.ndjson, to be compared. */
  readonly files: string;
};

/** The bytes of a rejected row are those between its offsets, which begin and end where lines do. */
const expectBytes = (reject: RejectLine, read: Buffer): void => {
  const { row, byteStart, byteEnd, raw, rawBase64, rawTruncated } = reject;
  const bytes = read.subarray(byteStart, byteEnd);
  const kept = raw === undefined ? Buffer.from(rawBase64 ?? '', 'base64') : Buffer.from(raw);
  // A cut may leave out the rest of a character.
  const isAllKept = rawTruncated === true ? kept.length > 64 * 1024 - 4 : kept.length === bytes.length;
  const dataStart = read.subarray(0, 3).equals(Buffer.from('\ufeff')) ? 3 : 0;
  const isLineStart = byteStart === dataStart || read[byteStart - 1] === 0x0a;
  const isLineEnd = /^(?:\r?\n|$)/.test(read.toString('latin1', byteEnd, byteEnd + 2));
  const isKept = kept.equals(bytes.subarray(0, kept.length));
  expect({ row, isAllKept, isKept, isLineStart, isLineEnd }).toEqual({
    row,
    isAllKept: true,
    isKept: true,
    isLineStart: true,
    isLineEnd: true,
  });
};

const expectRejects = (rejects: readonly RejectLine[], read: Buffer): void => {
  let [line, counted] = [1, 0];
  for (const reject of rejects) {
    for (; counted < reject.byteStart; counted++) line += read[counted] === 0x0a ? 1 : 0;
    expect([reject.row, reject.line]).toEqual([reject.row, line]);
    expectBytes(reject, read);
  }
};

/**
 * A file of these bytes as a run of this process. Every row is accounted for, once; rejected rows are held against the bytes
 * that were read, `decoded` where those are a copy.
 */
export const carry = async (
  content: string | Uint8Array,
  options: Partial<RunOptions> & { readonly rules?: unknown; readonly decoded?: string | Uint8Array } = {},
): Promise<Carried> => {
  const { rules, decoded = content, ...given } = options;
  const folder = makeFolder();
  const [file, schema, out] = [join(folder, 'in.csv'), join(folder, 'schema.json'), join(folder, 'out')];
  writeFileSync(file, content);
  if (rules !== undefined) writeFileSync(schema, JSON.stringify(rules));
  const all: RunOptions = {
    header: true,
    force: false,
    json: false,
    quiet: true,
    ...(rules === undefined ? {} : { schema }),
    ...given,
    file,
    out,
  };
  const { report } = await run(all, new AbortController().signal);
  const linesOf = (name: string): string[] =>
    readFileSync(join(out, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  const texts = linesOf('rows.ndjson');
  const rows = texts.map((line) => JSON.parse(line) as Row);
  const rejects = linesOf('rejects.ndjson').map((line) => JSON.parse(line) as RejectLine);
  expectRejects(rejects, Buffer.from(decoded));
  const numbers = [...rows, ...rejects].map(({ row }) => row).sort((a, b) => a - b);
  if (report.verdict === 'COMPLETE') expect(numbers).toEqual(Array.from({ length: report.rows }, (_, i) => i + 1));
  expect(readFileSync(file).equals(Buffer.from(content))).toBe(true);
  const data = texts.map((line) => /"data":(\{.*\}),"result":\{"filled"/.exec(line)?.[1] ?? line);
  return { report, rows, rejects, data, files: `${texts.join('\n')}\n\n${linesOf('rejects.ndjson').join('\n')}` };
};

/** Where a rejected row stands, and why. */
export const placeOf = ({ row, line, byteStart, byteEnd, code }: RejectLine) => ({
  row,
  line,
  byteStart,
  byteEnd,
  code,
});

export const utf16le = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le');
export const utf16be = (text: string): Buffer => utf16le(text).swap16();
