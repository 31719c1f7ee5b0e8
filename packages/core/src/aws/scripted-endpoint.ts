import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

// An endpoint of AWS on loopback, for tests: real requests of the real SDK, answered by services in memory, with whatever
// is to go wrong on the way. The services keep their state; the endpoint knows nothing but requests and replies.

/** One request, read whole. `operation`: of the JSON protocols what X-Amz-Target names, of S3 the API's name for method and sub-resource. */
export type ScriptedRequest = {
  readonly service: 'sqs' | 'dynamodb' | 's3' | 'monitoring' | 'events';
  readonly operation: string;
  readonly method: string;
  /** As sent, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

export type ScriptedReply = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
};

export type ScriptedService = (request: ScriptedRequest) => ScriptedReply | Promise<ScriptedReply>;

/**
 * What goes wrong with one call: before its effect (`instead` of it), or after it (the reply is replaced, lost with its
 * connection, stalled behind its headers, cut short in the middle of its body). `times`: calls it befalls, 1 when not given.
 */
export type Mishap = { readonly when: (request: ScriptedRequest) => boolean; readonly times?: number } & (
  | { readonly instead: ScriptedReply }
  | { readonly after: 'lose' | 'stall' | 'cut' | ((reply: ScriptedReply) => ScriptedReply) }
);

export type ScriptedEndpoint = {
  readonly url: string;
  /** Every request that arrived whole, in that order; also those that a mishap befell. */
  readonly requests: readonly ScriptedRequest[];
  /** Connections that clients opened so far. */
  readonly connections: number;
  /** Of several mishaps that fit a call, the one scripted first befalls it, as often as it may. */
  script(mishap: Mishap): void;
  /** Ends open connections too. Rejects with what a service threw, if one did: that is a defect of the test. */
  close(): Promise<void>;
};

/** What a client needs besides the endpoint's URL. Nothing here is looked at: signatures are not checked. */
export const scriptedAccess = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'scripted', secretAccessKey: 'scripted' },
} as const;

/** Source: the clients' `serviceTarget`, as in X-Amz-Target: <target>.<operation>. */
const serviceTargets: Readonly<Record<string, ScriptedRequest['service']>> = {
  AWSEvents: 'events',
  AmazonSQS: 'sqs',
  DynamoDB_20120810: 'dynamodb',
  GraniteServiceVersion20100801: 'monitoring',
};

/** Sub-resource (a name in the query) or none -> operation, by method. Source: S3 API reference. The first that is there counts. */
const objectOperations: Readonly<Record<string, readonly (readonly [subResource: string, operation: string])[]>> = {
  HEAD: [['', 'HeadObject']],
  GET: [['', 'GetObject']],
  PUT: [
    ['partNumber', 'UploadPart'],
    ['', 'PutObject'],
  ],
  POST: [
    ['uploads', 'CreateMultipartUpload'],
    ['uploadId', 'CompleteMultipartUpload'],
  ],
  DELETE: [
    ['uploadId', 'AbortMultipartUpload'],
    ['', 'DeleteObject'],
  ],
};
const bucketOperations: typeof objectOperations = {
  GET: [
    ['versions', 'ListObjectVersions'],
    ['', 'ListObjectsV2'],
  ],
  PUT: [
    ['versioning', 'PutBucketVersioning'],
    ['', 'CreateBucket'],
  ],
  DELETE: [['', 'DeleteBucket']],
};

const s3OperationOf = (method: string, path: string, query: URLSearchParams): string => {
  const isObject = /^\/[^/]+\/./.test(path);
  const known = (isObject ? objectOperations : bucketOperations)[method] ?? [];
  return known.find(([subResource]) => subResource === '' || query.has(subResource))?.[1] ?? `${method} ${path}`;
};

const readRequest = async (incoming: IncomingMessage): Promise<ScriptedRequest> => {
  const pieces: Buffer[] = [];
  for await (const piece of incoming as AsyncIterable<Buffer>) pieces.push(piece);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) headers[name] = String(value);
  const method = incoming.method ?? '';
  const [path = '', queryText = ''] = (incoming.url ?? '').split('?', 2);
  const query = new URLSearchParams(queryText);
  const [target = '', targetOperation] = (headers['x-amz-target'] ?? '').split('.');
  const service = targetOperation === undefined ? 's3' : serviceTargets[target];
  if (service === undefined) throw new Error(`expected the target of a known service, found ${target}`);
  const operation = targetOperation ?? s3OperationOf(method, path, query);
  return { service, operation, method, path, query, headers, body: Buffer.concat(pieces) };
};

const bytesOf = ({ body = '' }: ScriptedReply): Uint8Array => (typeof body === 'string' ? Buffer.from(body) : body);

/** Content-Length as the reply gives it (a HEAD tells the length of a body that it does not send), else counted. */
const writeHead = (reply: ScriptedReply, outgoing: ServerResponse): void => {
  outgoing.writeHead(reply.status, { 'content-length': bytesOf(reply).length, ...reply.headers });
};

const write = (reply: ScriptedReply, outgoing: ServerResponse, fate?: 'lose' | 'stall' | 'cut'): void => {
  if (fate === 'lose') {
    outgoing.destroy();
    return;
  }
  writeHead(reply, outgoing);
  const bytes = bytesOf(reply);
  if (fate === 'stall') outgoing.flushHeaders();
  else if (fate === 'cut') {
    outgoing.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => outgoing.destroy());
  } else outgoing.end(bytes);
};

/** Starts the services on a free port of loopback. */
export const startScriptedEndpoint = async (
  services: Partial<Record<ScriptedRequest['service'], ScriptedService>>,
): Promise<ScriptedEndpoint> => {
  const requests: ScriptedRequest[] = [];
  const mishaps: { readonly mishap: Mishap; left: number }[] = [];
  const defects: unknown[] = [];

  const takeMishap = (request: ScriptedRequest): Mishap | undefined => {
    const found = mishaps.find(({ mishap, left }) => left > 0 && mishap.when(request));
    if (found !== undefined) found.left--;
    return found?.mishap;
  };

  const serve = async (request: ScriptedRequest, outgoing: ServerResponse): Promise<void> => {
    const mishap = takeMishap(request);
    if (mishap !== undefined && 'instead' in mishap) return write(mishap.instead, outgoing);
    const service = services[request.service];
    if (service === undefined)
      throw new Error(`expected a request to a service that is there, found ${request.service}`);
    const reply = await service(request);
    if (mishap === undefined) return write(reply, outgoing);
    if (typeof mishap.after === 'function') return write(mishap.after(reply), outgoing);
    write(reply, outgoing, mishap.after);
  };

  const server = createServer(async (incoming, outgoing) => {
    let request: ScriptedRequest | undefined;
    try {
      request = await readRequest(incoming);
      requests.push(request);
      await serve(request, outgoing);
    } catch (thrown) {
      // A client that gave up in the middle of its request is no defect.
      if (!incoming.complete && request === undefined) return;
      defects.push(thrown);
      outgoing.destroy();
    }
  });
  let connections = 0;
  server.on('connection', () => {
    connections++;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get connections() {
      return connections;
    },
    script(mishap) {
      mishaps.push({ mishap, left: mishap.times ?? 1 });
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      if (defects.length > 0) throw defects[0];
    },
  };
};
