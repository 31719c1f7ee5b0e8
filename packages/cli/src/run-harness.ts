import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Report } from './report.ts';
import type { RunResult, RunSeams } from './run.ts';
import { run } from './run.ts';
import type { RunOptions } from './run-options.ts';

// Runs for tests, in this process and in processes that can be killed.

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

export const makeFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

export const write = (path: string, content: string | Uint8Array): string => {
  writeFileSync(path, content);
  return path;
};

/** The command as a run of this process. */
export const carry = (
  file: string,
  out: string,
  options: Partial<RunOptions> = {},
  seams?: RunSeams,
  signal: AbortSignal = new AbortController().signal,
): Promise<RunResult> => {
  const all: RunOptions = { header: true, force: false, json: false, quiet: true, ...options, file, out };
  return run(all, signal, seams);
};

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

export type Command = { readonly process: ChildProcess; readonly ended: Promise<number | string>; stderr(): string };

/** The command as a process of its own; `ended` tells its exit status, or the signal that ended it. */
export const startCommand = (...args: readonly string[]): Command => {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.add(child);
  let said = '';
  child.stderr.on('data', (text) => {
    said += String(text);
  });
  const ended = once(child, 'close').then(([status, signal]) => {
    children.delete(child);
    return (status ?? signal) as number | string;
  });
  return { process: child, ended, stderr: () => said };
};

export const readReport = (out: string): Report => JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as Report;

/** What a run left, by file, as far as two runs over the same rows leave the same. */
export type Outcome = Readonly<Record<string, string>>;

const deadNames = ['row', 'stage', 'code', 'message'];

/**
 * The files of a run, but for what is its own: times, memory and work done in the report, and how often dead rows were tried. A few of
 * them that come alone look like an outage or not, as they happen to come.
 */
export const outcomeOf = (out: string): Outcome => {
  const read = (name: string): string => readFileSync(join(out, name), 'utf8');
  const { seconds: _, rowsPerSecond: __, peakRssBytes: ___, stages: ____, ...report } = readReport(out);
  const dead = read('dead.ndjson').split('\n');
  return {
    'report.json': JSON.stringify(report, undefined, 2),
    'rows.ndjson': read('rows.ndjson'),
    'rejects.ndjson': read('rejects.ndjson'),
    'dead.ndjson': dead.map((line) => line && JSON.stringify(JSON.parse(line), deadNames)).join('\n'),
  };
};

/** Where the files of `found` first differ from those of `expected`, which need not be all of them; undefined where they do not. */
export const differenceOf = (found: Outcome, expected: Outcome): string | undefined => {
  for (const [name, text] of Object.entries(expected)) {
    if (found[name] === text) continue;
    const [lines, wanted] = [(found[name] ?? '').split('\n'), text.split('\n')];
    let at = 0;
    while (lines[at] === wanted[at]) at++;
    return `${name}, line ${at + 1}: expected ${wanted[at] ?? 'no more'}, found ${lines[at] ?? 'no more'}`;
  }
  return undefined;
};

/** Runs `then` once `is` holds. */
export const until = async (is: () => boolean): Promise<void> => {
  while (!is()) await new Promise((resolve) => setTimeout(resolve, 5));
};

export const untilThere = (path: string): Promise<void> => until(() => existsSync(path));

/** Numbers in [0, 1) from a seed. Source: Park and Miller, "Random number generators: good ones are hard to find" (revised). */
export const createRandom = (seed: number): (() => number) => {
  const modulus = 2 ** 31 - 1;
  let state = 1 + (seed % (modulus - 1));
  return () => {
    state = (state * 48_271) % modulus;
    return state / modulus;
  };
};

/**
 * A file with rows of every fate: `rows` of them, of which some cannot be cleaned, some the processor refuses and some it
 * never gets through; and that processor. Row `at` does what the code `then` says, while the file `flag` is there.
 */
export const writeRowsOfEveryFate = (folder: string, rows: number, at = 0, then = '') => {
  const row = (n: number): string => {
    if (n % 97 === 0) return `${n},x\n`;
    if (n % 101 === 0) return `${n},"two\nlines, and ""quotes""",z\n`;
    return `${n},the text of row ${n},z\n`;
  };
  const flag = join(folder, 'flag');
  const file = write(
    join(folder, 'rows.csv'),
    `n,text,more\n${Array.from({ length: rows }, (_, i) => row(i + 1)).join('')}"open`,
  );
  const processor = write(
    join(folder, 'processor.ts'),
    `import * as fs from 'node:fs';
    import { defineProcessor, permanent } from 'sluice';
    const flag = ${JSON.stringify(flag)};
    export default defineProcessor({
      name: 'every fate',
      async process({ row }) {
        if (row === ${at} && fs.existsSync(flag)) { ${then} }
        if (row % 301 === 0) throw permanent('NEVER', 'no');
        if (row % 2003 === 0) throw new Error('not now');
        return { row };
      },
    });`,
  );
  return { file, processor, flag };
};

/** The folder of a disk of its own; undefined where mounting one is not allowed. */
export const mountDisk = (mebibytes: number): string | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const folder = makeFolder();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder]);
  if (mounted.status !== 0) return undefined;
  onTestFinished(() => void spawnSync('umount', ['-l', folder]));
  return folder;
};
