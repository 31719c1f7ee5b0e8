import type { Letter } from './letter.ts';
import type { Part } from './letter-parts.ts';

/** Errors of one letter that are saved with it. */
const errorsMax = 1_000;

/** A letter as files have it: whole, with what the marks said. The body is the message as it was sent. */
export const letterLine = ({ queue, id, sentAt, body }: Letter, parts: readonly Part[]) => ({
  queue,
  id,
  sentAt: new Date(sentAt).toISOString(),
  body,
  errors: parts.slice(0, errorsMax).map(({ chunk, row, error }) => ({
    ...(chunk === undefined ? {} : { chunk }),
    ...(row === undefined ? {} : { row }),
    ...error,
  })),
});
