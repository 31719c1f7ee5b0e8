import { createHash } from 'node:crypto';
import type { ObjectVersion } from './ports/object-store.ts';

/** Partitions over which the rows of one chunk spread in the rows table. */
export const chunkPartitions = 16;

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** 130 bits of SHA-256 as 26 characters that are safe in keys, URLs and file names. */
const shortHash = (text: string): string => {
  const bytes = createHash('sha256').update(text).digest();
  let bits = 0n;
  for (let i = 0; i < 17; i++) bits = (bits << 8n) | BigInt(bytes[i] ?? 0);
  bits >>= 6n;
  let out = '';
  for (let i = 0; i < 26; i++) {
    out = alphabet[Number(bits & 31n)] + out;
    bits >>= 5n;
  }
  return out;
};

/** The job of one file version under one way of reading it: the same upload event twice is the same job. */
export const jobIdOf = (file: ObjectVersion, profileHash: string): string =>
  shortHash(JSON.stringify([file.bucket, file.key, file.versionId ?? file.etag, profileHash]));

/** Identifies a file version, however it is read. */
export const fileIdOf = (file: ObjectVersion): string =>
  shortHash(JSON.stringify([file.bucket, file.key, file.versionId ?? file.etag]));

/** The idempotency key of a row, for the processor's effects elsewhere. */
export const rowIdOf = (jobId: string, row: number): string => `${jobId}-${row}`;

/** Partition key of a row in the rows table. */
export const partitionKeyOf = (jobId: string, chunk: number, row: number): string =>
  `${jobId}#${chunk}#${row % chunkPartitions}`;

/** What a partition key was made of; undefined for a text that is none. */
export const parsePartitionKey = (key: string): { readonly jobId: string; readonly chunk: number } | undefined => {
  const match = /^([0-9a-z]{26})#(\d{1,15})#\d{1,2}$/.exec(key);
  return match?.[1] === undefined ? undefined : { jobId: match[1], chunk: Number(match[2]) };
};

/** Key of a chunk's reject object: derived from the chunk, so that writing it again replaces it with the same bytes. */
export const rejectKeyOf = (jobId: string, chunk: number): string =>
  `jobs/${jobId}/rejects/${String(chunk).padStart(8, '0')}.ndjson`;

/**
 * Keys of a job's merged rejects: every rejected row as it stood in the file, under its header; the reasons, line by line; and,
 * instead of both, a list of the chunks' own reject objects where there are too many to merge.
 */
export const mergedRejectKeysOf = (
  jobId: string,
): { readonly csv: string; readonly reasons: string; readonly manifest: string } => ({
  csv: `jobs/${jobId}/rejects.csv`,
  reasons: `jobs/${jobId}/rejects.ndjson`,
  manifest: `jobs/${jobId}/rejects.manifest.json`,
});

/** Where the search for uploads whose event was lost stopped. */
export const searchKey = 'state/search.json';

/** Key of a job's staged UTF-8 copy. */
export const stagedKeyOf = (jobId: string): string => `jobs/${jobId}/staged.csv`;
