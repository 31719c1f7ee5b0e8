import { SluiceError } from '../errors.ts';

/** Texts longer than this (in UTF-16 units) are not tried against a pattern unless the column's `maxLength` allows more. */
export const patternTextLengthMax = 1_024;

/**
 * The most ways a pattern may have to match one text; a backtracking engine tries them all in the worst case. 2^20 is
 * two open repetitions (`+`, `*`) over 1,024 characters: measured, 1.5 ms for the worst such field, and 25 ms for the
 * worst pattern of bounded alternatives.
 */
export const patternWaysMax = 2 ** 20;

/** How many ways a part of a pattern can match, for texts of a length. Overlaps are not looked at, so it is never too low. */
type Ways = (textLength: number) => number;

const one: Ways = () => 1;

/**
 * Compiles a column's pattern: an ECMAScript regular expression with the `u` flag that must match the whole text.
 * Throws SCHEMA_INVALID, its message beginning with `where`, for what is not valid, for look-around and
 * back-references, and for what may backtrack for long on a text of `maxLength` code points (1,024 UTF-16 units when
 * undefined), such as the nested quantifiers of `(a+)+`.
 */
export const compilePattern = (where: string, pattern: string, maxLength: number | undefined): RegExp => {
  // Alone first: `a)|(b` would become valid inside the group that anchors it.
  if (!isValid(pattern)) {
    throw new SluiceError(
      'SCHEMA_INVALID',
      `${where} is not a valid regular expression (ECMAScript syntax with the u flag); check brackets and escapes`,
    );
  }
  const ways = readWays(where, pattern);
  const textLength = maxLength ?? patternTextLengthMax;
  if (ways(textLength) <= patternWaysMax) return new RegExp(`^(?:${pattern})$`, 'u');
  const enough = [500, 250, 100, 50, 20].find((length) => length < textLength && ways(length) <= patternWaysMax);
  throw new SluiceError(
    'SCHEMA_INVALID',
    enough === undefined
      ? `${where} may take forever on some texts, because it repeats a part that can itself match in several ways; ` +
          'take the quantifiers and alternatives out of the repeated part, or give each repetition a small upper bound such as {1,20}'
      : `${where} may take long on texts of ${textLength} characters; give the column a maxLength of at most ${enough}, ` +
          'or give the open repetitions an upper bound such as {1,20}',
  );
};

const isValid = (pattern: string): boolean => {
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch {
    return false;
  }
};

// Reads a pattern that RegExp has accepted, so only its structure matters here, not its validity.
const readWays = (where: string, pattern: string): Ways => {
  let at = 0;

  const refuse = (problem: string): never => {
    throw new SluiceError('SCHEMA_INVALID', `${where} ${problem}`);
  };

  const readAlternatives = (): Ways => {
    const alternatives: Ways[] = [readSequence()];
    while (pattern[at] === '|') {
      at += 1;
      alternatives.push(readSequence());
    }
    return (length) => alternatives.reduce((sum, ways) => sum + ways(length), 0);
  };

  const readSequence = (): Ways => {
    const parts: Ways[] = [];
    while (at < pattern.length && pattern[at] !== '|' && pattern[at] !== ')') {
      const part = readQuantified(readAtom());
      if (part !== one) parts.push(part);
    }
    return (length) => parts.reduce((product, ways) => product * ways(length), 1);
  };

  const readAtom = (): Ways => {
    const character = pattern[at];
    if (character === '(') return readGroup();
    if (character === '[') {
      at += 1;
      while (pattern[at] !== ']') at += pattern[at] === '\\' ? 2 : 1;
    } else if (character === '\\') {
      at += 1;
      const escaped = pattern[at] ?? '';
      if (/[1-9k]/.test(escaped)) refuse('refers back to a group, which is not supported; write that part out');
      if (/[pPu]/.test(escaped) && pattern[at + 1] === '{') at = pattern.indexOf('}', at);
    }
    at += 1;
    return one;
  };

  const readGroup = (): Ways => {
    const opening = /^\((?:\?(?:<[^=!][^>]*>|[^<]))?/.exec(pattern.slice(at))?.[0];
    if (
      opening === undefined ||
      opening === '(?=' ||
      opening === '(?!' ||
      pattern.startsWith('(?<=', at) ||
      pattern.startsWith('(?<!', at)
    ) {
      return refuse('looks ahead or behind, which is not supported; write the allowed texts as alternatives');
    }
    at += opening.length;
    const ways = readAlternatives();
    at += 1;
    return ways;
  };

  const readQuantified = (ways: Ways): Ways => {
    const quantifier = /^(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})\??/.exec(pattern.slice(at));
    if (quantifier === null) return ways;
    at += quantifier[0].length;
    const [symbol, lower, comma, upper] = quantifier;
    const least = symbol[0] === '+' ? 1 : Number(lower ?? 0);
    const open = symbol[0] === '+' || symbol[0] === '*' || (comma !== undefined && upper === '');
    const most = symbol[0] === '?' ? 1 : Number(comma === undefined ? lower : upper);
    return (length) => {
      const inner = ways(length);
      const ends = open ? length : most - least + 1;
      return inner === 1 ? ends : ends * inner ** (open ? Math.max(length, least) : most);
    };
  };

  return readAlternatives();
};
