import type { Random } from './random.ts';

/** Changes of a kind that files meet: bits that flip, parts that go, come twice, change places or come from elsewhere. */
export const mutate = (bytes: Buffer, random: Random, drawToken: () => Buffer, changesMax = 8): Buffer => {
  let changed = Buffer.from(bytes);
  const range = (): [number, number] => {
    const start = random.below(changed.length + 1);
    const length = random.oneIn(4) ? random.below(changed.length + 1) : random.between(1, 6);
    return [start, Math.min(changed.length, start + length)];
  };
  const replace = (start: number, end: number, by: Buffer): void => {
    changed = Buffer.concat([changed.subarray(0, start), by, changed.subarray(end)]);
  };
  const changes: readonly (() => void)[] = [
    () => {
      const at = random.below(changed.length);
      changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
    },
    () => {
      changed[random.below(changed.length)] = random.below(256);
    },
    () => {
      const at = random.below(changed.length + 1);
      replace(at, at, drawToken());
    },
    () => {
      const [start, end] = range();
      replace(start, end, drawToken());
    },
    () => replace(...range(), Buffer.alloc(0)),
    () => {
      const [start, end] = range();
      const part = Buffer.from(changed.subarray(start, end));
      const at = random.below(changed.length + 1);
      replace(at, at, part);
    },
    () => {
      const [start, end] = range();
      const part = Buffer.from(changed.subarray(start, end));
      replace(start, end, Buffer.alloc(0));
      const at = random.below(changed.length + 1);
      replace(at, at, part);
    },
    () => replace(random.below(changed.length + 1), changed.length, Buffer.alloc(0)),
  ];
  for (let left = random.between(1, changesMax); left > 0 && changed.length > 0; left--) random.pick(changes)();
  return changed;
};

/** The beginning of one and the end of the other. */
export const splice = (left: Buffer, right: Buffer, random: Random): Buffer =>
  Buffer.concat([left.subarray(0, random.below(left.length + 1)), right.subarray(random.below(right.length + 1))]);
