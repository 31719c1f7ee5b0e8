import { basename } from 'node:path';
import { toTerminalText } from '../terminal-text.ts';
import { UsageError } from '../usage-error.ts';

/** S3: bytes of a key in UTF-8. Source: S3, "Naming Amazon S3 objects". */
const keyBytesMax = 1_024;

const refuse = (expected: string, key: string): never => {
  throw new UsageError(`upload: expected a key ${expected}, found ${toTerminalText(JSON.stringify(key), 100)}`);
};

/**
 * The key under which a file lands in the inbox: `prefix`, then `key` or else the name of the file. Throws UsageError for one that S3
 * does not take, or that nobody could find again: no profile has a prefix with a slash at its start, and a listing cannot tell
 * of control characters.
 */
export const keyOf = (
  file: string,
  { key = basename(file), prefix = '' }: { readonly key?: string; readonly prefix?: string },
): string => {
  const whole = prefix + key;
  if (key === '' || whole.endsWith('/')) return refuse('with a name at its end', whole);
  if (whole.startsWith('/')) return refuse('without a slash at its start', whole);
  if (/\p{Cc}|\p{Cs}/u.test(whole)) return refuse('without control characters; --key gives another', whole);
  // An address with such parts is cleaned by whoever it passes through.
  if (whole.split('/').some((part) => part === '.' || part === '..')) return refuse('without . and .. in it', whole);
  const bytes = Buffer.byteLength(whole);
  return bytes > keyBytesMax
    ? refuse(`of at most ${keyBytesMax} bytes`, `${whole.slice(0, 40)}... of ${bytes}`)
    : whole;
};
