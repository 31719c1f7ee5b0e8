import { SluiceError } from '../errors.ts';
import { textOfUnits, unitsOf } from '../fuzz/dirty-text.ts';
import { mutate } from '../fuzz/mutate.ts';
import { createRandom, type Random } from '../fuzz/random.ts';
import { attempt, type FuzzTarget, hold } from '../fuzz/target.ts';
import { compilePattern, patternTextLengthMax } from './pattern.ts';

const atoms = [
  'a',
  'a',
  'b',
  '.',
  '[ab]',
  '[^b]',
  '\\w',
  '\\d',
  'x',
  '(?:a|b)',
  '(?:a|a)',
  '\\p{L}',
  '\\s',
  'é',
  '',
  '\\b',
  '^',
  '$',
];
const quantifiers = ['', '', '*', '+', '?', '*?', '+?', '{2}', '{1,3}', '{0,20}', '{3,}', '{20}'];

/** Patterns with nested, overlapping and neighbouring repetitions, exact ones of any length among them. */
const drawPattern = (random: Random, depth: number): string =>
  random
    .list(1, random.pick([1, 3, 6]), () => {
      const isGroup = depth > 0 && random.oneIn(4);
      const group = (): string => {
        const alternatives = random.list(1, 3, () => drawPattern(random, depth - 1)).join('|');
        return `${random.pick(['(', '(?:', '(?<g>'])}${alternatives})`;
      };
      const quantifier = random.oneIn(8)
        ? `{${random.between(1, random.pick([30, 400, 60_000]))}}`
        : random.pick(quantifiers);
      return (isGroup ? group() : random.pick(atoms)) + quantifier;
    })
    .join(random.oneIn(12) ? '|' : '');

/** Repetitions of one thing, each of which takes what the next one needs. */
const drawRepetitions = (random: Random, lengthMax: number): string => {
  const atom = random.pick(['a', '[^b]', '.', '\\w', '(?:a|a)', '(?:aa|a)']);
  const exact = (): string => `{${random.between(1, random.pick([20, Math.ceil(lengthMax / 2)]))}}`;
  const open = random.list(1, 3, () => atom + random.pick(['*', '+', '{1,9}', '{20}', '{0,300}'])).join('');
  return open + atom + exact() + random.pick(['', 'b', '!']);
};

const oddPatterns = [
  '(?=a)',
  '(?!a)',
  '(?<=a)',
  '(?<!a)',
  '\\1',
  '\\k<g>',
  '[',
  '(',
  ')',
  '{',
  '\\',
  '\\u{1f600}',
  '[^]',
  '(?i:a)',
];

/** Texts that nearly match: long runs of one character, or of few, and something else at the end. */
const drawSubject = (random: Random, lengthMax: number): string => {
  const run = random.pick(['a', 'ab', 'b', 'aab', 'xa', '0', ' ', 'é', '\u{1f600}']);
  const tail = random.pick(['', 'c', '!', 'b', '\n', '\u{1f600}']);
  const length = Math.max(0, lengthMax - random.pick([0, 0, 0, random.below(lengthMax + 1)]) - tail.length);
  return run.repeat(Math.ceil(length / run.length)).slice(0, length) + tail;
};

export const target: FuzzTarget = {
  name: 'pattern',
  weight: 12,
  unitBytes: 2,
  secondsMax: 1,
  outcomes: ['refused', 'matches', 'does not match'],
  draw(random) {
    const maxLength = random.pick([undefined, undefined, 20, 100, 1_024, 5_000, 200_000]);
    const isPlain = random.oneIn(4);
    const plain = unitsOf(
      isPlain ? drawRepetitions(random, maxLength ?? patternTextLengthMax) : drawPattern(random, 3),
    );
    const isMutated = !isPlain && random.oneIn(5);
    const input = isMutated
      ? mutate(plain, random, () => unitsOf(random.pick([...oddPatterns, ...quantifiers, ...atoms])), 3)
      : plain;
    const subjectSeed = String(random.below(2 ** 30));
    return {
      kind: isPlain ? 'repetitions' : isMutated ? 'mutated' : 'grammar',
      input,
      options: { maxLength, subjectSeed },
      check(units, note) {
        const pattern = textOfUnits(units);
        const compiled = attempt('compilePattern throws SluiceErrors only', () =>
          compilePattern('pattern', pattern, maxLength),
        );
        if (compiled instanceof SluiceError) {
          hold('a refused pattern makes the schema invalid', compiled.code === 'SCHEMA_INVALID', () => compiled.code);
          return note('refused');
        }
        const subject = drawSubject(createRandom(subjectSeed), maxLength ?? patternTextLengthMax);
        note(compiled.test(subject) ? 'matches' : 'does not match');
      },
    };
  },
};
