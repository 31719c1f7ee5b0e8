import type { Job } from '@sluice/core/ports/job-store';
import type { ObjectStore } from '@sluice/core/ports/object-store';
import { toUtf8 } from '../expected-encoding.ts';
import { readVersion } from './read-whole.ts';
import { violate } from './violate.ts';

/**
 * The bytes that a job's offsets refer to: those of its file, or of the UTF-8 copy that was made of it, which must be all of
 * the file's text and no other (I1).
 */
export const checkStagedCopy = async (
  objects: Pick<ObjectStore, 'head' | 'readRange'>,
  { jobId, file, layout, profile }: Job,
  bytes: Buffer,
): Promise<Buffer> => {
  if (layout === undefined) return bytes;
  const { source } = layout;
  const isFile = source.bucket === file.bucket && source.key === file.key;
  const copy = isFile ? bytes : await readVersion(objects, source, layout.bytes);
  const place = { job: jobId, key: source.key };
  if (isFile && (source.etag !== file.etag || source.versionId !== file.versionId)) {
    violate('I11', 'expected a job to read the version of its file, found another', place);
  }
  const text = toUtf8(bytes, profile.encoding);
  if (text === undefined || !copy.equals(text) || layout.bytes !== copy.length) {
    violate('I1', 'expected all text of the file to be read, found other bytes', place);
  }
  return copy;
};
