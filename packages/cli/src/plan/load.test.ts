import { packBytesMax } from '@sluice/core/pack';
import { describe, expect, it } from 'vitest';
import { loadOf } from './load.ts';
import { awsWiring, changePipeline, fileOf, settingsOf } from './plan-fixtures.ts';

const single = settingsOf({ wiring: changePipeline(awsWiring, { rowsPerMessage: 1 }) });

describe('what a file comes to', () => {
  it('is 32 chunks below 256 MiB, and one for each 8 MiB and the row they end with above it', () => {
    expect(loadOf(fileOf(558_000), settingsOf()).chunks).toBe(32);
    expect(loadOf(fileOf(100), settingsOf()).chunks).toBe(1);
    expect(loadOf(fileOf(1e9), settingsOf()).chunks).toBe(Math.ceil(90e9 / (8 * 1024 ** 2 + 45)));
  });

  it('is packs of at most 60 KiB, or of so many rows', () => {
    const load = loadOf(fileOf(558_000), settingsOf());
    expect(load.packBytes).toBeLessThanOrEqual(packBytesMax);
    expect(load.packBytes + load.tupleBytes).toBeGreaterThan(packBytesMax);
    expect(loadOf(fileOf(558_000), single)).toMatchObject({ packRows: 1, packs: 32 * Math.ceil(558_000 / 32) });
  });

  it('is a message of its own for a row above 60 KiB, and fewer rows a call', () => {
    const load = loadOf(fileOf(100, { bytes: 100 * 190 * 1024, columns: 1 }), settingsOf());
    expect(load.packRows).toBe(1);
    expect(load.rowsPerStore).toBe(5);
    expect(load.storeUnits).toBe(191);
    expect(loadOf(fileOf(100), settingsOf()).rowsPerStore).toBe(25);
  });

  it('takes the results for what finish-rows sees of an item, and the whole item for what the table counts', () => {
    const load = loadOf(fileOf(100, { bytes: 100 * 2_000 }), settingsOf({ resultBytes: 60 }));
    expect(load).toMatchObject({ storeUnits: 3, finishUnits: 3, finishPaceUnits: 1 });
  });

  it('of nothing is nothing', () => {
    expect(loadOf(fileOf(0), settingsOf())).toMatchObject({ chunks: 0, packs: 0, accepted: 0 });
    expect(loadOf(fileOf(10, { acceptedShare: 0 }), settingsOf())).toMatchObject({ chunks: 1, packs: 0, accepted: 0 });
  });
});
