import { join } from 'node:path';
import type { RejectLine } from '@sluice/core/rejected-rows';
import { findDifference } from '@sluice/simulator/auditors/reject-lines';
import type { ExpectedRow } from '@sluice/simulator/expected-rows';
import { createLineReader } from './line-reader.ts';

/** Holds rows.ndjson and rejects.ndjson against the rows of the file, which pass through `rows`. */
export type ResultsCheck = {
  readonly rows: Iterable<ExpectedRow>;
  /** The first difference; undefined when there is none. To be asked once all rows have passed. */
  difference(): string | undefined;
};

/** What a line of rows.ndjson holds of a row besides its status and its result. */
const isLineOf = (line: string, { row, line: at }: ExpectedRow, data: string): boolean =>
  ['DONE', 'FAILED'].some((status) => {
    const head = `{"row":${row},"line":${at},"status":"${status}","data":${data}`;
    return line.startsWith(head) && [',', '}'].includes(line[head.length] ?? '');
  });

/** `source` holds the bytes that the offsets of the rows refer to. */
export const checkResults = (
  out: string,
  columns: readonly string[],
  expected: Iterable<ExpectedRow>,
  source: Buffer,
): ResultsCheck => {
  let difference: string | undefined;
  const names = columns.map((name) => JSON.stringify(name));

  const check = (row: ExpectedRow, line: string | undefined): string | undefined => {
    const file = row.accepted ? 'rows.ndjson' : 'rejects.ndjson';
    if (line === undefined) return `${file}: expected row ${row.row}, found the end of the file`;
    if (row.accepted) {
      const data = `{${names.map((name, i) => `${name}:${JSON.stringify(row.values[i])}`).join(',')}}`;
      return isLineOf(line, row, data)
        ? undefined
        : `${file}: expected row ${row.row} as it is in the file, found another line`;
    }
    const found = findDifference(JSON.parse(line) as RejectLine, row, source);
    return found === undefined ? undefined : `${file}: expected row ${row.row} as it is in the file, found ${found}`;
  };

  const rows = function* (): Generator<ExpectedRow> {
    const accepted = createLineReader(join(out, 'rows.ndjson'));
    const rejected = createLineReader(join(out, 'rejects.ndjson'));
    try {
      for (const row of expected) {
        const line = (row.accepted ? accepted : rejected).next();
        difference ??= check(row, line);
        yield row;
      }
      if (accepted.next() !== undefined) difference ??= 'rows.ndjson: expected the rows of the file, found more';
      if (rejected.next() !== undefined) difference ??= 'rejects.ndjson: expected the rows of the file, found more';
    } finally {
      accepted.close();
      rejected.close();
    }
  };
  return { rows: { [Symbol.iterator]: rows }, difference: () => difference };
};
