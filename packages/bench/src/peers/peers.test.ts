import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BenchContext, Contender } from '../experiment.ts';
import { cleanAndEnqueuePeers } from './clean-and-enqueue-peers.ts';
import { finishPeers } from './finish-peers.ts';
import { processPeers } from './process-peers.ts';
import { pythonEnvironment } from './python-environment.ts';
import { relayPeers } from './relay-peers.ts';
import { storePeers } from './store-peers.ts';

let context: BenchContext;
let python: string | undefined;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-peers-'));
  context = { folder, divisor: 2_000, signal: new AbortController().signal, note: () => undefined };
  python = await pythonEnvironment(context.note);
});
afterAll(() => rmSync(context.folder, { recursive: true, force: true }));

const named = (stage: string, peers: readonly Contender[]) =>
  peers.map((peer) => ({ name: `${stage}, ${peer.id}`, peer }));

// Each throws when the endpoint did not count what it was to carry.
describe('a peer carries every row', () => {
  it.each([
    ...named('clean and enqueue', cleanAndEnqueuePeers),
    ...named('store', storePeers),
    ...named('relay', relayPeers),
    ...named('process', processPeers),
    ...named('finish', finishPeers),
  ])('$name', async ({ peer }) => {
    const sample = await peer.run(context);
    if (python === undefined && peer.id.startsWith('python')) {
      expect(sample).toEqual({});
      return;
    }
    expect(sample).toEqual({
      rowsPerSecond: expect.any(Number),
      cpuMicrosecondsPerRow: expect.any(Number),
      peakMebibytes: expect.any(Number),
    });
    for (const value of Object.values(sample)) expect(value).toBeGreaterThan(0);
  });
});
