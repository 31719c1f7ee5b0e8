const distance = (left: string, right: string): number => {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
};

/** Longer names are not compared: a proposal is a courtesy, and its cost grows with the square of the length. */
const comparedLengthMax = 100;

const folded = (name: string): string => name.toLowerCase().replace(/[\s_-]+/g, '');

/** The known name that a mistyped one most likely means (case, spaces, `_` and `-` ignored, at most a third of the letters wrong), or undefined. */
export const nearestName = (name: string, known: Iterable<string>): string | undefined => {
  const wanted = folded(name);
  if (wanted.length > comparedLengthMax) return undefined;
  let nearest: string | undefined;
  let nearestDistance = Math.floor(Math.max(3, wanted.length) / 3) + 1;
  for (const candidate of known) {
    const other = folded(candidate);
    if (other.length > comparedLengthMax) continue;
    const found = distance(wanted, other);
    if (found < nearestDistance) {
      nearest = candidate;
      nearestDistance = found;
    }
  }
  return nearest;
};
