import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type ObjectVersion as ListedObject,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { SluiceError } from '../errors.ts';
import type {
  ListCursor,
  ListedVersion,
  ListPage,
  ObjectHead,
  ObjectStore,
  ObjectVersion,
} from '../ports/object-store.ts';
import { statusOf, toServiceError } from './service-error.ts';

/** Bytes of a part of an upload: the least that S3 takes. 10,000 of them are 48 GiB, more than a staged file may have. */
const partBytes = 5 * 1024 * 1024;
/** Parts of one upload under way at once, each of them in memory. */
const partsInFlightMax = 4;

/** What no further try can mend. Source: S3 error responses. InvalidObjectState is an object that was archived. */
const refusals: ReadonlySet<string> = new Set([
  'EntityTooLarge',
  'InvalidObjectState',
  'InvalidRange',
  'KeyTooLongError',
]);

/** No such key or version, and If-Match that does not hold. */
const changedStatuses: ReadonlySet<number> = new Set([404, 412]);

const toStoreError = (operation: string, thrown: unknown): SluiceError => toServiceError(operation, thrown, refusals);

type SdkHead = { readonly ETag?: string | undefined; readonly VersionId?: string | undefined };

/** An ETag goes without its quotes here, as it does in S3's events: a job's identity must not depend on who told it. */
const toHead = (operation: string, { ETag, VersionId }: SdkHead, bytes: number | undefined): ObjectHead => {
  if (ETag === undefined || bytes === undefined) {
    throw new SluiceError(
      'UNKNOWN',
      `expected ${operation} to answer with an ETag and a size, found one of them missing`,
    );
  }
  const etag = ETag.replaceAll('"', '');
  return { etag, bytes, ...(VersionId === undefined ? {} : { versionId: VersionId }) };
};

/**
 * The id of a version that was put while its bucket kept none. Events leave it out, and heads of buckets without versions too: so
 * does a listing here, since a job's identity must not depend on who told it. Source: S3, "Working with versioned objects".
 */
const noVersionId = 'null';

const toListed = (bucket: string, { Key, ETag, Size, VersionId, LastModified }: ListedObject): ListedVersion => {
  if (Key === undefined || LastModified === undefined) {
    throw new SluiceError('UNKNOWN', 'expected a listing of keys and times, found one of them missing');
  }
  const { etag, bytes } = toHead('a listing', { ETag }, Size);
  const version = VersionId === undefined || VersionId === noVersionId ? {} : { versionId: VersionId };
  return { bucket, key: Key, etag, ...version, bytes, modifiedAt: LastModified.getTime() };
};

export const createAwsObjects = (client: S3Client): ObjectStore => {
  const get = async (
    { bucket, key, etag, versionId }: ObjectVersion,
    start: number,
    end: number,
    signal: AbortSignal,
  ) => {
    const command = new GetObjectCommand({
      Bucket: bucket,
      Key: key,
      IfMatch: `"${etag}"`,
      Range: `bytes=${start}-${end - 1}`,
      ...(versionId === undefined ? {} : { VersionId: versionId }),
    });
    try {
      return await client.send(command, { abortSignal: signal });
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      if (changedStatuses.has(statusOf(thrown) ?? 0)) {
        throw new SluiceError(
          'OBJECT_CHANGED',
          'expected the object version that was planned, found it changed or gone',
        );
      }
      throw toStoreError('GetObject', thrown);
    }
  };

  return {
    async head(bucket, key) {
      try {
        const answer = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
        return toHead('HeadObject', answer, answer.ContentLength);
      } catch (thrown) {
        // Also a delete marker. Needs s3:ListBucket: without it S3 says 403 of what is not there.
        if (statusOf(thrown) === 404) return undefined;
        throw toStoreError('HeadObject', thrown);
      }
    },

    async *readRange(version, start, end, signal) {
      // S3 has no way to ask for a range of no bytes.
      if (start === end) return;
      const { Body, ContentRange } = await get(version, start, end, signal);
      // A service that passes Range over would answer with other bytes than were asked for.
      if (Body === undefined || !ContentRange?.startsWith(`bytes ${start}-`)) {
        throw new SluiceError('UNKNOWN', `expected a body that begins at byte ${start}, found another`);
      }
      try {
        for await (const piece of Body as AsyncIterable<Buffer>) yield piece;
      } catch (thrown) {
        if (signal.aborted) throw signal.reason;
        throw toStoreError('GetObject', thrown);
      }
    },

    async put(bucket, key, body) {
      const bytes = typeof body === 'string' ? Buffer.from(body) : body;
      try {
        const answer = await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }));
        return toHead('PutObject', answer, bytes.length);
      } catch (thrown) {
        throw toStoreError('PutObject', thrown);
      }
    },

    async putStream(bucket, key, body) {
      let bytes = 0;
      let failure: { readonly thrown: unknown } | undefined;
      // What the source throws is the caller's own: it must come back as it is, also where breaking the upload off fails too.
      const source = async function* (): AsyncGenerator<Uint8Array> {
        try {
          for await (const piece of body) {
            bytes += piece.length;
            yield piece;
          }
        } catch (thrown) {
          failure = { thrown };
          throw thrown;
        }
      };
      try {
        const upload = new Upload({
          client,
          // One piece ahead, not the usual sixteen.
          params: { Bucket: bucket, Key: key, Body: Readable.from(source(), { highWaterMark: 1 }) },
          partSize: partBytes,
          queueSize: partsInFlightMax,
        });
        return toHead('an upload', await upload.done(), bytes);
      } catch (thrown) {
        throw failure === undefined ? toStoreError('an upload', thrown) : failure.thrown;
      }
    },

    async removeVersion({ bucket, key, versionId }) {
      // Without an id S3 would lay a delete marker over the versions that it keeps.
      const command = new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId ?? noVersionId });
      try {
        await client.send(command);
      } catch (thrown) {
        throw toStoreError('DeleteObject', thrown);
      }
    },

    async *list(bucket, after, prefix): AsyncGenerator<ListPage> {
      for (let cursor: ListCursor | undefined = after; ; ) {
        const command: ListObjectVersionsCommand = new ListObjectVersionsCommand({
          Bucket: bucket,
          Prefix: prefix,
          KeyMarker: cursor?.key,
          VersionIdMarker: cursor?.versionId,
        });
        const { Versions, IsTruncated, NextKeyMarker, NextVersionIdMarker } = await client
          .send(command)
          .catch((thrown: unknown) => {
            throw toStoreError('ListObjectVersions', thrown);
          });
        const versions = (Versions ?? []).map((listed) => toListed(bucket, listed));
        if (IsTruncated !== true) {
          yield { versions };
          return;
        }
        // Without it the first page would come again, for ever.
        if (NextKeyMarker === undefined) {
          throw new SluiceError('UNKNOWN', 'expected a listing to say where it goes on, found nothing');
        }
        const next: ListCursor = {
          key: NextKeyMarker,
          ...(NextVersionIdMarker === undefined ? {} : { versionId: NextVersionIdMarker }),
        };
        yield { versions, next };
        cursor = next;
      }
    },
  };
};
