import * as fc from 'fast-check';

/** Bytes of CSV as broken as can be, for property tests: what matters to the grammar is frequent, and so is what breaks decoding. */
export const dirtyBytes = (maxTokens = 40): fc.Arbitrary<Buffer> => {
  const token = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom(
        '"',
        '""',
        '"""',
        ',',
        ',"',
        '",',
        '\n',
        '\r\n',
        '\r',
        '"\n',
        '"\r\n',
        '"\r',
        '\0',
        '"\0',
      ),
    },
    { weight: 3, arbitrary: fc.constantFrom('a', 'bc', ' ', ';', 'é', '\u{1f600}', '\ufeff', '\ufffd', '\u2028') },
    { weight: 1, arbitrary: fc.constantFrom(...[0x80, 0xc3, 0xe2, 0xf0, 0xff].map((byte) => Buffer.of(byte))) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }).map((byte) => Buffer.of(byte)) },
  );
  return fc
    .array(token, { maxLength: maxTokens })
    .map((tokens) => Buffer.concat(tokens.map((each) => Buffer.from(each))));
};

/** Record limits: mostly small, so that quarantine is the rule, sometimes out of reach. */
export const recordLimit = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 12 }) },
  { weight: 2, arbitrary: fc.constant(1_000_000) },
);

/** Sizes to cut bytes by, used in turn. */
export const cutSizes = fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 8 });

/** The bytes cut by the sizes in turn, each piece in memory of its own. */
export const cutBytes = (bytes: Buffer, sizes: readonly number[]): Buffer[] => {
  const pieces: Buffer[] = [];
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    pieces.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return pieces;
};
