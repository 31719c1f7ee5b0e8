import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { constants, gunzipSync } from 'node:zlib';
import { cleanField } from '@sluice/core/clean/field';
import { compileSchema } from '@sluice/core/clean/row-cleaner';
import { headBytes, readDialect } from '@sluice/core/csv/dialect';
import { detectEncoding } from '@sluice/core/csv/encoding';
import type { Profile } from '@sluice/core/ports/job-store';
import { schemaOf } from '@sluice/core/profile';

// What a run writes, estimated before it begins from samples of its file: rather too little than too much, so that a run that
// fits is not refused.

/** What a run writes at least. Units: bytes. */
export type Need = { readonly state: number; readonly results: number };

/** Samples of a file, spread over it evenly, and the bytes of each: the head alone says little of rows that grow. */
const samplesMax = 16;
const sampleBytes = 16 * 1024;
/** Packed bytes that are unpacked for a sample, and what is looked at of that: only the head of a packed file can be read. */
const packedBytes = 64 * 1024;
const unpackedBytesMax = 1024 * 1024;

/** Of a row in the state and in rows.ndjson, besides its values and the names. As measured, rounded down. */
const storedRowBytes = 45;
const shownRowBytes = 45;
/** Of a rejected row in a reject object and in rejects.ndjson, besides its bytes. */
const rejectBytes = 100;
/** What the built-in processor answers, as it is stored and as it is shown. */
const storedResultBytes = 35;
const shownResultBytes = 45;

type Sampled = { readonly text: Buffer; readonly head: Buffer; readonly textBytes: number; readonly isStaged: boolean };

const read = (file: number, from: number, bytes: number): Buffer => {
  const buffer = Buffer.alloc(bytes);
  return buffer.subarray(0, readSync(file, buffer, 0, bytes, from));
};

const readSamples = (file: number, bytes: number): Buffer[] => {
  if (bytes <= samplesMax * sampleBytes) return [read(file, 0, bytes)];
  const step = (bytes - sampleBytes) / (samplesMax - 1);
  // At even bytes, where a character of UTF-16 begins.
  return Array.from({ length: samplesMax }, (_, i) => read(file, 2 * Math.floor((i * step) / 2), sampleBytes));
};

const decode = (bytes: Buffer, label: string): Buffer => Buffer.from(new TextDecoder(label).decode(bytes));

/** The encoding a file must be decoded from; undefined for UTF-8. */
const labelOf = (head: Buffer, declared: string | undefined): string | undefined => {
  const { encoding, bomBytes } = detectEncoding(head);
  const label = encoding === 'utf-8' && bomBytes === 0 ? (declared ?? encoding) : encoding;
  return label === 'utf-8' ? undefined : label;
};

const unpackHead = (packed: Buffer): Buffer =>
  gunzipSync(packed.subarray(0, packedBytes), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, unpackedBytesMax);

/** The samples as UTF-8, and how long the whole text is. */
const sample = (file: number, bytes: number, declared: string | undefined): Sampled => {
  const first = read(file, 0, Math.min(bytes, headBytes));
  const isPacked = detectEncoding(first).encoding === 'gzip';
  const head = isPacked ? unpackHead(first) : first;
  // A packed file ends with its length, or the length of its last part. Source: RFC 1952, ISIZE.
  const rawBytes = isPacked ? Math.max(bytes, read(file, bytes - 4, 4).readUInt32LE()) : bytes;
  const raw = Buffer.concat(isPacked ? [head] : readSamples(file, bytes));
  const label = labelOf(head, declared);
  if (label === undefined)
    return { text: raw, head: head.subarray(0, headBytes), textBytes: rawBytes, isStaged: isPacked };
  const text = decode(raw, label);
  const textBytes = rawBytes * (text.length / raw.length);
  return { text, head: decode(head, label).subarray(0, headBytes), textBytes, isStaged: true };
};

const countOf = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/** A row of the samples, on the whole. Units: bytes of its text, and of its values once they are cleaned. */
type SampledRow = { readonly bytes: number; readonly valueBytes: number };

const averageRow = (text: Buffer, delimiter: string, columns: number): SampledRow | undefined => {
  // A character a byte.
  const bytes = text.toString('latin1');
  const lines = countOf(bytes, /[^\r\n]\r?\n/g);
  const delimiters = bytes.split(delimiter).length - 1;
  // Line ends and delimiters stand in quoted fields too: the rows are no more than either of them says.
  const rows = columns < 2 ? lines : Math.min(lines, delimiters / (columns - 1));
  if (rows === 0) return undefined;
  const cleaned = bytes.replace(/\s+/g, ' ').length - delimiters - countOf(bytes, /"/g) - rows;
  return { bytes: bytes.length / rows, valueBytes: Math.max(0, cleaned / rows) };
};

const estimate = (file: number, profile: Profile, hasResults: boolean): Need => {
  const { text, head, textBytes, isStaged } = sample(file, fstatSync(file).size, profile.encoding);
  const { delimiter, columns } = readDialect({
    head,
    isWhole: head.length === textBytes,
    hasHeader: profile.header ?? true,
    cleanField,
    ...(profile.delimiter === undefined ? {} : { delimiter: profile.delimiter }),
  });
  const stagedBytes = isStaged ? textBytes : 0;
  const row = averageRow(text, delimiter, columns.length);
  if (columns.length === 0 || row === undefined) return { state: stagedBytes, results: 0 };
  const schema = schemaOf(profile);
  const names = compileSchema(schema, columns).outputColumns;
  const rows = Math.min(profile.limit ?? Number.POSITIVE_INFINITY, textBytes / row.bytes);
  // Nobody knows how much of a row the columns hold that are dropped.
  const valueBytes = names.length < columns.length ? 0 : row.valueBytes;
  const nameBytes = names.reduce((sum, name) => sum + Buffer.byteLength(JSON.stringify(name)) + 2, 0);
  const stored = storedRowBytes + valueBytes + 2 * names.length + (hasResults ? storedResultBytes : 0);
  const shown = shownRowBytes + valueBytes + nameBytes + (hasResults ? shownResultBytes : 0);
  // A schema may reject them all.
  const most = schema === undefined ? Number.POSITIVE_INFINITY : row.bytes + rejectBytes;
  return { state: stagedBytes + rows * Math.min(stored, most), results: rows * Math.min(shown, most) };
};

/**
 * Estimates what a run over the file at `path` will write: its UTF-8 copy where it needs one, its rows, and its results.
 * `hasResults`: the built-in processor is used, whose results are known. Undefined for a file that tells nothing.
 */
export const estimateNeed = (path: string, profile: Profile, hasResults: boolean): Need | undefined => {
  const file = openSync(path, 'r');
  try {
    return estimate(file, profile, hasResults);
  } catch {
    // It cannot be read as it is: the run itself says why.
    return undefined;
  } finally {
    closeSync(file);
  }
};
