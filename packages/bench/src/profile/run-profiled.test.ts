import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeDemoFile } from 'sluice/demo-file';
import { expect, it, onTestFinished } from 'vitest';
import { demoOptions } from '../local/sluice-command.ts';
import { runProfiled } from './run-profiled.ts';

it('profiles every thread of a run, places nearly all of the time, and leaves nothing behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-profile-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'transactions.csv');
  writeDemoFile(file, 4_000);
  const { report, threads } = await runProfiled(file, demoOptions, folder);
  expect(report).toMatchObject({ verdict: 'COMPLETE', rows: 4_000 });
  expect(threads.map(({ thread }) => thread).sort()).toEqual(['main', 'processing', 'reading']);
  const main = threads.find(({ thread }) => thread === 'main');
  expect([...(main?.byCategory.keys() ?? [])]).toEqual(
    expect.arrayContaining(['SQLite write', 'export of results', 'module loading']),
  );
  for (const { byCategory, microseconds } of threads) {
    expect((byCategory.get('unknown') ?? 0) / microseconds).toBeLessThan(0.05);
  }
  expect(readdirSync(folder)).toEqual(['transactions.csv']);
});
