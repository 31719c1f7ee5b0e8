import type { Random } from './random.ts';

/** Code units that cleaning and encoding treat each in their own way, by what is odd about them. */
export const oddUnits = {
  spaces: [
    0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2003, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f,
    0x3000, 0x200b, 0x2060, 0xfeff,
  ],
  controls: [0x00, 0x01, 0x08, 0x0e, 0x1b, 0x1f, 0x7f, 0x80, 0x84, 0x86, 0x9b, 0x9f, 0xfffe, 0xffff],
  /** Joiners, marks that look like spaces and are none, what directs text, what stands for what is broken. */
  lookalikes: [0x00ad, 0x180e, 0x200c, 0x200d, 0x200e, 0x202e, 0x2061, 0x2800, 0x3164, 0xfff9, 0xfffd],
  /** What NFC joins, reorders, takes apart or makes longer. */
  combining: [
    0x61, 0x65, 0x6f, 0xe9, 0x300, 0x301, 0x308, 0x30a, 0x315, 0x323, 0x327, 0x338, 0x345, 0x1100, 0x1161, 0x11a8,
    0xac00, 0x212b, 0x2126, 0x1e9b, 0x0958, 0x0344, 0x0390, 0x1fef, 0xfb1d, 0xfb2c, 0xf900, 0x3c, 0x3d,
  ],
  surrogates: [0xd800, 0xd834, 0xd83d, 0xdbff, 0xdc00, 0xdd60, 0xde00, 0xdfff],
} as const;

const plainWords = ['a', 'Z', 'x7', ' ', '  ', '-', '.', '0', '12', 'WHITE', 'für', '\u{1f600}', '\u{1d160}', '日本'];

const anyUnit = (random: Random): string => String.fromCharCode(random.below(0x1_0000));

/** Text of any UTF-16 units: each text favours some sorts of odd ones and leaves others out. */
export const drawText = (random: Random, unitsMax: number): string => {
  const sorts = Object.values(oddUnits).filter(() => random.oneIn(2));
  const plainShare = random.pick([1, 2, 4]);
  const parts = random.list(0, unitsMax, () => {
    if (sorts.length === 0 || random.below(4) < plainShare)
      return random.oneIn(12) ? anyUnit(random) : random.pick(plainWords);
    const unit = String.fromCharCode(random.pick<number>(random.pick(sorts)));
    return random.oneIn(20) ? unit.repeat(random.between(2, 40)) : unit;
  });
  return parts.join('');
};

/** Valid text: no lone surrogates. */
export const drawWellFormedText = (random: Random, unitsMax: number): string =>
  Buffer.from(drawText(random, unitsMax)).toString();

const markerCharacters = 'qxzjkvwQXZJKVW';

/** Text that nothing but a row's own content holds, to be looked for in messages. */
export const drawMarker = (random: Random): string =>
  random.list(10, 14, () => random.pick(markerCharacters.split(''))).join('');

/** The text's UTF-16 units as bytes, so that lone surrogates stay what they are. */
export const unitsOf = (text: string): Buffer => Buffer.from(text, 'utf16le');
export const textOfUnits = (units: Buffer): string => units.toString('utf16le');
