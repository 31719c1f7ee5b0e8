import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseInUse, lockFolder } from '@sluice/local-cloud/database';
import { expect, it, onTestFinished, vi } from 'vitest';
import { makeFolder } from './run-harness.ts';
import { openStateFolder } from './state-folder.ts';

/** What happens after each call to the file system, where another process can come in between. */
const between = vi.hoisted(() => ({ calls: (): void => undefined }));

vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs')>();
  const names = ['existsSync', 'readdirSync', 'statSync', 'mkdirSync'] as const;
  const watched = names.map((name) => {
    const call = fs[name] as (...args: readonly unknown[]) => unknown;
    return [
      name,
      (...args: readonly unknown[]): unknown => {
        try {
          return call(...args);
        } finally {
          between.calls();
        }
      },
    ];
  });
  return { ...fs, ...Object.fromEntries(watched) };
});

/** Another run that takes the folder after that many calls to the file system, unless this one has it by then. */
const comeAfter = (calls: number, out: string): void => {
  let left = calls;
  between.calls = () => {
    if (--left > 0) return;
    between.calls = () => undefined;
    mkdirSync(join(out, '.sluice'), { recursive: true });
    try {
      onTestFinished(lockFolder(join(out, '.sluice')));
    } catch (thrown) {
      if (!(thrown instanceof DatabaseInUse)) throw thrown;
    }
  };
};

it.each([
  ['was not there', false],
  ['was empty', true],
])('a folder that %s is in use as soon as another run has taken it, whichever moment that is', (_, isThere) => {
  const refusals: string[] = [];
  for (let calls = 1; calls === refusals.length + 1; calls++) {
    const out = join(makeFolder(), 'out');
    if (isThere) mkdirSync(out);
    comeAfter(calls, out);
    try {
      openStateFolder(out, '0123456789abcdef0123456789abcdef', false).close();
    } catch (thrown) {
      refusals.push(String(thrown).replace(out, 'OUT'));
    }
    between.calls = () => undefined;
  }
  expect(refusals.length).toBeGreaterThan(1);
  expect(new Set(refusals)).toEqual(new Set(['UsageError: --out: another run is at work in OUT']));
});
