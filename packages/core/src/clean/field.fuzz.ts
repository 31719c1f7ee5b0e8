import { drawText, textOfUnits, unitsOf } from '../fuzz/dirty-text.ts';
import { type FuzzTarget, hold } from '../fuzz/target.ts';
import { cleanField } from './field.ts';
import { isDropped, naiveClean } from './field-oracle.ts';

/** NFC makes no text more than three times as long, in UTF-8 and in UTF-16. Source: UAX #15, table 11. */
const expansionMax = 3;

export const target: FuzzTarget = {
  name: 'field',
  weight: 80,
  unitBytes: 2,
  outcomes: ['empty', 'clean already', 'cleaned', 'longer than before'],
  draw: (random) => ({
    kind: 'text',
    input: unitsOf(drawText(random, random.pick([6, 30, 200]))),
    options: {},
    check(input, note) {
      const text = textOfUnits(input);
      const cleaned = cleanField(text);
      const expected = naiveClean(text);
      hold('cleans as the oracle does', cleaned === expected, () => ({ text, cleaned, expected }));
      if (cleaned === null) return note('empty');
      note(cleaned === text ? 'clean already' : 'cleaned');
      if (cleaned.length > text.length) note('longer than before');
      hold('changes nothing the second time', cleanField(cleaned) === cleaned, () => cleaned);
      hold('is in NFC', cleaned.normalize('NFC') === cleaned, () => cleaned);
      hold('is not empty', cleaned !== '', () => cleaned);
      for (const character of cleaned) {
        hold('holds no control character', !isDropped(character.codePointAt(0) ?? 0), () => cleaned);
      }
      hold('has single spaces, and none at the ends', !/^ | {2}| $|[^\S ]/u.test(cleaned), () => cleaned);
      const isShort = cleaned.length <= expansionMax * text.length;
      const isSmall = Buffer.byteLength(cleaned) <= expansionMax * Buffer.byteLength(text);
      hold('is at most three times as long', isShort && isSmall, () => cleaned);
    },
  }),
};
