import { cleanField } from '@sluice/core/clean/field';
import { compileSchema } from '@sluice/core/clean/row-cleaner';
import { headBytes, readDialect } from '@sluice/core/csv/dialect';
import { SluiceError } from '@sluice/core/errors';
import type { ObjectStore } from '@sluice/core/ports/object-store';
import { schemaOf } from '@sluice/core/profile';
import { realClock } from '@sluice/core/real-clock';
import { createLocalObjects } from '@sluice/local-cloud/object-store';
import { inboxBucket } from '../buckets.ts';
import { interruptible } from '../infer/infer-schema.ts';
import { decodeUpload } from '../operate/decode-upload.ts';
import { readInboxFile, readProfile } from '../run-input.ts';
import type { RunOptions } from '../run-options.ts';
import { countOf, countText, toTerminalText } from '../terminal-text.ts';
import { UsageError } from '../usage-error.ts';
import { countRows } from './count-rows.ts';
import { extrapolateRows } from './extrapolate.ts';
import type { PlannedFile } from './plan.ts';
import { sampleParts } from './sample-parts.ts';

/** Up to this size a file is read whole; a packed or encoded one always is, since it has no middle to begin in. Unit: bytes. */
const wholeBytesMax = 2 * 1024 ** 3;
/** About as much of a text is cleaned, spread over it, to know the share of rows that can be. Unit: bytes. */
const cleanedBytes = 32 * 1024 ** 2;
/** What packed text usually comes to, times its size: only by how much is cleaned is that felt. */
const usualExpansion = 5;

export type CountOptions = Pick<RunOptions, 'file' | 'schema' | 'delimiter' | 'encoding' | 'header'>;

/** What a file was found to hold, and sentences about how that is known. */
export type CountedFile = { readonly file: PlannedFile; readonly notes: readonly string[] };

export type CountSeams = { readonly wholeBytesMax?: number };

const percent = (share: number): string => `${(share * 100).toPrecision(2)} %`;

const sampledNote = (parts: number, rows: number, errorShare: number | undefined): string => {
  const error =
    errorShare === undefined ? 'nobody can say how near that is' : `19 times in 20 within ${percent(errorShare)} of it`;
  return `${countOf(parts, 'part')} of the file, spread over it, were read: about ${countText(rows)} rows, ${error}, if the rest is like them.`;
};

/** Counts the bytes that are read through a store. */
const watchReads = (objects: ObjectStore) => {
  const reads = { bytes: 0 };
  const readRange: ObjectStore['readRange'] = async function* (...args) {
    for await (const piece of objects.readRange(...args)) {
      reads.bytes += piece.length;
      yield piece;
    }
  };
  return { reads, objects: { ...objects, readRange } };
};

/**
 * Counts the rows of a file as a run reads it, or estimates them where it is too large to be read whole, and cleans some of them.
 * `onRead` hears how far that is. Throws UsageError for a file or schema that cannot be used, the signal's reason once it aborts.
 */
export const countFile = async (
  options: CountOptions,
  signal: AbortSignal,
  onRead: (rows: number, share: number) => void = () => undefined,
  seams: CountSeams = {},
): Promise<CountedFile> => {
  const most = seams.wholeBytesMax ?? wholeBytesMax;
  const inbox = await readInboxFile(options.file);
  const { profile } = readProfile({ ...options, out: '', force: false, json: false, quiet: true });
  const { reads, objects } = watchReads(createLocalObjects({ [inboxBucket]: inbox.folder }));
  const ports = { objects, clock: interruptible(realClock, signal) };
  const source = { bucket: inboxBucket, key: inbox.key, ...inbox.head };
  try {
    const upload = await decodeUpload({ file: source, profile }, ports);
    const { head, isDecoded } = upload;
    const { delimiter, columns, dataStart, firstLine } = readDialect({
      head,
      isWhole: isDecoded ? head.length < headBytes : head.length === source.bytes,
      hasHeader: profile.header ?? true,
      cleanField,
      ...(profile.delimiter === undefined ? {} : { delimiter: profile.delimiter }),
    });
    // A file without any record has no header to hold against the schema.
    const cleaner = compileSchema(columns.length === 0 ? undefined : schemaOf(profile), columns);
    const toFile = (found: {
      readonly rows: number;
      readonly bytes: number;
      readonly cleaned: { readonly rows: number; readonly accepted: number };
      readonly known: PlannedFile['known'];
    }): PlannedFile => ({
      rows: found.rows,
      bytes: found.bytes,
      columns: columns.length,
      acceptedShare: found.cleaned.rows === 0 ? 1 : found.cleaned.accepted / found.cleaned.rows,
      known: found.known,
    });
    const cleanedNote = (cleaned: number, rows: number): readonly string[] =>
      cleaned >= rows ? [] : [`How many rows can be cleaned is known from ${countOf(cleaned, 'row')} of them.`];

    if (!isDecoded && source.bytes > most) {
      const { parts, cleaned } = await sampleParts({ source, dataStart, delimiter, cleaner, onRead }, ports);
      const { rows, errorShare } = extrapolateRows(parts, source.bytes - dataStart);
      return {
        file: toFile({ rows, bytes: source.bytes, cleaned, known: 'sampled' }),
        notes: [sampledNote(parts.length, rows, errorShare), ...cleanedNote(cleaned.rows, rows)],
      };
    }

    const textBytes = source.bytes * (isDecoded ? usualExpansion : 1);
    reads.bytes = 0;
    const { rows, bytes, cleaned } = await countRows(upload.read(), {
      dataStart,
      dataLine: firstLine,
      delimiter,
      cleaner,
      cleanEvery: Math.max(1, Math.ceil(textBytes / cleanedBytes)),
      // What was read ahead is not counted yet.
      onRead: (found) => onRead(found, Math.min(0.99, reads.bytes / source.bytes)),
    });
    return { file: toFile({ rows, bytes, cleaned, known: 'counted' }), notes: cleanedNote(cleaned.rows, rows) };
  } catch (thrown) {
    signal.throwIfAborted();
    if (!(thrown instanceof SluiceError)) throw thrown;
    throw new UsageError(`${toTerminalText(options.file)}: ${toTerminalText(thrown.message)} (${thrown.code})`);
  }
};
