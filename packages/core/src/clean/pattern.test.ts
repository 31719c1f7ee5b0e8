import { describe, expect, it } from 'vitest';
import { SluiceError } from '../errors.ts';
import { compilePattern, patternTextLengthMax } from './pattern.ts';

const refused = (message: string): SluiceError => new SluiceError('SCHEMA_INVALID', `pattern ${message}`);

describe('compilePattern', () => {
  it.each([
    ['\\d{6}', '536365', '5363651'],
    ['\\d{6}', '536365', 'x536365'],
    ['a|b', 'b', 'ab'],
    ['C?A?\\d{6}', 'C536365', 'CC536365'],
    ['[A-Za-z0-9_-]+', 'a_b-9', 'a b'],
    ['\\p{Lu}\\p{Ll}+', 'Édouard', 'édouard'],
    ['.', '😀', '😀😀'],
    ['[\\]a]{2}', 'a]', 'a['],
    ['(?:GB|FR)-(?<digits>\\d+)', 'FR-12', 'DE-12'],
    ['\\u{1f600}x', '😀x', 'x'],
    ['[^@]{1,64}@[^@]{1,64}', 'a@b', 'a@b@c'],
    ['', '', 'a'],
  ])('matches the whole text with %j', (pattern, matching, other) => {
    const regExp = compilePattern('pattern', pattern, undefined);
    expect(regExp.test(matching)).toBe(true);
    expect(regExp.test(other)).toBe(false);
  });

  it.each([
    ['(', 'Unterminated group'],
    ['[a:/', 'Unterminated character class'],
    ['a)|(b', "Unmatched ')'"],
    ['*', 'Nothing to repeat'],
    ['\\', '\\ at end of pattern'],
    ['\\-', 'Invalid escape'],
    ['a{2,1}', 'numbers out of order in {} quantifier'],
    ['{', 'Lone quantifier brackets'],
    ['(?<a>x)(?<a>y)', 'Duplicate capture group name'],
    ['(?i)a', 'Invalid group'],
  ])('refuses %j, which is no regular expression, and says why', (pattern, why) => {
    expect(() => compilePattern('pattern', pattern, undefined)).toThrow(
      refused(`is not a valid regular expression (ECMAScript syntax with the u flag): ${why}`),
    );
  });

  it('refuses a pattern that is too long to be compiled, before any row meets it', () => {
    const longest = 'q'.repeat(2_000);
    expect(compilePattern('pattern', longest, 5_000).test(longest)).toBe(true);
    for (const length of [2_001, 33_000]) {
      expect(() => compilePattern('pattern', 'q'.repeat(length), 5_000)).toThrow(
        refused(`is longer than 2000 characters, found ${length}; list many texts as "values" of type enum`),
      );
    }
  });

  it.each([
    '(a+)+',
    '(a*)*',
    '(?:a+b?)*',
    '([a-z]+\\d?)+x',
    '(a|a)*',
    '(a|ab)*c',
    '((a{1,3}){2,})+',
    '(.*){25}',
    '(a?){40}a{40}',
    '(\\(+)+',
  ])('refuses %j, which could match in too many ways', (pattern) => {
    expect(() => compilePattern('pattern', pattern, undefined)).toThrow(
      refused(
        'may take forever on some texts, because it repeats a part that can itself match in several ways; ' +
          'take the quantifiers and alternatives out of the repeated part, or give each repetition a small upper bound such as {1,20}',
      ),
    );
  });

  it.each([
    [
      '[^b]*[^b]{52691}',
      200_000,
      /may take long on texts of 200000 characters; give the column a maxLength of at most 250/,
    ],
    ['a*a*a{300}b', undefined, /may take long on texts of 1024 characters; give the column a maxLength of at most 100/],
    ['(?:a{367}\\p{L}{20}|a{2}){20}', 5_000, /may take forever on some texts/],
  ])('refuses %j, which could match in few ways that are long each', (pattern, maxLength, message) => {
    expect(() => compilePattern('pattern', pattern, maxLength)).toThrow(message);
  });

  it.each(['.*,.*', '(?:a|a){20}', 'a{60000}', '[^b]*x', '(?:ab?){18}'])(
    'takes %j, whose ways are short',
    (pattern) => {
      expect(() => compilePattern('pattern', pattern, undefined)).not.toThrow();
    },
  );

  it('proposes the maxLength with which open repetitions are cheap', () => {
    const pattern = '[^@ ]+@[^@ ]+\\.[a-z]+';
    expect(() => compilePattern('pattern', pattern, undefined)).toThrow(
      refused(
        'may take long on texts of 1024 characters; give the column a maxLength of at most 100, ' +
          'or give the open repetitions an upper bound such as {1,20}',
      ),
    );
    expect(compilePattern('pattern', pattern, 100).test('a@b.cc')).toBe(true);
  });

  it('weighs open repetitions by the maxLength that the column has', () => {
    expect(() => compilePattern('pattern', '.*,.*', patternTextLengthMax)).not.toThrow();
    expect(() => compilePattern('pattern', '.*,.*', patternTextLengthMax + 1)).toThrow(/maxLength of at most 500/);
  });

  it.each(['(a)\\1', '(?<x>a)\\k<x>'])('refuses the back-reference in %j', (pattern) => {
    expect(() => compilePattern('pattern', pattern, undefined)).toThrow(
      refused('refers back to a group, which is not supported; write that part out'),
    );
  });

  it.each(['(?=a)a', '(?!a)b', 'a(?<=a)', 'a(?<!b)'])('refuses the look-around in %j', (pattern) => {
    expect(() => compilePattern('pattern', pattern, undefined)).toThrow(
      refused('looks ahead or behind, which is not supported; write the allowed texts as alternatives'),
    );
  });

  it('takes quantifiers in classes and after escapes for the characters they are', () => {
    expect(compilePattern('pattern', '([+*?]\\+\\*){3}', undefined).test('++*?+**+*')).toBe(true);
  });
});
