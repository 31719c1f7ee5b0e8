import { hash } from 'node:crypto';

export const redactions = ['hash', 'mask'] as const;
export type Redaction = (typeof redactions)[number];

const shownMax = 4;

const mask = (text: string): string => {
  const characters = Array.from(text);
  const shown = Math.min(shownMax, Math.floor(characters.length / 4));
  return '*'.repeat(characters.length - shown) + characters.slice(characters.length - shown).join('');
};

/**
 * The text that stands in for a value. `hash`: the SHA-256 of its UTF-8 bytes, 64 lower-case hex digits, so that equal
 * values stay equal; it carries no secret, so whoever can list the likely values can find theirs. `mask`: as many
 * characters (code points) as before, all `*` but the last four, and never more than a quarter of them shown.
 */
export const redact = (redaction: Redaction, text: string): string =>
  redaction === 'hash' ? hash('sha256', text) : mask(text);
