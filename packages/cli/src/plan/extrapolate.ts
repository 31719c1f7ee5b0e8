/** A part of a text that was read: whole rows of it. */
export type ReadPart = { readonly rows: number; readonly bytes: number };

/** Normal distribution: 19 of 20 lie within so many standard errors. */
const standardErrors = 1.96;

/**
 * Rows of a text of `bytes` bytes, by parts of it that were read: a ratio estimate. `errorShare`: half the width of its 95 % interval
 * as a share of it, which supposes that the parts stand for the rest. None of fewer than two parts.
 */
export const extrapolateRows = (
  parts: readonly ReadPart[],
  bytes: number,
): { readonly rows: number; readonly errorShare: number | undefined } => {
  const read = parts.reduce((sum, part) => ({ rows: sum.rows + part.rows, bytes: sum.bytes + part.bytes }), {
    rows: 0,
    bytes: 0,
  });
  if (read.bytes === 0) return { rows: 0, errorShare: undefined };
  const rowsPerByte = read.rows / read.bytes;
  const rows = Math.round(rowsPerByte * bytes);
  if (parts.length < 2 || read.rows === 0) return { rows, errorShare: undefined };
  const squares = parts.reduce((sum, part) => sum + (part.rows - rowsPerByte * part.bytes) ** 2, 0);
  const errorOfMean = Math.sqrt(squares / (parts.length - 1) / parts.length);
  return { rows, errorShare: (standardErrors * errorOfMean) / (read.rows / parts.length) };
};
