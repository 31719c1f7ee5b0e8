import { describe, expect, it } from 'vitest';
import { cleanField } from './field.ts';

describe('cleanField', () => {
  it.each([
    ['returns clean text as it is', 'WHITE METAL LANTERN', 'WHITE METAL LANTERN'],
    ['trims and joins runs of spaces', '  a   b ', 'a b'],
    ['turns every kind of line end and tab into one space', 'a\t\r\n\v\f\u0085b', 'a b'],
    ['turns Unicode white space into one space', 'a\u00a0\u1680\u2000\u2028\u2029\u202f\u205f\u3000b', 'a b'],
    ['counts zero-width space, word joiner and byte order mark as white space', '\ufeffa\u200b\u2060b\ufeff', 'a b'],
    ['drops control characters without leaving a space', 'a\u0000\u0008\u000e\u001f\u007f\u0084\u0086\u009fb', 'ab'],
    ['drops the noncharacters U+FFFE and U+FFFF', '\ufffea\uffffb', 'ab'],
    ['drops before it joins, so that spaces around a control character become one', 'a \u0000 b', 'a b'],
    ['keeps the joiners of letters and emoji', 'क्\u200dष\u200c👩\u200d👧', 'क्\u200dष\u200c👩\u200d👧'],
    ['composes letter and mark', 'cafe\u0301', 'caf\u00e9'],
    ['composes a mark after a Latin-1 letter', '\u00fc\u0301', '\u01d8'],
    ['replaces singletons that NFC replaces', '\u2126', '\u03a9'],
    ['keeps a lone surrogate', '\ud83d', '\ud83d'],
    ['keeps soft hyphen and other format characters', 'a\u00adb', 'a\u00adb'],
    ['keeps letters of other scripts', 'Zoë Ærø 東京 москва', 'Zoë Ærø 東京 москва'],
  ])('%s', (_fact, text, cleaned) => {
    expect(cleanField(text)).toBe(cleaned);
  });

  it.each([[''], [' '], ['\t\r\n'], ['\u0000'], ['\ufffe'], ['\ufeff'], ['\u200b \u2060']])(
    'turns %j into null',
    (text) => {
      expect(cleanField(text)).toBeNull();
    },
  );
});
