/** Checks that may be spent on making an input smaller. */
const triesMax = 4_000;

/**
 * A smaller input that still fails, by delta debugging: ever smaller parts are left out, then bytes are made plain letters.
 * `unitBytes` bytes stay together. `isFailing` is not called for the input itself. Ends early when `isOver` says so.
 */
export const shrink = async (
  input: Buffer,
  unitBytes: number,
  isFailing: (input: Buffer) => Promise<boolean>,
  isOver: () => boolean = () => false,
): Promise<Buffer> => {
  let smallest = input;
  let tries = 0;
  const take = async (candidate: Buffer): Promise<boolean> => {
    tries = isOver() ? triesMax : tries + 1;
    if (tries >= triesMax || !(await isFailing(Buffer.from(candidate)))) return false;
    smallest = candidate;
    return true;
  };

  const halved = (units: number): number => Math.floor(units / 2) * unitBytes;
  for (let size = halved(smallest.length / unitBytes + 1); size >= unitBytes && tries < triesMax; ) {
    let hasShrunk = false;
    for (let at = 0; at < smallest.length && tries < triesMax; ) {
      const without = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
      if (await take(without)) hasShrunk = true;
      else at += size;
    }
    if (!hasShrunk || size > unitBytes) size = size === unitBytes ? 0 : Math.max(unitBytes, halved(size / unitBytes));
  }

  const plain = Buffer.alloc(unitBytes);
  plain[0] = 0x61;
  for (let at = 0; at + unitBytes <= smallest.length && tries < triesMax; at += unitBytes) {
    if (smallest.subarray(at, at + unitBytes).equals(plain)) continue;
    const plainer = Buffer.from(smallest);
    plain.copy(plainer, at);
    await take(plainer);
  }
  return smallest;
};
