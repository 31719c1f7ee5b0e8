import { isUtf8 } from 'node:buffer';
import { cutBytes } from '@sluice/core/csv/dirty-bytes';
import { type RejectedRow, type Run, rawOfRow } from '@sluice/core/csv/run';
import { createRunReader } from '@sluice/core/csv/run-reader';
import { readRecords } from '@sluice/core/csv/scan-oracle';
import { drawCsv } from '@sluice/core/fuzz/dirty-csv';
import { drawText } from '@sluice/core/fuzz/dirty-text';
import type { Random } from '@sluice/core/fuzz/random';
import { type FuzzTarget, hold, holdSame } from '@sluice/core/fuzz/target';
import type { RejectLine } from '@sluice/core/rejected-rows';
import type { RejectReason } from '@sluice/core/rejects';
import { toRejectLine } from './reject-line.ts';

/** Bytes of a rejected row that are kept. */
const keptBytesMax = 64 * 1024;
/** Bytes of a character at most, of which all but one may be missing where a row was cut. */
const characterBytesMax = 4;

/** Rows around the length that is kept, cut inside characters of every length, valid or not. */
const drawLongRows = (random: Random): Buffer => {
  const row = (): string => {
    const character = random.pick(['a', 'é', '€', '\u{1f600}', '\ufeff']);
    const bytes = keptBytesMax + random.between(-5, 5);
    return (
      'x'.repeat(random.below(4)) +
      character.repeat(Math.ceil(bytes / Buffer.byteLength(character)) * random.pick([1, 1, 3]))
    );
  };
  const broken = (): Buffer => Buffer.from(random.pick(['', '', 'ff', 'c3', 'e282', 'f09f98', 'eda080']), 'hex');
  return Buffer.concat(
    random.list(1, 3, () => Buffer.concat([broken(), Buffer.from(row()), broken(), Buffer.from('\n')])),
  );
};

const holdBytes = (line: RejectLine, file: Buffer, note: (outcome: string) => void): void => {
  const { byteStart, byteEnd, raw, rawBase64, rawTruncated } = line;
  const bytes = file.subarray(byteStart, byteEnd);
  hold('a line has one of raw and rawBase64', (raw === undefined) !== (rawBase64 === undefined), () => line);
  const kept = raw === undefined ? Buffer.from(rawBase64 ?? '', 'base64') : Buffer.from(raw, 'utf8');
  const isTruncated = bytes.length > keptBytesMax;
  hold('a line says whether its bytes are all there', (rawTruncated ?? false) === isTruncated, () => [bytes.length]);
  if (!isTruncated) {
    hold('a row that is not cut comes back byte by byte', kept.equals(bytes), () => [kept.length, bytes.length]);
    hold('what is UTF-8 is kept as text', (raw !== undefined) === isUtf8(bytes), () => line);
    note(raw === undefined ? 'base64' : 'text');
    return;
  }
  const first = bytes.subarray(0, keptBytesMax);
  hold('a row that is cut keeps its first bytes', kept.equals(first.subarray(0, kept.length)), () => kept.length);
  const isText = [0, 1, 2, 3].some((cut) => isUtf8(first.subarray(0, keptBytesMax - cut)));
  hold('a cut inside a character makes no text bytes', (raw !== undefined) === isText, () => [kept.length, isText]);
  const missing = keptBytesMax - kept.length;
  hold('a row that is cut keeps all but a part of a character', missing < characterBytesMax, () => missing);
  if (raw === undefined) hold('what is no text is kept to the last byte', missing === 0, () => missing);
  else {
    const isMoreText = isUtf8(first.subarray(0, kept.length + 1)) && missing > 0;
    hold('text is kept to its last whole character', !isMoreText, () => missing);
  }
  note(raw === undefined ? 'base64, cut' : 'text, cut');
};

export const target: FuzzTarget = {
  name: 'reject-line',
  weight: 8,
  outcomes: ['text', 'base64', 'text, cut', 'base64, cut'],
  draw(random) {
    const drawn = drawCsv(random);
    const isLong = random.oneIn(12);
    const { delimiter } = drawn;
    const maxRecordBytes = isLong ? random.pick([300_000, 70_000, 1_000]) : drawn.maxRecordBytes;
    const pieceSizes = isLong ? random.list(1, 4, () => random.between(1_000, 150_000)) : drawn.pieceSizes;
    const column = random.oneIn(2) ? { column: drawText(random, 5) } : {};
    const reason: RejectReason = {
      code: 'FIELD_COUNT',
      message: `expected 2 fields, found 3${drawText(random, 2)}`,
      ...column,
    };
    return {
      kind: isLong ? 'long rows' : drawn.kind,
      input: isLong ? drawLongRows(random) : drawn.bytes,
      options: { delimiter, maxRecordBytes, pieceSizes, reason },
      check(file, note) {
        const records = readRecords(file, delimiter.charCodeAt(0), maxRecordBytes);
        const rows = records.filter(({ kind }) => kind !== 'blank');
        const chunk = { chunk: 0, start: 0, end: file.length, firstRow: 1, rows: rows.length, firstLine: 1 };
        const reader = createRunReader({ chunk, delimiter, maxRecordBytes });
        const lines: string[] = [];
        const take = (part: Run | RejectedRow): void => {
          if (part.kind === 'rejected') {
            const { row, line, start, end, raw } = part;
            lines.push(toRejectLine({ row, line, byteStart: start, byteEnd: end, bytes: raw }, part.reason));
            return;
          }
          for (const [index, start] of part.starts.entries()) {
            const place = { row: part.firstRow + index, line: part.lines[index] ?? 0 };
            const span = { byteStart: start, byteEnd: part.ends[index] ?? 0 };
            lines.push(toRejectLine({ ...place, ...span, bytes: rawOfRow(part, index) }, reason));
          }
        };
        for (const piece of cutBytes(file, pieceSizes)) for (const part of reader.push(piece)) take(part);
        for (const part of reader.end()) take(part);
        const found = lines.map((text) => {
          hold('a line is one line', /^[^\n\r]*\n$/.test(text), () => text);
          return JSON.parse(text) as RejectLine;
        });
        holdSame(
          'lines stand for the rows in order',
          found.map(({ row, line, byteStart, byteEnd }) => ({ row, line, byteStart, byteEnd })),
          rows.map(({ line, start, end }, index) => ({ row: index + 1, line, byteStart: start, byteEnd: end })),
        );
        for (const line of found) {
          holdBytes(line, file, note);
          if (line.code !== 'FIELD_COUNT') continue;
          holdSame('the reason comes back', [line.message, line.column], [reason.message, reason.column]);
        }
      },
    };
  },
};
