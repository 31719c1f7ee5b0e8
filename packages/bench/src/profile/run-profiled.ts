import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Report } from 'sluice/report';
import { sluiceCommand } from '../local/sluice-command.ts';
import type { CpuProfile } from './cpu-profile.ts';
import { sumProfile, type ThreadTimes, workerName } from './sum-profile.ts';

export type Profiled = { readonly report: Report; readonly threads: readonly ThreadTimes[] };

/** Node's own name for a profile: `CPU.<date>.<time>.<pid>.<thread>.<number>.cpuprofile`; the main thread is 0. */
const threadOf = (name: string): number => Number(name.split('.')[4]);

const readThread = async (path: string, thread: number): Promise<ThreadTimes> => {
  const times = sumProfile('main', JSON.parse(await readFile(path, 'utf8')) as CpuProfile);
  return thread === 0 ? times : { ...times, thread: workerName(times) };
};

/** `sluice run` with a profiler in each of its threads; `folder` takes what is in between, and is as it was afterwards. */
export const runProfiled = async (
  file: string,
  options: readonly string[],
  folder: string,
  signal?: AbortSignal,
): Promise<Profiled> => {
  const own = await mkdtemp(join(folder, 'profile-'));
  const profiles = join(own, 'profiles');
  try {
    const args = [...sluiceCommand, 'run', file, '--out', join(own, 'out'), '--json', '--quiet', ...options];
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      // The workers' own arguments take the place of the process's, and have none of the profiler's.
      env: { ...process.env, NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiles}` },
      signal,
    });
    const closed = once(child, 'close') as Promise<[status: number | null]>;
    const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
    if (status !== 0) throw new Error(`expected exit status 0, found ${status}: ${stderr.trim()}`);
    const names = (await readdir(profiles)).filter((name) => name.split('.')[3] === String(child.pid));
    const inOrder = names.sort((a, b) => threadOf(a) - threadOf(b));
    const threads: ThreadTimes[] = [];
    for (const name of inOrder) threads.push(await readThread(join(profiles, name), threadOf(name)));
    return { report: JSON.parse(stdout) as Report, threads };
  } finally {
    await rm(own, { recursive: true, force: true });
  }
};
