import { crc32 } from 'node:zlib';
import {
  createScriptedBucket,
  type ScriptedBucket,
  type ScriptedPart,
  type ScriptedVersion,
} from './scripted-bucket.ts';
import type { ScriptedReply, ScriptedRequest, ScriptedService } from './scripted-endpoint.ts';
import { refuse, ScriptedError } from './scripted-error.ts';

// S3 in memory, in its REST protocol, for tests. Buckets are named in the path.
//
// Models: whole puts and multipart uploads, ranges, If-Match, versions and delete markers, CRC32 in a header, errors in XML (without
// a body for HEAD), versions listed in pages. Does not model: permissions, pages of other listings, aws-chunked bodies (they are refused).

export type ScriptedS3 = {
  readonly service: ScriptedService;
  /** The bucket of that name. Throws when there is none. */
  bucket(name: string): ScriptedBucket;
  /** What CreateBucket does. */
  createBucket(name: string): void;
};

/** Source: S3 error responses. Whatever is not named here is 400. */
const statuses: Readonly<Record<string, number>> = {
  AccessDenied: 403,
  BucketAlreadyOwnedByYou: 409,
  BucketNotEmpty: 409,
  InternalError: 500,
  InvalidObjectState: 403,
  InvalidRange: 416,
  MethodNotAllowed: 405,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  NoSuchVersion: 404,
  NotImplemented: 501,
  PreconditionFailed: 412,
  SlowDown: 503,
};

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** The text of the first element of that name; empty when there is none. */
const textOf = (xml: string, name: string): string =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]?.replaceAll('&quot;', '"') ?? '';

const xmlReply = (status: number, xml: string): ScriptedReply => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n${xml}`,
});

/** How S3 answers when it refuses a call. */
export const s3Error = (code: string, message = 'refused'): ScriptedReply =>
  xmlReply(statuses[code] ?? 400, `<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`);

const headersOf = ({ keeping }: ScriptedBucket, { etag, versionId }: ScriptedVersion): Record<string, string> => ({
  etag: `"${etag}"`,
  ...(keeping === 'all versions' ? { 'x-amz-version-id': versionId } : {}),
});

/** The body of a put, once what its headers say of it holds. */
const readBody = ({ headers, body }: ScriptedRequest): Buffer => {
  if (headers['content-encoding']?.includes('aws-chunked')) {
    refuse('NotImplemented', 'A header you provided implies functionality that is not implemented');
  }
  const expected = headers['x-amz-checksum-crc32'];
  if (expected !== undefined) {
    const found = Buffer.alloc(4);
    found.writeUInt32BE(crc32(body));
    if (found.toString('base64') !== expected)
      refuse('BadDigest', 'The CRC32 you specified did not match what we received.');
  }
  return body;
};

const readParts = (xml: string): ScriptedPart[] =>
  (xml.match(/<Part>.*?<\/Part>/gs) ?? []).map((part) => ({
    number: Number(textOf(part, 'PartNumber')),
    etag: textOf(part, 'ETag').replaceAll('"', ''),
  }));

/** HEAD and GET: the version that was asked for, if it is the one that If-Match names. */
const findVersion = (
  bucket: ScriptedBucket,
  key: string,
  { query, headers }: ScriptedRequest,
): ScriptedVersion & { readonly bytes: Buffer } => {
  const versionId = query.get('versionId');
  const version = bucket.find(key, versionId);
  if (version === undefined) {
    return versionId === null
      ? refuse('NoSuchKey', 'The specified key does not exist.')
      : refuse('NoSuchVersion', 'The specified version does not exist.');
  }
  const { bytes } = version;
  if (bytes === undefined) {
    return versionId === null
      ? refuse('NoSuchKey', 'The specified key does not exist.')
      : refuse('MethodNotAllowed', 'The specified method is not allowed against this resource.');
  }
  const wanted = headers['if-match']?.replaceAll('"', '');
  if (wanted !== undefined && wanted !== version.etag) refuse('PreconditionFailed', 'A pre-condition did not hold');
  return { ...version, bytes };
};

const getObject = (bucket: ScriptedBucket, key: string, request: ScriptedRequest): ScriptedReply => {
  const version = findVersion(bucket, key, request);
  const headers = { ...headersOf(bucket, version), 'content-type': 'application/octet-stream' };
  const { bytes } = version;
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers['range'] ?? '');
  if (range === null) return { status: 200, headers, body: bytes };
  const start = Number(range[1]);
  const end = Math.min(bytes.length, Number(range[2]) + 1);
  if (start >= bytes.length) refuse('InvalidRange', 'The requested range is not satisfiable');
  const contentRange = `bytes ${start}-${end - 1}/${bytes.length}`;
  return { status: 206, headers: { ...headers, 'content-range': contentRange }, body: bytes.subarray(start, end) };
};

/** A page of the versions of a bucket, behind the markers that the query names. */
const listVersions = (
  name: string,
  bucket: ScriptedBucket,
  query: URLSearchParams,
  pageSize: number,
): ScriptedReply => {
  const [prefix, keyMarker, idMarker] = [
    query.get('prefix') ?? '',
    query.get('key-marker'),
    query.get('version-id-marker'),
  ];
  const order = (key: string): number =>
    keyMarker === null ? 1 : Buffer.compare(Buffer.from(key), Buffer.from(keyMarker));
  const all = bucket.versions().filter(({ key }) => key.startsWith(prefix));
  const marked = all.findIndex(({ key, versionId }) => key === keyMarker && versionId === idMarker);
  if (idMarker !== null && marked < 0) refuse('InvalidArgument', 'Invalid version id specified');
  const left = idMarker === null ? all.filter(({ key }) => order(key) > 0) : all.slice(marked + 1);
  const page = left.slice(0, pageSize);
  const entries = page.map(({ key, versionId, etag, bytes, modifiedAt }) => {
    const time = `<LastModified>${new Date(modifiedAt).toISOString()}</LastModified>`;
    const id = `<Key>${escapeXml(key)}</Key><VersionId>${versionId}</VersionId>${time}`;
    if (bytes === undefined) return `<DeleteMarker>${id}</DeleteMarker>`;
    return `<Version>${id}<ETag>&quot;${etag}&quot;</ETag><Size>${bytes.length}</Size></Version>`;
  });
  const last = page.at(-1);
  const next =
    left.length === page.length || last === undefined
      ? '<IsTruncated>false</IsTruncated>'
      : `<IsTruncated>true</IsTruncated><NextKeyMarker>${escapeXml(last.key)}</NextKeyMarker><NextVersionIdMarker>${last.versionId}</NextVersionIdMarker>`;
  return xmlReply(200, `<ListVersionsResult><Name>${name}</Name>${next}${entries.join('')}</ListVersionsResult>`);
};

export const createScriptedS3 = ({
  versionsPerPage = 1_000,
}: {
  /** As with S3 when it is not given. Source: ListObjectVersions API reference. */
  readonly versionsPerPage?: number;
} = {}): ScriptedS3 => {
  const buckets = new Map<string, ScriptedBucket>();

  const bucketOf = (name: string): ScriptedBucket =>
    buckets.get(name) ?? refuse('NoSuchBucket', 'The specified bucket does not exist');

  const createBucket = (name: string): void => {
    if (buckets.has(name)) refuse('BucketAlreadyOwnedByYou', 'You own it already.');
    buckets.set(name, createScriptedBucket('one version'));
  };

  const answerOnBucket = (name: string, { operation, body, query }: ScriptedRequest): ScriptedReply => {
    switch (operation) {
      case 'CreateBucket':
        createBucket(name);
        return { status: 200, headers: { location: `/${name}` } };
      case 'PutBucketVersioning': {
        const hasVersions = textOf(body.toString(), 'Status') === 'Enabled';
        if (bucketOf(name).keys().length > 0)
          throw new Error('expected an empty bucket to switch, found one with objects');
        buckets.set(name, createScriptedBucket(hasVersions ? 'all versions' : 'one version'));
        return { status: 200 };
      }
      case 'ListObjectVersions':
        return listVersions(name, bucketOf(name), query, versionsPerPage);
      case 'ListObjectsV2': {
        const keys = bucketOf(name).keys();
        const contents = keys.map((key) => `<Contents><Key>${escapeXml(key)}</Key></Contents>`).join('');
        return xmlReply(200, `<ListBucketResult><IsTruncated>false</IsTruncated>${contents}</ListBucketResult>`);
      }
      case 'DeleteBucket':
        if (bucketOf(name).keys().length > 0) refuse('BucketNotEmpty', 'The bucket you tried to delete is not empty');
        buckets.delete(name);
        return { status: 204 };
      default:
        throw new Error(`expected an operation that the scripted S3 knows, found ${operation}`);
    }
  };

  const answerOnObject = (bucketName: string, key: string, request: ScriptedRequest): ScriptedReply => {
    const { operation, query, body } = request;
    const bucket = bucketOf(bucketName);
    const uploadId = query.get('uploadId') ?? '';
    switch (operation) {
      case 'HeadObject': {
        const version = findVersion(bucket, key, request);
        return {
          status: 200,
          headers: { ...headersOf(bucket, version), 'content-length': String(version.bytes.length) },
        };
      }
      case 'GetObject':
        return getObject(bucket, key, request);
      case 'PutObject':
        return { status: 200, headers: headersOf(bucket, bucket.put(key, readBody(request))) };
      case 'DeleteObject':
        bucket.remove(key, query.get('versionId'));
        return { status: 204 };
      case 'CreateMultipartUpload': {
        const upload = `<UploadId>${bucket.startUpload(key)}</UploadId>`;
        return xmlReply(200, `<InitiateMultipartUploadResult>${upload}</InitiateMultipartUploadResult>`);
      }
      case 'UploadPart': {
        const etag = bucket.putPart(uploadId, Number(query.get('partNumber')), readBody(request));
        return { status: 200, headers: { etag: `"${etag}"` } };
      }
      case 'CompleteMultipartUpload': {
        const { etag, ...headers } = headersOf(bucket, bucket.completeUpload(uploadId, readParts(body.toString())));
        const result = `<Location>/${bucketName}</Location><ETag>${escapeXml(etag ?? '')}</ETag>`;
        const reply = xmlReply(200, `<CompleteMultipartUploadResult>${result}</CompleteMultipartUploadResult>`);
        return { ...reply, headers: { ...reply.headers, ...headers } };
      }
      case 'AbortMultipartUpload':
        bucket.abortUpload(uploadId);
        return { status: 204 };
      default:
        throw new Error(`expected an operation that the scripted S3 knows, found ${operation}`);
    }
  };

  return {
    bucket: bucketOf,
    createBucket,
    service(request) {
      const [, bucketName = '', ...segments] = request.path.split('/').map(decodeURIComponent);
      const key = segments.join('/');
      try {
        return key === '' ? answerOnBucket(bucketName, request) : answerOnObject(bucketName, key, request);
      } catch (thrown) {
        if (!(thrown instanceof ScriptedError)) throw thrown;
        const reply = s3Error(thrown.type, thrown.message);
        // A HEAD is answered without a body, and so without the error's code.
        return request.method === 'HEAD' ? { status: reply.status } : reply;
      }
    },
  };
};
