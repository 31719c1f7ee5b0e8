import { hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { s3Error } from '@sluice/core/aws/scripted-s3';
import type { MutableNullCounts } from './null-counts.ts';

// S3 whose objects are files that it was told to serve, as one version each. What is put is taken and not kept. Buckets are named
// in the path. Not there: listings, uploads in parts, versions.

/** Bytes of a file read at once. */
const pieceBytes = 256 * 1024;

type Served = { readonly path: string; readonly bytes: number; readonly etag: string };

/** First and last byte of a range; undefined when there is no byte in it. Source: RFC 9110, section 14.1.2. */
const readRange = (range: string, bytes: number): readonly [first: number, last: number] | undefined => {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  if (from === '') return to === '' || to === '0' ? undefined : [Math.max(0, bytes - Number(to)), bytes - 1];
  const last = to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1);
  return Number(from) > last ? undefined : [Number(from), last];
};

export type NullS3 = {
  serve(bucket: string, key: string, path: string): Promise<void>;
  answer(incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse): void;
};

export const createNullS3 = (counts: MutableNullCounts): NullS3 => {
  const objects = new Map<string, Served>();

  const refuse = (code: string, method: string, outgoing: ServerResponse): void => {
    const { status, headers, body = '' } = s3Error(code);
    outgoing.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
    outgoing.end(method === 'HEAD' ? '' : body);
  };

  const get = ({ path, bytes, etag }: Served, { headers, method = '' }: IncomingMessage, outgoing: ServerResponse) => {
    const head = { etag, 'accept-ranges': 'bytes', 'content-type': 'binary/octet-stream' };
    const range = headers.range === undefined ? undefined : readRange(headers.range, bytes);
    if (headers.range !== undefined && range === undefined) return refuse('InvalidRange', method, outgoing);
    const [first, last] = range ?? [0, bytes - 1];
    const length = last - first + 1;
    outgoing.writeHead(range === undefined ? 200 : 206, {
      ...head,
      'content-length': length,
      ...(range === undefined ? {} : { 'content-range': `bytes ${first}-${last}/${bytes}` }),
    });
    if (method === 'HEAD') return outgoing.end();
    counts.s3Gets++;
    counts.s3Bytes += length;
    if (length === 0) return outgoing.end();
    const file = createReadStream(path, { start: first, end: last, highWaterMark: pieceBytes });
    // The client sees a body that ends early.
    file.on('error', () => outgoing.destroy());
    outgoing.on('close', () => file.destroy());
    return file.pipe(outgoing);
  };

  return {
    async serve(bucket, key, path) {
      const { size, mtimeMs } = await stat(path);
      objects.set(`${bucket}/${key}`, { path, bytes: size, etag: `"${hash('md5', `${path} ${size} ${mtimeMs}`)}"` });
    },

    answer(incoming, body, outgoing) {
      const { method = '', url = '', headers } = incoming;
      const [path = '', queryText = ''] = url.split('?', 2);
      const query = new URLSearchParams(queryText);
      const hasKey = /^\/[^/]+\/./.test(path);
      if (method === 'PUT' && hasKey && !query.has('partNumber')) {
        counts.s3Puts++;
        outgoing.writeHead(200, { etag: `"${hash('md5', body)}"`, 'content-length': 0 });
        outgoing.end();
      } else if ((method === 'GET' || method === 'HEAD') && hasKey) {
        const served = objects.get(decodeURIComponent(path.slice(1)));
        if (served === undefined) return refuse('NoSuchKey', method, outgoing);
        const version = query.get('versionId') ?? 'null';
        if (version !== 'null') return refuse('NoSuchVersion', method, outgoing);
        const expected = headers['if-match'];
        // Some clients leave the quotes out.
        if (expected !== undefined && expected.replaceAll('"', '') !== served.etag.replaceAll('"', '')) {
          return refuse('PreconditionFailed', method, outgoing);
        }
        get(served, incoming, outgoing);
      } else refuse('NotImplemented', method, outgoing);
    },
  };
};
