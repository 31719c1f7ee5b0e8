import { Readable } from 'node:stream';
import {
  CompleteMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { toServiceError } from '@sluice/core/aws/service-error';
import { SluiceError } from '@sluice/core/errors';
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

/** Bytes that are read at once: what is beyond a part when it is cut off stays in memory with it. */
const pieceBytes = 1024 * 1024;

/** Metadata of the object: which upload made it. */
const uploadIdName = 'sluice-upload';

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

type SdkHead = { readonly ETag?: string | undefined; readonly VersionId?: string | undefined };

const toHead = ({ ETag, VersionId }: SdkHead, bytes: number): ObjectHead => {
  if (ETag === undefined) throw new SluiceError('UNKNOWN', 'expected an upload to answer with an ETag, found none');
  const version = VersionId === undefined || VersionId === 'null' ? {} : { versionId: VersionId };
  return { etag: ETag.replaceAll('"', ''), bytes, ...version };
};

/**
 * The client, whose bodies `signal` breaks off. Upload's own abort would return before its parts have ended, and before S3 is told to
 * drop them: so they fail instead, and Upload cleans up after them. Once S3 puts them together it is too late.
 */
const breakOff = (client: S3Client, signal: AbortSignal): S3Client => {
  const send = async (command: Parameters<S3Client['send']>[0]): Promise<unknown> => {
    if (command instanceof CompleteMultipartUploadCommand) signal.throwIfAborted();
    const isBody = command instanceof UploadPartCommand || command instanceof PutObjectCommand;
    return client.send(command, isBody ? { abortSignal: signal } : {});
  };
  return Object.create(client, { send: { value: send } }) as S3Client;
};

/**
 * Uploads to S3: a file of one part by a put, any other by a multipart upload, each with the CRC32 of what was read, which S3
 * checks on arrival. Tries are the client's. An answer that was lost is no failure: the object tells which upload made it, an id of
 * `newId`'s.
 */
export const createAwsPutFile =
  (client: S3Client, newId: () => string): PutFile =>
  async (bucket, key, file, { signal, onSent }) => {
    signal.throwIfAborted();
    const place = { Bucket: bucket, Key: key };
    const uploadId = newId();
    let failure: { readonly thrown: unknown } | undefined;

    async function* pieces(): AsyncGenerator<Buffer> {
      try {
        for (let start = 0; start < file.bytes; start += pieceBytes) {
          signal.throwIfAborted();
          yield await file.read(start, Math.min(file.bytes, start + pieceBytes));
        }
      } catch (thrown) {
        failure = { thrown };
        throw thrown;
      }
    }

    /** The object that stands there, if it is this upload's. */
    const findPut = async (): Promise<ObjectHead | undefined> => {
      const found = await client.send(new HeadObjectCommand(place)).catch(() => undefined);
      const isPut = found?.Metadata?.[uploadIdName] === uploadId && found.ContentLength === file.bytes;
      return isPut ? toHead(found, file.bytes) : undefined;
    };

    const partSize = partBytesOf(file.bytes);
    const upload = new Upload({
      client: breakOff(client, signal),
      params: {
        ...place,
        Body: Readable.from(pieces(), { highWaterMark: 1 }),
        ContentLength: file.bytes,
        ChecksumAlgorithm: 'CRC32',
        Metadata: { [uploadIdName]: uploadId },
      },
      partSize,
      queueSize: partsInFlightOf(partSize),
    });
    let sent = 0;
    upload.on('httpUploadProgress', ({ loaded = sent }) => {
      onSent(loaded - sent);
      sent = loaded;
    });
    try {
      return toHead(await upload.done(), file.bytes);
    } catch (thrown) {
      if (failure !== undefined) throw failure.thrown;
      if (signal.aborted) throw signal.reason;
      const put = await findPut();
      if (put !== undefined) return put;
      throw toServiceError('an upload', thrown, refusals);
    }
  };
