import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BenchContext } from '../experiment.ts';
import { cleanAndEnqueue, cleanAndEnqueueFile } from './clean-and-enqueue.ts';
import { cleaningInput } from './cleaning-input.ts';
import { finish } from './finish.ts';
import { processRows } from './process.ts';
import { relay } from './relay.ts';
import { createStageContender } from './stage-contender.ts';
import { storeEvents } from './stage-events.ts';
import { store } from './store.ts';

let folder: string;
/** A hundred rows to store, 279 to clean. */
const tinyContext = (): BenchContext => ({
  folder,
  divisor: 2_000,
  signal: new AbortController().signal,
  note: () => undefined,
});

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ours = [cleanAndEnqueue, store, relay, processRows, finish].flatMap((experiment) =>
  experiment.contenders
    .filter(({ id }) => id.startsWith('sluice'))
    .map((contender) => ({ name: `${experiment.id}, ${contender.id}`, experiment, contender })),
);

describe('the stages over the null endpoint', () => {
  it('are seven of ours, the first of each experiment among them', () => {
    expect(ours.map(({ name }) => name)).toEqual([
      'clean-and-enqueue, sluice',
      'clean-and-enqueue, sluice-with-schema',
      'store, sluice',
      'relay, sluice',
      'process, sluice',
      'process, sluice-transactions',
      'finish, sluice',
    ]);
    for (const { experiment, contender } of ours) {
      expect(contender === experiment.contenders[0] || contender.isOurs).toBe(true);
    }
  });

  // What they check themselves: that the endpoint was asked for exactly what there is to do.
  it.each(ours)('$name comes to a figure for every measure', async ({ experiment, contender }) => {
    const sample = await contender.run(tinyContext());
    expect(Object.keys(sample)).toEqual(experiment.measures.map(({ name }) => name));
    for (const value of Object.values(sample)) expect(Number.isFinite(value) && value > 0).toBe(true);
  });

  it("clean the transactions also where there is a file of one's own", async () => {
    const [contender] = cleanAndEnqueue.contenders;
    expect(Object.keys(await contender.run({ ...tinyContext(), file: join(folder, 'none.csv') }))).toHaveLength(3);
  });

  it("clean a file of one's own", async () => {
    const { path } = await cleaningInput(tinyContext());
    const [contender] = cleanAndEnqueueFile(path).contenders;
    expect(Object.keys(await contender.run(tinyContext()))).toHaveLength(3);
  });

  it('are no figure when a row is missing', async () => {
    const contender = createStageContender({
      stage: 'store-rows',
      id: 'sluice',
      title: 'with a row too few',
      async events(context) {
        const { effect, ...events } = await storeEvents(context);
        return { ...events, effect: { ...effect, writes: effect.writes + 1 } };
      },
    });
    await expect(contender.run(tinyContext())).rejects.toThrow(/^store-rows: expected \d+ as writes, found \d+$/);
  });
});
