import { createHash } from 'node:crypto';
import { refuse } from './scripted-error.ts';

// What an S3 bucket holds, in memory, for tests: versions of objects and uploads under way, with the limits of the service.
// `scripted-s3.ts` speaks its protocol.

/** Source: S3 quotas. */
const keyBytesMax = 1_024;
const partNumberMax = 10_000;
const partBytesMin = 5 * 1024 * 1024;

/** `bytes` is undefined for a delete marker. */
export type ScriptedVersion = {
  readonly versionId: string;
  readonly etag: string;
  readonly bytes: Buffer | undefined;
  readonly modifiedAt: number;
};
export type ScriptedPart = { readonly number: number; readonly etag: string };

export type ScriptedBucket = {
  readonly keeping: 'one version' | 'all versions';
  keys(): readonly string[];
  /** Every version, delete markers too, as a listing has them: keys in the order of their bytes, the newest version first. */
  versions(): readonly (ScriptedVersion & { readonly key: string })[];
  /** The version of that id, else the newest one; undefined when there is none. */
  find(key: string, versionId: string | null): ScriptedVersion | undefined;
  put(key: string, bytes: Buffer): ScriptedVersion;
  /** Removes the version of that id; else puts a delete marker where versions are kept, and removes the object where not. */
  remove(key: string, versionId: string | null): void;
  startUpload(key: string): string;
  /** The part's ETag. */
  putPart(uploadId: string, number: number, bytes: Buffer): string;
  completeUpload(uploadId: string, parts: readonly ScriptedPart[]): ScriptedVersion;
  abortUpload(uploadId: string): void;
  /** Keys of uploads that are neither complete nor aborted. */
  uploads(): readonly string[];
};

const md5Of = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');

export const createScriptedBucket = (
  keeping: ScriptedBucket['keeping'],
  now: () => number = Date.now,
): ScriptedBucket => {
  const objects = new Map<string, ScriptedVersion[]>();
  const uploads = new Map<string, { readonly key: string; readonly parts: Map<number, Buffer> }>();
  let numbered = 0;

  const add = (key: string, etag: string, bytes: Buffer | undefined): ScriptedVersion => {
    const versionId = keeping === 'one version' ? 'null' : `version-${++numbered}`;
    const others = (objects.get(key) ?? []).filter((other) => other.versionId !== versionId);
    const version = { versionId, etag, bytes, modifiedAt: now() };
    objects.set(key, [...others, version]);
    return version;
  };

  const checkKey = (key: string): void => {
    if (Buffer.byteLength(key) > keyBytesMax) refuse('KeyTooLongError', 'Your key is too long');
  };

  const uploadOf = (uploadId: string) =>
    uploads.get(uploadId) ?? refuse('NoSuchUpload', 'The specified upload does not exist.');

  return {
    keeping,
    keys: () => [...objects.keys()].sort(),
    versions: () =>
      [...objects]
        .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
        .flatMap(([key, versions]) => versions.toReversed().map((version) => ({ ...version, key }))),
    find(key, versionId) {
      const versions = objects.get(key) ?? [];
      return versionId === null ? versions.at(-1) : versions.find((version) => version.versionId === versionId);
    },
    put(key, bytes) {
      checkKey(key);
      return add(key, md5Of(bytes), bytes);
    },
    remove(key, versionId) {
      if (versionId === null && keeping === 'all versions') {
        add(key, '', undefined);
        return;
      }
      const left = (objects.get(key) ?? []).filter((version) => version.versionId !== (versionId ?? 'null'));
      if (left.length > 0) objects.set(key, left);
      else objects.delete(key);
    },
    startUpload(key) {
      checkKey(key);
      const uploadId = `upload-${++numbered}`;
      uploads.set(uploadId, { key, parts: new Map() });
      return uploadId;
    },
    putPart(uploadId, number, bytes) {
      const { parts } = uploadOf(uploadId);
      if (!(number >= 1 && number <= partNumberMax)) refuse('InvalidArgument', 'Part number must be from 1 to 10000.');
      parts.set(number, bytes);
      return md5Of(bytes);
    },
    completeUpload(uploadId, named) {
      const { key, parts } = uploadOf(uploadId);
      const bytes = named.map(({ number, etag }, index) => {
        if (index > 0 && number <= (named[index - 1]?.number ?? 0))
          refuse('InvalidPartOrder', 'Parts must be in order.');
        const part = parts.get(number);
        if (part === undefined || md5Of(part) !== etag) return refuse('InvalidPart', 'A part could not be found.');
        if (index < named.length - 1 && part.length < partBytesMin) refuse('EntityTooSmall', 'A part is too small.');
        return part;
      });
      if (bytes.length === 0) refuse('MalformedXML', 'You must specify at least one part.');
      uploads.delete(uploadId);
      // Source: ETags of multipart uploads; not documented, but what S3 does and what tells them from MD5.
      const digests = Buffer.concat(named.map(({ etag }) => Buffer.from(etag, 'hex')));
      return add(key, `${md5Of(digests)}-${named.length}`, Buffer.concat(bytes));
    },
    abortUpload(uploadId) {
      uploadOf(uploadId);
      uploads.delete(uploadId);
    },
    uploads: () => [...uploads.values()].map(({ key }) => key),
  };
};
