import { drawCsv } from '../fuzz/dirty-csv.ts';
import { type FuzzTarget, hold, holdSame } from '../fuzz/target.ts';
import { cutBytes } from './dirty-bytes.ts';
import { createScanner, type Position, type ScannedRecord } from './scan.ts';
import { type OracleRecord, readRecords } from './scan-oracle.ts';

type Limits = { readonly delimiter: number; readonly maxRecordBytes: number };

const scan = (pieces: readonly Buffer[], from: Position, limits: Limits): ScannedRecord[] => {
  const records: ScannedRecord[] = [];
  const scanner = createScanner({ ...from, ...limits, sink: (record) => records.push({ ...record }) });
  const place = (): Position => {
    const last = records.at(-1);
    if (last === undefined) return from;
    return { offset: last.next, line: last.nextLine, row: last.row + (last.kind === 'blank' ? 0 : 1) };
  };
  for (const piece of pieces) {
    scanner.push(piece);
    piece.fill('"'); // the scanner must not need a piece after the call
    holdSame('stands after the last record it gave', scanner.position(), place());
  }
  scanner.end();
  holdSame('stands at the end after the end', scanner.position(), place());
  return records;
};

/** The oracle's records, numbered as the scanner is to number them. */
const expected = (bytes: Buffer, from: Position, found: readonly OracleRecord[]): Omit<ScannedRecord, 'quoted'>[] => {
  let row = from.row;
  return found.map(({ kind, start, end, next, line }) => {
    const number = row;
    if (kind !== 'blank') row++;
    let lines = 0;
    for (let offset = start; offset < next; offset++) if (bytes[offset] === 10) lines++;
    const firstLine = line + from.line - 1;
    const at = (offset: number): number => offset + from.offset;
    return {
      kind,
      row: number,
      line: firstLine,
      start: at(start),
      end: at(end),
      next: at(next),
      nextLine: firstLine + lines,
    };
  });
};

const holdTiling = (bytes: Buffer, from: Position, records: readonly ScannedRecord[]): void => {
  let offset = from.offset;
  for (const { kind, start, end, next, quoted } of records) {
    hold('records tile the bytes', start === offset && end >= start && next >= end && next > start, () => [start, end]);
    const lineEnd = bytes.toString('latin1', end - from.offset, next - from.offset);
    hold('a record ends with LF, CRLF or the file', ['\n', '\r\n', ''].includes(lineEnd), () => lineEnd);
    if (kind === 'blank') hold('a blank line holds nothing', start === end, () => [start, end]);
    if (!quoted) {
      const text = bytes.subarray(start - from.offset, next - from.offset);
      hold('a record without quotes is told as one', !text.includes(0x22), () => start);
    }
    offset = next;
  }
  hold('records tile the bytes', offset === from.offset + bytes.length, () => [offset, bytes.length]);
};

export const target: FuzzTarget = {
  name: 'scan',
  weight: 30,
  outcomes: ['row', 'blank', 'QUOTE_NOT_CLOSED', 'RECORD_TOO_LARGE'],
  draw(random) {
    const { kind, bytes, delimiter, maxRecordBytes, pieceSizes } = drawCsv(random);
    const limits = { delimiter: delimiter.charCodeAt(0), maxRecordBytes };
    const from = random.oneIn(2)
      ? { offset: 0, line: 1, row: 1 }
      : { offset: random.below(2 ** 40), line: random.between(1, 2 ** 30), row: random.between(1, 2 ** 30) };
    const resumeShare = random.below(1_000) / 1_000;
    return {
      kind,
      input: bytes,
      options: { ...limits, from, pieceSizes, resumeShare },
      check(input, note) {
        const oracle = readRecords(input, limits.delimiter, maxRecordBytes);
        for (const record of oracle) note(record.kind);
        const whole = scan([Buffer.from(input)], from, limits);
        holdSame(
          'finds the records of the oracle',
          whole.map(({ quoted: _quoted, ...record }) => record),
          expected(input, from, oracle),
        );
        holdTiling(input, from, whole);
        holdSame('finds the same in pieces', scan(cutBytes(input, pieceSizes), from, limits), whole);

        const skipped = Math.floor(whole.length * resumeShare);
        const next = whole[skipped];
        if (next === undefined) return;
        const rest = input.subarray(next.start - from.offset);
        const place = { offset: next.start, line: next.line, row: next.row };
        holdSame('finds the same from any record on', scan([Buffer.from(rest)], place, limits), whole.slice(skipped));
      },
    };
  },
};
