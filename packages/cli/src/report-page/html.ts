import { toTerminalText } from '../terminal-text.ts';

/** Markup that is safe as it stands. Only `html` and `trustedHtml` make it. */
export type Html = { readonly html: string };

type Part = Html | readonly Html[] | string | number | undefined;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Characters of one piece of text that a page shows at most. */
const textMost = 1_000;

/**
 * Text from outside as it may stand between tags and within quoted attributes. Control and format characters are shown by their
 * numbers, as on a terminal; what is longer than `most` characters is cut.
 */
export const escapeHtml = (text: string, most = textMost): string =>
  // Cut before it is looked at: fields may have megabytes. One character more, so that a cut is still seen.
  toTerminalText(text.slice(0, most + 1), most).replace(/[&<>"']/g, (character) => entities[character] ?? '');

const toMarkup = (part: Part): string => {
  if (part === undefined) return '';
  if (typeof part === 'string') return escapeHtml(part);
  if (typeof part === 'number') return String(part);
  return 'html' in part ? part.html : part.map(({ html }) => html).join('');
};

/** Markup with `parts` in it: texts are escaped, markup made here goes in as it is, `undefined` is nothing. */
export const html = (markup: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  html: String.raw({ raw: markup }, ...parts.map(toMarkup)),
});

/** Markup that was made by a library from numbers and from names of our own; never from anything else. */
export const trustedHtml = (markup: string): Html => ({ html: markup });
