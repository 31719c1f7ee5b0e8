import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandFailed, run, start } from './processes.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'e2e-processes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const shell = (script: string) => ({
  command: ['sh', '-c', script],
  cwd: folder,
  env: { PATH: process.env['PATH'] },
  output: join(folder, 'output.log'),
});
const never = new AbortController().signal;

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('a command', () => {
  it('keeps what it prints on both outputs, or apart', async () => {
    expect(await run({ ...shell('echo out; echo err >&2'), stdout: join(folder, 'stdout') }, never)).toBe(0);
    expect(readFileSync(join(folder, 'stdout'), 'utf8')).toBe('out\n');
    expect(readFileSync(join(folder, 'output.log'), 'utf8')).toBe('err\n');
  });

  it('fails with the end of what it printed, unless its status is allowed', async () => {
    const failed = run(shell('echo why; exit 3'), never);
    await expect(failed).rejects.toThrow('expected exit status 0, found 3');
    await expect(failed).rejects.toMatchObject({ output: 'why\n' });
    expect(await run(shell('exit 2'), never, [0, 2])).toBe(2);
  });

  it('fails when there is no such command', async () => {
    await expect(run({ ...shell(''), command: ['no-such-command'] }, never)).rejects.toThrow(CommandFailed);
  });

  it('ends with all that it started when the run is broken off', async () => {
    const controller = new AbortController();
    const pids = join(folder, 'pids');
    const running = run(shell(`sleep 600 & echo $! $$ > ${pids}.new; mv ${pids}.new ${pids}; wait`), controller.signal);
    const read = async (): Promise<number[]> => {
      for (;;) {
        try {
          return readFileSync(pids, 'utf8').trim().split(' ').map(Number);
        } catch {
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
    };
    const started = await read();
    controller.abort(new Error('broken off'));
    await expect(running).rejects.toThrow('broken off');
    expect(started).toHaveLength(2);
    expect(started.filter(isAlive)).toEqual([]);
  });

  it('is ended the hard way when it does not listen', async () => {
    const running = start(shell('trap "" TERM; sleep 0 & wait; while :; do :; done'));
    await running.stop(50);
    expect(await running.ended).toBeGreaterThanOrEqual(128);
  });
});
