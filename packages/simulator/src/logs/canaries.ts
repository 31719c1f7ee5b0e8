// Texts that stand for what a file holds of people, and for whatever else is nobody's business: none of them may ever be logged, in
// whatever spelling.

/** Where each of them is put. Letters and digits alone, so that they are found within any quoting. */
export const canaries = {
  cell: 'kanaricellq1w5',
  quotedCell: 'kanariquotedx2r7',
  longCell: 'kanarilongcelly3t9',
  rejectedCell: 'kanarirejectedz4p2',
  failingCell: 'kanarifailinga5m8',
  headerName: 'kanariheaderb6n1',
  objectKey: 'kanariobjectkeyc7k3',
  schemaValue: 'kanarischemavalued8',
  processorError: 'kanariprocessore9h4',
  permanentMessage: 'kanaripermanentf2g6',
  result: 'kanariresultg3d7',
  badResult: 'kanaribadresulth4s9',
  unreadableBody: 'kanariunreadablej5v1',
  refusedHeader: 'kanarirefusedk6b8',
} as const;
export type Canary = keyof typeof canaries;

/** Bytes of `text` that begin a group of three when it stands `offset` bytes into what is encoded: these have one spelling in base64. */
const base64At = (text: string, offset: number): string => {
  const whole = Buffer.from(text).subarray((3 - offset) % 3);
  return whole.subarray(0, whole.length - (whole.length % 3)).toString('base64');
};

const escapeEach = (text: string, spell: (code: string) => string): string =>
  [...Buffer.from(text)].map((byte) => spell(byte.toString(16).padStart(2, '0'))).join('');

/** Spellings in which a text could stand in a log: as it is (also between JSON's or a URL's escapes), escaped whole, in hex, in base64. */
const formsOf = (text: string): readonly (readonly [form: string, spelling: string, isExact?: boolean])[] => [
  ['plain', text],
  ['JSON-escaped', escapeEach(text, (code) => `\\u00${code}`)],
  ['URL-encoded', escapeEach(text, (code) => `%${code}`)],
  ['hex', escapeEach(text, (code) => code)],
  ...[0, 1, 2].map((offset) => ['base64', base64At(text, offset), true] as const),
];

const forms = Object.entries(canaries).flatMap(([name, text]) =>
  formsOf(text).map(([form, spelling, isExact]) => ({
    name,
    form,
    spelling: isExact ? spelling : spelling.toLowerCase(),
    isExact,
  })),
);

/** The canaries in a text, each as `cell, base64`. */
export const findCanaries = (text: string): string[] => {
  const lower = text.toLowerCase();
  return forms
    .filter(({ spelling, isExact }) => (isExact ? text : lower).includes(spelling))
    .map(({ name, form }) => `${name}, ${form}`);
};
