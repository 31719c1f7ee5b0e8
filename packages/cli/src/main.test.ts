import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  writeFileSync(join(folder, 'a.csv'), 'a,b\n1,2\n3,4\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sluice = (...args: string[]) => {
  const command = ['--disable-warning=ExperimentalWarning', main, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: folder, encoding: 'utf8' });
  return { status, stdout, stderr };
};

describe('the command', () => {
  it('ends with 0 when every row is accounted for, and shows the ledger on standard error alone', () => {
    const { status, stdout, stderr } = sluice('run', 'a.csv');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toMatch(/COMPLETE[\s\S]*rows +2[\s\S]*done +2[\s\S]*missing +0/);
    expect(existsSync(join(folder, 'sluice-out', 'a.csv', 'report.json'))).toBe(true);
  });

  it('prints the report alone with --json, and nothing else with --quiet', () => {
    const { status, stdout, stderr } = sluice('run', 'a.csv', '--out', 'json', '--json', '--quiet');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual(JSON.parse(readFileSync(join(folder, 'json', 'report.json'), 'utf8')));
  });

  it('tells what struck and that all holds with --chaos, on standard error alone', () => {
    const { status, stdout, stderr } = sluice('run', 'a.csv', '--out', 'chaos', '--chaos', '1', '--quiet');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toMatch(/^chaos, seed 1: [\d,]+ faults struck [\d,]+ port calls; redriven and repaired \d+ times\n/);
    expect(stderr).toMatch(/ I1 +holds .*[\s\S]* rest +holds /);
  });

  it('ends with 1 when rows are held', () => {
    const code =
      "import { defineProcessor } from 'sluice'; export default defineProcessor({ name: 'x', process() { console.log('noise'); throw new Error('no'); } });";
    writeFileSync(join(folder, 'processor.ts'), code);
    const { status, stdout } = sluice('run', 'a.csv', '--processor', 'processor.ts', '--out', 'held', '--json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'HELD', dead: 2 });
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends with 1 on %s, with what is there written and the rest missing',
    async (signal) => {
      const code =
        "import { setTimeout } from 'node:timers/promises'; import { defineProcessor } from 'sluice'; export default defineProcessor({ name: 'slow', async process({ row }) { if (row === 1) console.log('at work'); await setTimeout(20); return { row }; } });";
      writeFileSync(join(folder, 'slow.ts'), code);
      writeFileSync(join(folder, 'long.csv'), `n\n${'1\n'.repeat(50_000)}`);
      const args = ['run', 'long.csv', '--processor', 'slow.ts', '--out', signal];
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], { cwd: folder });
      for await (const text of child.stderr) if (String(text).includes('at work')) break;
      child.kill(signal);
      const [status] = await once(child, 'exit');
      expect(status).toBe(1);
      const report = JSON.parse(readFileSync(join(folder, signal, 'report.json'), 'utf8')) as Record<string, number>;
      expect(report).toMatchObject({ verdict: 'INCOMPLETE', rows: 50_000 });
      expect(report['missing']).toBeGreaterThan(0);
      expect(report['missing']).toBe(50_000 - (report['done'] ?? 0));
    },
  );

  it('never lets a file name act on the terminal', () => {
    const name = 'a\u001b[31m\u202e.csv';
    writeFileSync(join(folder, name), 'a\n1\n');
    const { stderr } = sluice('run', name, '--out', 'odd');
    expect(stderr).toContain('a\\u{1b}[31m\\u{202e}.csv');
    for (const character of ['\u001b', '\u202e']) expect(stderr).not.toContain(character);
  });

  it.each([
    ['no command', [], /Usage: sluice/],
    ['a command that is none', ['walk'], /unknown command 'walk'/],
    ['no file', ['run'], /missing required argument 'file'/],
    ['a file that is not there', ['run', 'b.csv'], /expected a CSV file, found nothing at b\.csv/],
    ['a seed that is none', ['run', 'a.csv', '--chaos', 'x'], /--chaos: expected a whole number/],
    ['an option that is none', ['run', 'a.csv', '--fast'], /unknown option '--fast'/],
    ['an option that is mistyped', ['run', 'a.csv', '--jsn'], /unknown option '--jsn' \(Did you mean --json\?\)/],
    ['an option that acts on terminals', ['run', '-\u001b[31m'], /unknown option '-\\u\{1b\}\[31m'$/m],
    ['a second file', ['run', 'a.csv', 'b\n\u001b[31m'], /Expected 1 argument but got 2: a\.csv, b \\u\{1b\}\[31m/],
    ['a folder without a name', ['run', 'a.csv', '--out', ''], /--out: expected a folder, found ""/],
    [
      'a count that is none',
      ['run', 'a.csv', '--chunk-bytes', '1k'],
      /--chunk-bytes: expected a whole number .* found "1k"/,
    ],
    [
      'a delimiter of two characters',
      ['run', 'a.csv', '--delimiter', ';;'],
      /--delimiter: expected one ASCII character/,
    ],
    ['an encoding it cannot read', ['run', 'a.csv', '--encoding', 'ebcdic'], /--encoding: expected one of utf-8/],
    ['a share above 1', ['run', 'a.csv', '--max-rejected', '120%'], /--max-rejected: expected a share/],
    [
      'a folder that cannot be made',
      ['run', 'a.csv', '--out', 'a.csv/out'],
      /--out: expected a folder that can be written/,
    ],
  ])('ends with 2 and one line for %s', (_, args, expected) => {
    const { status, stdout, stderr } = sluice(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(expected);
    if (args.length > 0) expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('finds everything again that the demo put in', () => {
    const { status, stdout, stderr } = sluice('demo', '--rows', '9000', '--json');
    expect({ status, ...JSON.parse(stdout) }).toMatchObject({
      status: 0,
      verdict: 'COMPLETE',
      rows: 9_000,
      rejected: 9,
    });
    expect(stderr).toMatch(/rejected NOT_DECIMAL +1 +1 {2}ok/);
    expect(stderr).not.toContain('DIFFERENT');
  });

  it('explains itself on standard output', () => {
    const { status, stdout, stderr } = sluice('run', '--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const option of ['--schema', '--processor', '--out', '--rows-per-message', '--chunk-bytes', '--max-rejected'])
      expect(stdout).toContain(option);
  });
});
