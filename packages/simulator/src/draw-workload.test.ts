import { parseProfiles } from '@sluice/split-file/profiles';
import { describe, expect, it } from 'vitest';
import { canaries } from './draw-cells.ts';
import { drawWorkload, smallWorkload } from './draw-workload.ts';
import { type ExpectedRow, expectFile } from './expected-rows.ts';
import type { FaultClass } from './fault-classes.ts';
import { createDraws } from './random.ts';
import type { Knobs, Workload } from './workload.ts';

const draw = (seed: number, knobs: Knobs = {}, isOn: (fault: FaultClass) => boolean = () => true): Workload =>
  drawWorkload(createDraws(seed, 'workload'), isOn, knobs);

const seeds = Array.from({ length: 600 }, (_, index) => index);
const workloads = seeds.map((seed) => draw(seed));
const uploads = workloads.flatMap((workload) => workload.uploads.map((upload) => ({ ...upload, workload })));

const rowsOf = (workload: Workload): readonly ExpectedRow[] =>
  workload.uploads.flatMap(({ bytes, key }) => {
    const expected = expectFile(bytes, key, workload.profiles);
    return expected.ends === 'read' ? expected.rows : [];
  });

describe('drawWorkload', () => {
  it('is a function of its draws, and takes no chance from elsewhere', () => {
    for (const seed of [1, 2, 3]) expect(draw(seed)).toEqual(draw(seed));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('has profiles that the pipeline takes', () => {
    for (const { profiles } of workloads) expect(parseProfiles(JSON.stringify(profiles))).toEqual(profiles);
  });

  it('keeps within what S3 takes for a key, and within the time of a run', () => {
    for (const { key, atSeconds, events } of uploads) {
      expect(Buffer.byteLength(key)).toBeLessThanOrEqual(1_024);
      expect(Buffer.byteLength(key)).toBeGreaterThan(0);
      expect(atSeconds).toBeGreaterThanOrEqual(0);
      expect(atSeconds).toBeLessThan(3_600);
      expect(events).toBeGreaterThanOrEqual(1);
    }
  });

  it('keeps what a knob leaves as the seed drew it', () => {
    for (const seed of seeds.slice(0, 100)) {
      const whole = draw(seed);
      for (const kept of [1, 2]) expect(draw(seed, { uploads: kept }).uploads).toEqual(whole.uploads.slice(0, kept));
      for (const records of [0, 1, 5]) {
        const cut = draw(seed, { records });
        expect(cut.uploads.map(({ bytes: _, ...upload }) => upload)).toEqual(
          whole.uploads.map(({ bytes: _, ...upload }) => upload),
        );
        for (const [index, { bytes }] of cut.uploads.entries()) {
          expect(whole.uploads[index]?.bytes.subarray(0, bytes.length)).toEqual(bytes);
        }
      }
      const once = draw(seed, { without: ['file-twice', 'key-reused'] }).uploads;
      expect(once.map(({ events }) => events)).toEqual(once.map(() => 1));
      expect(whole.uploads).toEqual(
        expect.arrayContaining(once.map((upload) => expect.objectContaining({ bytes: upload.bytes }))),
      );
    }
  });

  it('has no file that is refused, or has rows rejected for their bytes, where nothing is dirty', () => {
    for (const seed of seeds.slice(0, 200)) {
      const workload = draw(seed, {}, () => false);
      for (const { bytes, key } of workload.uploads) {
        expect(expectFile(bytes, key, workload.profiles).ends).not.toBe('refused');
      }
      const codes = new Set(rowsOf(workload).map((row) => (row.accepted ? 'accepted' : row.code)));
      for (const code of ['INVALID_UTF8', 'QUOTE_NOT_CLOSED', 'RECORD_TOO_LARGE', 'ROW_TOO_LARGE', 'FIELD_COUNT']) {
        expect(codes).not.toContain(code);
      }
    }
  });

  it('has every ending of a file, and every reason to reject a row that its columns know', () => {
    const ends = new Set(uploads.map(({ bytes, key, workload }) => expectFile(bytes, key, workload.profiles).ends));
    expect(ends).toEqual(new Set(['read', 'refused', 'ignored']));
    const codes = workloads.flatMap(rowsOf).map((row) => (row.accepted ? 'accepted' : row.code));
    expect([...new Set(codes)]).toEqual(
      expect.arrayContaining([
        ...['accepted', 'INVALID_UTF8', 'QUOTE_NOT_CLOSED', 'FIELD_COUNT', 'REQUIRED', 'NOT_INTEGER', 'NOT_DECIMAL'],
        ...['NOT_DATE', 'NOT_IN_VALUES', 'BELOW_MIN', 'ABOVE_MAX', 'TOO_LONG', 'PATTERN'],
      ]),
    );
    expect(codes.filter((code) => code === 'accepted').length).toBeGreaterThan(codes.length / 2);
  });

  it('cuts through line ends within quotes, through characters and at the ends of records', () => {
    const seen = { lineEnds: 0, characters: 0, recordEnds: 0 };
    for (const { bytes, key, workload } of uploads) {
      const expected = expectFile(bytes, key, workload.profiles);
      if (expected.ends !== 'read') continue;
      let start = expected.rows[0]?.byteStart ?? 0;
      for (const { byteStart, byteEnd } of expected.rows) {
        const cut = start + workload.chunkBytes;
        if (byteEnd < cut) continue;
        if (byteStart < cut && bytes.subarray(cut - 1, cut + 1).includes(10) && cut < byteEnd - 1) seen.lineEnds++;
        if (((bytes[cut] ?? 0) & 0xc0) === 0x80) seen.characters++;
        if (byteEnd - cut < 2) seen.recordEnds++;
        start = byteEnd + 1;
      }
    }
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(50);
  });

  it('brings files again: the same one, elsewhere, and others under its key within moments', () => {
    const pairs = workloads.flatMap((workload) =>
      workload.uploads.flatMap((left, index) =>
        workload.uploads.slice(index + 1).map((right) => [left, right] as const),
      ),
    );
    const are = (isSameKey: boolean, isSameBytes: boolean): number =>
      pairs.filter(
        ([left, right]) => (left.key === right.key) === isSameKey && left.bytes.equals(right.bytes) === isSameBytes,
      ).length;
    for (const count of [are(true, true), are(true, false), are(false, true)]) expect(count).toBeGreaterThan(10);
    const isQuick = ([left, right]: (typeof pairs)[number]): boolean =>
      left.key === right.key && !left.bytes.equals(right.bytes) && Math.abs(left.atSeconds - right.atSeconds) < 1;
    expect(pairs.filter(isQuick).length).toBeGreaterThan(10);
    expect(uploads.filter(({ events }) => events > 1).length).toBeGreaterThan(10);
  });

  it('is small enough for thirty milliseconds', () => {
    const sizes = workloads.map((workload) => rowsOf(workload).length).sort((left, right) => left - right);
    expect(sizes[sizes.length / 2]).toBeLessThan(60);
    for (const workload of workloads) {
      const chunks = workload.uploads.reduce(
        (sum, { bytes }) => sum + Math.min(40, bytes.length / workload.chunkBytes),
        0,
      );
      expect(chunks).toBeLessThan(250);
    }
  });

  it('has a canary in nearly every row', () => {
    const accepted = workloads.flatMap(rowsOf).flatMap((row) => (row.accepted ? [row] : []));
    const bare = accepted.filter(
      ({ values }) => values.length > 0 && !values.some((value) => canaries.test(String(value))),
    );
    expect(bare.length).toBeLessThan(accepted.length / 3);
  });
});

describe('smallWorkload', () => {
  it('has rows of every fate on both sides of the end of a chunk', () => {
    const { uploads: files, profiles, chunkBytes } = smallWorkload();
    expect(files).toHaveLength(1);
    const rows = rowsOf(smallWorkload());
    expect(rows.map((row) => [row.byteStart, row.accepted ? row.values : row.code])).toEqual([
      [12, [27182818281, 'cnry000001']],
      [35, [27182818282, 'cnry000002 "cnry000003"']],
      [76, 'NOT_INTEGER'],
      [97, [27182818283, '=cnry000005']],
      [121, 'QUOTE_NOT_CLOSED'],
      [145, [27182818285, 'cnry000007']],
    ]);
    expect([profiles.length, chunkBytes]).toEqual([1, 80]);
  });
});
