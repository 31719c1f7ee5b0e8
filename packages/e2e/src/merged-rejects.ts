import type { TestFile } from './file.ts';

/** The two merged objects of a job's rejected rows. */
export type MergedRejects = { readonly csv: Buffer; readonly ndjson: string };

type Reason = { readonly row: number; readonly line: number; readonly code: string };

/** Bytes that are shown around the first difference. */
const shownBytes = 40;

/** Rows whose quote is never closed come last: before others they would swallow them when the file is uploaded again. */
const rejectedRows = ({ rows }: TestFile) => {
  const rejected = rows.filter(({ fate }) => fate === 'rejected');
  const isOpen = ({ code }: { readonly code?: string }): boolean => code === 'QUOTE_NOT_CLOSED';
  return [...rejected.filter((row) => !isOpen(row)), ...rejected.filter(isOpen)];
};

/**
 * Compares a job's merged rejects with the file: the header line, then the bytes of every rejected row as they stand in the
 * file, each ended by LF; and a line of reasons for each, in the same order. Answers with a line for each difference.
 */
export const checkMergedRejects = (file: TestFile, { csv, ndjson }: MergedRejects): string[] => {
  const differences: string[] = [];
  const expected = rejectedRows(file);
  const wanted = Buffer.concat([
    Buffer.from(`${file.header}\n`),
    ...expected.map(({ raw = Buffer.alloc(0) }) => Buffer.concat([raw, Buffer.from('\n')])),
  ]);
  if (!csv.equals(wanted)) {
    const at = wanted.findIndex((byte, index) => csv[index] !== byte);
    const from = at < 0 ? wanted.length : at;
    const show = (bytes: Buffer): string => JSON.stringify(bytes.toString('latin1', from, from + shownBytes));
    differences.push(
      `rejects.csv: expected ${wanted.length} bytes, found ${csv.length}; at byte ${from} expected ${show(wanted)}, found ${show(csv)}`,
    );
  }
  const lines = ndjson.split('\n');
  if (lines.pop() !== '') differences.push('rejects.ndjson: expected a line end at its end, found none');
  const found = lines.map((line) => {
    const { row, line: number, code } = JSON.parse(line) as Reason;
    return { row, line: number, code };
  });
  const reasons = expected.map(({ row, line, code }) => ({ row, line, code }));
  const first = reasons.findIndex((reason, index) => JSON.stringify(reason) !== JSON.stringify(found[index]));
  if (found.length !== reasons.length) {
    differences.push(`rejects.ndjson: expected ${reasons.length} lines, found ${found.length}`);
  } else if (first >= 0) {
    differences.push(
      `rejects.ndjson, line ${first + 1}: expected ${JSON.stringify(reasons[first])}, found ${JSON.stringify(found[first])}`,
    );
  }
  return differences;
};
