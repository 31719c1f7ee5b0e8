import { readFileSync } from 'node:fs';
import { foundInstead, pathText } from './found-instead.ts';
import { toTerminalText } from './terminal-text.ts';
import { UsageError } from './usage-error.ts';

/** What people write that is no JSON, as it stands outside strings. */
const mistakes: readonly { readonly found: RegExp; readonly name: string }[] = [
  { found: /,(?=\s*[}\]])/, name: 'a comma with nothing after it' },
  { found: /\/[/*]|#/, name: 'a comment, which JSON does not have' },
  { found: /'/, name: 'a single quote, where JSON has double quotes' },
  { found: /(?<=[{,]\s*)[\p{L}_$][\p{L}\d_$]*(?=\s*:)/u, name: 'a name without double quotes' },
];

const complaintOf = (thrown: unknown, text: string): string => {
  if (text.trim() === '') return 'found an empty file';
  const outside = text.replace(/"(?:[^"\\\n]|\\.)*"/g, (string) => '"'.repeat(string.length));
  for (const { found, name } of mistakes) {
    const at = outside.search(found);
    if (at === -1) continue;
    const before = text.slice(0, at).split('\n');
    return `found ${name} (line ${before.length} column ${(before.at(-1) ?? '').length + 1})`;
  }
  return `found: ${thrown instanceof Error ? thrown.message : ''}`;
};

/** The JSON of a schema's file, with or without a byte order mark. Throws UsageError for anything else, in one line that says where. */
export const readSchemaFile = (path: string): unknown => {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (thrown) {
    throw new UsageError(`--schema: expected a JSON file, found ${foundInstead(thrown, path)}`);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`--schema: expected JSON in ${pathText(path)}, found bytes that are no UTF-8`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (thrown) {
    throw new UsageError(`--schema: expected JSON in ${pathText(path)}, ${toTerminalText(complaintOf(thrown, text))}`);
  }
};
