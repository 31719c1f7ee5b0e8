// Looks for members of a JSON text in its bytes, without parsing it. Within a text of JSON a quote stands behind a backslash, so a
// name between two bare quotes with a colon behind it is a member's name wherever it is found.

const colon = 0x3a;
const quote = 0x22;

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

const afterSpace = (json: Buffer, from: number): number => {
  let at = from;
  while (isSpace(json[at])) at++;
  return at;
};

/** Where the value of the next member of that name begins, from `from` on; -1 when there is none. `quoted`: the name with its quotes. */
const nextValue = (json: Buffer, quoted: Buffer, from: number): number => {
  for (let at = json.indexOf(quoted, from); at !== -1; at = json.indexOf(quoted, at + quoted.length)) {
    const behind = afterSpace(json, at + quoted.length);
    if (json[behind] === colon) return afterSpace(json, behind + 1);
  }
  return -1;
};

/** A name as it stands in JSON: plain letters alone. */
export const quotedName = (name: string): Buffer => Buffer.from(`"${name}"`);

/** How many members have that name, however deep. */
export const countMembers = (json: Buffer, quoted: Buffer): number => {
  let count = 0;
  for (let at = nextValue(json, quoted, 0); at !== -1; at = nextValue(json, quoted, at)) count++;
  return count;
};

/** The first member of that name whose value is a text without escapes; undefined when there is none. */
export const textMember = (json: Buffer, quoted: Buffer): string | undefined => {
  for (let at = nextValue(json, quoted, 0); at !== -1; at = nextValue(json, quoted, at)) {
    if (json[at] === quote) return json.toString('latin1', at + 1, json.indexOf(quote, at + 1));
  }
  return undefined;
};
