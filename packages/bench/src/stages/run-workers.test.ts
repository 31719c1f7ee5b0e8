import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runWorkers } from './run-workers.ts';

let folder: string;
let paths: readonly string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  paths = [1, 2].map((worker) => {
    const path = join(folder, `events-${worker}.ndjson`);
    writeFileSync(path, `{"worker":${worker}}\n{"worker":${worker}}\n`);
    return path;
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs two workers whose handler has this body; `event` and `call`, from 1, are there. */
const run = (
  body: string,
  onReady = async (): Promise<void> => undefined,
  signal = new AbortController().signal,
  rounds = 1,
) => {
  const module = join(folder, 'handler.mjs');
  writeFileSync(module, `let call = 0; export const handler = async (event) => { call++; ${body} };`);
  return runWorkers({ stage: 'store-rows', module, url: 'http://127.0.0.1:1', paths, rounds, signal, onReady });
};

const settled = 'return { batchItemFailures: [] };';

describe('runWorkers', () => {
  it('measures processes that settle everything', async () => {
    const { seconds, cpuMicroseconds, peakMebibytes } = await run(settled);
    for (const figure of [seconds, cpuMicroseconds, peakMebibytes]) expect(figure).toBeGreaterThan(0);
  });

  it('counts the CPU of what is done while the clock runs, of all workers', async () => {
    const burn =
      'const used = () => { const { user, system } = process.cpuUsage(); return user + system; }; const end = used() + 100_000; while (used() < end);';
    // Three calls of each: the first comes before the clock starts.
    const { cpuMicroseconds } = await run(`${burn} ${settled}`);
    expect(cpuMicroseconds).toBeGreaterThanOrEqual(400_000);
    expect(cpuMicroseconds).toBeLessThan(600_000);
  });

  it('begins when what is to come before it is done', async () => {
    const flag = join(folder, 'ready');
    const check = `const { existsSync } = await import('node:fs'); if (existsSync(${JSON.stringify(flag)}) !== (call > 1)) throw new Error('too early or too late');`;
    await run(`${check} ${settled}`, async () => writeFileSync(flag, ''));
  });

  it('throws when a message came back', async () => {
    await expect(run("return { batchItemFailures: [{ itemIdentifier: 'first' }] };")).rejects.toThrow(
      'store-rows: expected no message to come back, found 6',
    );
  });

  it('goes through its events as often as it is told', async () => {
    const failing = "return { batchItemFailures: call > 1 ? [{ itemIdentifier: 'first' }] : [] };";
    await expect(run(failing, undefined, undefined, 3)).rejects.toThrow('found 12');
  });

  it('throws when a worker ends', async () => {
    await expect(run(`if (call > 1 && event.worker === 2) process.exit(3); ${settled}`)).rejects.toThrow(
      'expected a worker to go on, found that it ended (3)',
    );
  });

  it('ends its workers when it is called off', async () => {
    const controller = new AbortController();
    const called = run('await new Promise((resolve) => setTimeout(resolve, 60_000));', undefined, controller.signal);
    controller.abort();
    await expect(called).rejects.toThrow(/abort/i);
  });
});
