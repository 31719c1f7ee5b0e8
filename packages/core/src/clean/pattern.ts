import { SluiceError } from '../errors.ts';

/** Texts longer than this (in UTF-16 units) are not tried against a pattern unless the column's `maxLength` allows more. */
export const patternTextLengthMax = 1_024;

/**
 * The most ways a pattern may have to match one text; a backtracking engine tries them all in the worst case. 2^20 is
 * two open repetitions (`+`, `*`) over 1,024 characters: measured, 1.5 ms for the worst such field, and 25 ms for the
 * worst pattern of bounded alternatives.
 */
export const patternWaysMax = 2 ** 20;

/**
 * The most characters a pattern may look at in one text, over all the ways: few ways can be long ones, as in `.*.{50000}`.
 * Measured: 50 ms for the worst such field, 0.4 s where its characters are beyond U+FFFF.
 */
export const patternStepsMax = 2 ** 24;

/** Characters of a pattern. The engine compiles one when it meets its first text, and throws there for some that are ten times as long. */
const patternLengthMax = 2_000;

/** Groups within groups. Far above any pattern, and far below what fills the stack. */
const depthMax = 100;

/** What a part of a pattern costs at most: in how many ways it can match, and how many characters all of them look at. */
type Cost = { readonly ways: number; readonly steps: number };

/** The cost for texts of a length. Overlaps are not looked at, so it is never too low. */
type CostOf = (textLength: number) => Cost;

const one: CostOf = () => ({ ways: 1, steps: 1 });

/**
 * Compiles a column's pattern: an ECMAScript regular expression with the `u` flag that must match the whole text.
 * Throws SCHEMA_INVALID, its message beginning with `where`, for what is not valid, for look-around and
 * back-references, and for what may backtrack for long on a text of `maxLength` code points (1,024 UTF-16 units when
 * undefined), such as the nested quantifiers of `(a+)+`.
 */
export const compilePattern = (where: string, pattern: string, maxLength: number | undefined): RegExp => {
  if (pattern.length > patternLengthMax) {
    throw new SluiceError(
      'SCHEMA_INVALID',
      `${where} is longer than ${patternLengthMax} characters, found ${pattern.length}; list many texts as "values" of type enum`,
    );
  }
  // Alone first: `a)|(b` would become valid inside the group that anchors it.
  const complaint = complaintOf(pattern);
  if (complaint !== undefined) {
    throw new SluiceError(
      'SCHEMA_INVALID',
      `${where} is not a valid regular expression (ECMAScript syntax with the u flag): ${complaint}`,
    );
  }
  const costOf = readCost(where, pattern);
  const isCheap = (length: number): boolean => {
    const { ways, steps } = costOf(length);
    return ways <= patternWaysMax && steps <= patternStepsMax;
  };
  const textLength = maxLength ?? patternTextLengthMax;
  if (isCheap(textLength)) return new RegExp(`^(?:${pattern})$`, 'u');
  const enough = [500, 250, 100, 50, 20].find((length) => length < textLength && isCheap(length));
  throw new SluiceError(
    'SCHEMA_INVALID',
    enough === undefined
      ? `${where} may take forever on some texts, because it repeats a part that can itself match in several ways; ` +
          'take the quantifiers and alternatives out of the repeated part, or give each repetition a small upper bound such as {1,20}'
      : `${where} may take long on texts of ${textLength} characters; give the column a maxLength of at most ${enough}, ` +
          'or give the open repetitions an upper bound such as {1,20}',
  );
};

/** What the engine has against a pattern, without the pattern. */
const complaintOf = (pattern: string): string | undefined => {
  try {
    new RegExp(pattern, 'u');
    return undefined;
  } catch (thrown) {
    const [, complaint] = /\/u: (.*)$/s.exec(thrown instanceof Error ? thrown.message : '') ?? [];
    return complaint ?? 'check brackets and escapes';
  }
};

// Reads a pattern that RegExp has accepted, so only its structure matters here, not its validity.
const readCost = (where: string, pattern: string): CostOf => {
  let at = 0;
  let depth = 0;

  const refuse = (problem: string): never => {
    throw new SluiceError('SCHEMA_INVALID', `${where} ${problem}`);
  };

  const readAlternatives = (): CostOf => {
    const alternatives: CostOf[] = [readSequence()];
    while (pattern[at] === '|') {
      at += 1;
      alternatives.push(readSequence());
    }
    return (length) => {
      const costs = alternatives.map((costOf) => costOf(length));
      return {
        ways: costs.reduce((sum, { ways }) => sum + ways, 0),
        steps: costs.reduce((sum, { steps }) => sum + steps, 0),
      };
    };
  };

  const readSequence = (): CostOf => {
    const parts: CostOf[] = [];
    while (at < pattern.length && pattern[at] !== '|' && pattern[at] !== ')') parts.push(readQuantified(readAtom()));
    return (length) => {
      let ways = 1;
      let steps = 0;
      for (const costOf of parts) {
        const part = costOf(length);
        // Each way to come here looks at this part anew.
        steps += ways * part.steps;
        ways *= part.ways;
      }
      return { ways, steps };
    };
  };

  const readAtom = (): CostOf => {
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

  const readGroup = (): CostOf => {
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
    depth += 1;
    if (depth > depthMax) refuse(`has groups more than ${depthMax} deep; write it with fewer`);
    const costOf = readAlternatives();
    depth -= 1;
    at += 1;
    return costOf;
  };

  const readQuantified = (costOf: CostOf): CostOf => {
    const quantifier = /^(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})\??/.exec(pattern.slice(at));
    if (quantifier === null) return costOf;
    at += quantifier[0].length;
    const [symbol, lower, comma, upper] = quantifier;
    const least = symbol[0] === '+' ? 1 : Number(lower ?? 0);
    const open = symbol[0] === '+' || symbol[0] === '*' || (comma !== undefined && upper === '');
    const most = symbol[0] === '?' ? 1 : Number(comma === undefined ? lower : upper);
    return (length) => {
      const { ways, steps } = costOf(length);
      const ends = open ? length : most - least + 1;
      const times = open ? Math.max(length, least) : most;
      if (ways === 1) return { ways: ends, steps: times * steps };
      return { ways: ends * ways ** times, steps: (steps * (ways ** times - 1)) / (ways - 1) };
    };
  };

  return readAlternatives();
};
