import { refuse } from './scripted-error.ts';

// Items as DynamoDB holds them. Models: text and numbers, what they weigh, how they compare. Does not model: the other
// types, which nothing here sends, and numbers beyond the safe integers, which no key or count of ours reaches.

export type Attribute = { readonly S: string } | { readonly N: string };
export type Item = Readonly<Record<string, Attribute>>;

/** Bytes of an item, of a partition key, of a sort key. Source: DynamoDB quotas. */
export const itemBytesMax = 400 * 1024;
export const hashBytesMax = 2048;
export const rangeBytesMax = 1024;

/** Half a pair of surrogates is no text: what comes off the wire is well-formed or refused. */
const isText = (value: unknown): value is string => typeof value === 'string' && !/\p{Cs}/u.test(value);

export const readAttribute = (value: unknown): Attribute => {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const [type, given] = entries[0] ?? [];
  if (entries.length === 1 && type === 'S' && isText(given)) return { S: given };
  // As DynamoDB does, numbers are given back in one spelling.
  if (entries.length === 1 && type === 'N' && typeof given === 'string' && given !== '') {
    if (Number.isSafeInteger(Number(given))) return { N: String(Number(given)) };
  }
  return refuse(
    'ValidationException',
    'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes',
  );
};

export const readItem = (value: unknown): Item => {
  if (typeof value !== 'object' || value === null) return refuse('ValidationException', 'The item must be a map');
  return Object.fromEntries(Object.entries(value).map(([name, attribute]) => [name, readAttribute(attribute)]));
};

/** What an item weighs. Source: DynamoDB developer guide, "Item sizes and formats": names and text in UTF-8, two digits a byte. */
export const itemBytes = (item: Item): number => {
  let bytes = 0;
  for (const [name, value] of Object.entries(item)) {
    bytes += Buffer.byteLength(name);
    bytes += 'S' in value ? Buffer.byteLength(value.S) : Math.ceil(value.N.replace(/^-|0+$/g, '').length / 2) + 1;
  }
  return bytes;
};

/** Negative, 0, positive; undefined for values of two types, which do not compare. */
export const compare = (a: Attribute, b: Attribute): number | undefined => {
  if ('S' in a && 'S' in b) return Buffer.compare(Buffer.from(a.S), Buffer.from(b.S));
  if ('N' in a && 'N' in b) return Number(a.N) - Number(b.N);
  return undefined;
};
