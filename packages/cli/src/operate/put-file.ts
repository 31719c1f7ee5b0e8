import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { toServiceError } from '@sluice/core/aws/service-error';
import { SluiceError } from '@sluice/core/errors';
import type { Clock } from '@sluice/core/ports/clock';
import type { ObjectHead } from '@sluice/core/ports/object-store';
import { partBytesOf, partsInFlightOf } from './part-size.ts';

/** A file that is being read. `read` gives the bytes from `start` to `end` (exclusive), all of them; it is asked for them in order, once. */
export type ReadableFile = { readonly bytes: number; read(start: number, end: number): Promise<Buffer> };

/**
 * Puts a file as an object. Nothing is visible under the key before the last byte is in; when it fails, or `signal` aborts, nothing
 * is left but what S3 is told to abort. Throws SluiceError for what S3 refuses, whatever `read` throws, and the signal's reason.
 */
export type PutFile = (
  bucket: string,
  key: string,
  file: ReadableFile,
  options: { readonly signal: AbortSignal; readonly onSent: (bytes: number) => void },
) => Promise<ObjectHead>;

/** Tries of a part beyond the SDK's own: an upload of hours outlives a link that is down for a moment. */
const triesMax = 5;
/** Wait before the second try; doubles with each. */
const retryMilliseconds = 1_000;

/** What no further try can mend. Source: S3 error responses. */
const refusals: ReadonlySet<string> = new Set([
  'AccessDenied',
  'BadDigest',
  'EntityTooLarge',
  'InvalidRequest',
  'KeyTooLongError',
  'NoSuchBucket',
  'NoSuchUpload',
]);

type Part = { readonly PartNumber: number; readonly ETag: string | undefined; readonly ChecksumCRC32: string };

/** As S3 takes a CRC32: its four bytes in base64. */
const checksumOf = (bytes: Buffer): string => {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString('base64');
};

/** The checksum of an object made of parts: that of their checksums, and how many. Source: S3, "Checking object integrity". */
const compositeOf = (parts: readonly Part[]): string =>
  `${checksumOf(Buffer.concat(parts.map(({ ChecksumCRC32 }) => Buffer.from(ChecksumCRC32, 'base64'))))}-${parts.length}`;

const toHead = (
  { ETag, VersionId }: { readonly ETag?: string | undefined; readonly VersionId?: string | undefined },
  bytes: number,
): ObjectHead => {
  if (ETag === undefined) throw new SluiceError('UNKNOWN', 'expected an upload to answer with an ETag, found none');
  const version = VersionId === undefined || VersionId === 'null' ? {} : { versionId: VersionId };
  return { etag: ETag.replaceAll('"', ''), bytes, ...version };
};

/**
 * Uploads to S3: a file of one part by a put, any other by a multipart upload, each with the CRC32 of what was read, which S3
 * checks on arrival.
 */
export const createAwsPutFile =
  (client: S3Client, clock: Clock): PutFile =>
  async (bucket, key, file, { signal, onSent }) => {
    const place = { Bucket: bucket, Key: key };

    const call = async <Answer>(operation: string, send: () => Promise<Answer>, tries = 1): Promise<Answer> => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await send();
        } catch (thrown) {
          if (signal.aborted) throw signal.reason;
          const error = toServiceError(operation, thrown, refusals);
          if (error.permanent || attempt >= tries) throw error;
          await clock.sleep(retryMilliseconds * 2 ** (attempt - 1), signal);
        }
      }
    };

    /** An answer that was lost is no failure: S3 tells whether the object that stands there now is this one. */
    const complete = async (UploadId: string, parts: readonly Part[]): Promise<ObjectHead> => {
      const command = new CompleteMultipartUploadCommand({
        ...place,
        UploadId,
        MultipartUpload: { Parts: [...parts] },
      });
      try {
        return toHead(await client.send(command, { abortSignal: signal }), file.bytes);
      } catch (thrown) {
        if (signal.aborted) throw signal.reason;
        const found = await client
          .send(new HeadObjectCommand({ ...place, ChecksumMode: 'ENABLED' }))
          .catch(() => undefined);
        if (found?.ChecksumCRC32 === compositeOf(parts)) return toHead(found, file.bytes);
        throw toServiceError('CompleteMultipartUpload', thrown, refusals);
      }
    };

    const sendParts = async (UploadId: string, partBytes: number): Promise<Part[]> => {
      const parts: Part[] = [];
      const count = Math.ceil(file.bytes / partBytes);
      let next = 0;
      let failure: { readonly thrown: unknown } | undefined;
      let reading: Promise<unknown> = Promise.resolve();

      /** One part after the other: whoever reads hashes along. */
      const readPart = (index: number): Promise<Buffer> => {
        const start = index * partBytes;
        const read = reading.then(() => file.read(start, Math.min(file.bytes, start + partBytes)));
        reading = read.catch(() => undefined);
        return read;
      };

      const sendNext = async (): Promise<void> => {
        while (next < count && failure === undefined) {
          const index = next++;
          const body = await readPart(index);
          signal.throwIfAborted();
          const ChecksumCRC32 = checksumOf(body);
          const { ETag } = await call(
            'UploadPart',
            () => {
              const command = new UploadPartCommand({
                ...place,
                UploadId,
                PartNumber: index + 1,
                Body: body,
                ChecksumCRC32,
              });
              return client.send(command, { abortSignal: signal });
            },
            triesMax,
          );
          parts[index] = { PartNumber: index + 1, ETag, ChecksumCRC32 };
          onSent(body.length);
        }
      };

      // All of them end before the upload is aborted: a part that arrives after that would stay, and be paid for.
      await Promise.all(
        Array.from({ length: partsInFlightOf(partBytes) }, () =>
          sendNext().catch((thrown: unknown) => {
            failure ??= { thrown };
          }),
        ),
      );
      if (failure !== undefined) throw failure.thrown;
      return parts;
    };

    signal.throwIfAborted();
    const partBytes = partBytesOf(file.bytes);
    if (file.bytes <= partBytes) {
      const body = await file.read(0, file.bytes);
      const ChecksumCRC32 = checksumOf(body);
      const answer = await call(
        'PutObject',
        () => client.send(new PutObjectCommand({ ...place, Body: body, ChecksumCRC32 }), { abortSignal: signal }),
        triesMax,
      );
      onSent(body.length);
      return toHead(answer, body.length);
    }
    const { UploadId } = await call('CreateMultipartUpload', () =>
      client.send(new CreateMultipartUploadCommand({ ...place, ChecksumAlgorithm: 'CRC32' }), { abortSignal: signal }),
    );
    if (UploadId === undefined) throw new SluiceError('UNKNOWN', 'expected the id of an upload, found none');
    try {
      return await complete(UploadId, await sendParts(UploadId, partBytes));
    } catch (thrown) {
      // Best effort: the inbox's own rule removes what is left of uploads that were never completed.
      await client.send(new AbortMultipartUploadCommand({ ...place, UploadId })).catch(() => undefined);
      throw thrown;
    }
  };
