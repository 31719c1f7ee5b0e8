import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const command = fileURLToPath(new URL('./command.ts', import.meta.url));
const run = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', command, ...args],
    { encoding: 'utf8', env: { ...process.env, SLUICE_BENCH_FILE: undefined } },
  );
  return { status, stdout, stderr };
};

describe('the command', () => {
  it('names the experiments there are when it is asked for another', () => {
    const { status, stdout, stderr } = run('--quick', '--only', 'store,no\u{1b}such');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^bench: expected one of .*store, .*scaling.*, found no\\u\{1b\}such\n$/);
  });

  it.each([
    ['a file that is not there', ['--file', '/nowhere.csv'], 'expected a CSV file'],
    ['a number of rounds that is none', ['--repeat', '0'], 'expected 1 to 100, found 0'],
  ])('ends with status 2 for %s', (_, args, expected) => {
    const { status, stderr } = run(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(expected);
  });
});
