import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { writeDemoFile } from 'sluice/demo-file';
import { countText } from 'sluice/terminal-text';
import { demoOptions } from '../local/sluice-command.ts';
import { renderProfile, renderProfileMarkdown } from './render-profile.ts';
import { runProfiled } from './run-profiled.ts';

// What the time of a whole local run goes to, thread by thread: `make profile`, over the demo's file or one of yours.
// A profiler tells which function was running, not whether the processor was at work for it: measure on a machine that is idle.

const demoRows = 558_000;

const profile = async (file: string | undefined, rows: number, folder: string): Promise<void> => {
  const demo = join(folder, 'transactions.csv');
  if (file === undefined) writeDemoFile(demo, rows);
  const options = file === undefined ? demoOptions : [];
  const { report, threads } = await runProfiled(file === undefined ? demo : resolve(file), options, folder);
  const { verdict, seconds, rows: found } = report;
  const title = `${verdict}, ${countText(found)} rows in ${seconds.toFixed(1)} s with the profiler at work`;
  const table = renderProfile(threads, found);
  process.stdout.write(`${title}\n\n${table}\nIn Markdown:\n\n${renderProfileMarkdown(threads, found)}`);
};

const folder = mkdtempSync(join(tmpdir(), 'sluice-profile-'));
try {
  const command = new Command('profile').option('--rows <number>', 'rows of the demo', String(demoRows));
  command.argument('[file]').parse();
  const [file] = command.args;
  await profile(file === '' ? undefined : file, Number(command.opts<{ rows: string }>().rows), folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
