import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Alarm } from './alarm-list.ts';
import { alarmList, askedAlarms } from './alarm-list.ts';
import type { Operation, Statement } from './batch-statement.ts';
import { executeBatch } from './batch-statement.ts';

/** Longest a message stays away here after a failed delivery or before its first; minutes on AWS. */
const awaySecondsMax = 1;

const dynamoDb = 'DynamoDB_20120810.';
/** Calls of SQS that say how long a message is to stay away. */
const shortened: ReadonlySet<string> = new Set(
  ['ChangeMessageVisibility', 'ChangeMessageVisibilityBatch', 'SendMessage', 'SendMessageBatch'].map(
    (operation) => `AmazonSQS.${operation}`,
  ),
);

type Json = Readonly<Record<string, unknown>>;

/** A request of SQS with its waits cut short. The number of deliveries before a message is set aside stays what it is. */
export const shortenWaits = (input: Json): Json => {
  const shorten = (part: Json): Json =>
    Object.fromEntries(
      Object.entries(part).map(([name, value]) => [
        name,
        (name === 'VisibilityTimeout' || name === 'DelaySeconds') && typeof value === 'number'
          ? Math.min(value, awaySecondsMax)
          : value,
      ]),
    );
  const entries = input['Entries'];
  return { ...shorten(input), ...(Array.isArray(entries) ? { Entries: entries.map(shorten) } : {}) };
};

const xmlEscapes: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
};

/** A list of object versions whose keys are as they were asked for: encoded like a URL. */
export const encodeKeys = (xml: string): string =>
  xml
    .replaceAll(/<(Key|KeyMarker|NextKeyMarker|Prefix)>([^<]*)</g, (_, name: string, key: string) => {
      const text = key.replaceAll(/&(?:amp|lt|gt|quot|apos);/g, (entity) => xmlEscapes[entity] ?? entity);
      return `<${name}>${encodeURIComponent(text).replaceAll('%2F', '/')}<`;
    })
    .replace('<IsTruncated>', '<EncodingType>url</EncodingType><IsTruncated>');

/** How much older than it is an object version looks in a list. */
const agedMilliseconds = 60 * 60_000;

/** A list of object versions that are all older: a search for lost uploads passes over what was put a moment ago. */
export const ageVersions = (xml: string): string =>
  xml.replaceAll(/<LastModified>([^<]*)</g, (whole, text: string) => {
    const at = Date.parse(text);
    return Number.isNaN(at) ? whole : `<LastModified>${new Date(at - agedMilliseconds).toISOString()}<`;
  });

/** Headers for a body of another length, sent as a whole. */
const headersFor = (headers: OutgoingHttpHeaders, body: Buffer): OutgoingHttpHeaders => {
  const { 'transfer-encoding': _, ...others } = headers;
  return { ...others, 'content-length': body.length };
};

const rangePattern = /^bytes=(\d+)-(\d+)$/;

/** The part of an object that was asked for, when the whole came; undefined when it is no answer of that kind. */
export const cutRange = (
  range: string | undefined,
  body: Buffer,
): { readonly part: Buffer; readonly contentRange: string } | undefined => {
  const [, first, last] = rangePattern.exec(range ?? '') ?? [];
  if (first === undefined || last === undefined || Number(first) >= body.length) return undefined;
  const part = body.subarray(Number(first), Number(last) + 1);
  return { part, contentRange: `bytes ${first}-${Number(first) + part.length - 1}/${body.length}` };
};

const readBody = async (message: IncomingMessage): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
};

export type Proxy = {
  readonly url: string;
  /** Requests it could not pass on or translate: none in a good run. */
  readonly problems: readonly string[];
  requests(): number;
  close(): Promise<void>;
};

/**
 * Stands before the emulator and turns what that cannot do into what it can (docs/emulator-gaps.md). Everything else goes
 * through as it is, the Host header too: queue URLs are made of it, so they lead here again.
 */
export const startProxy = async (emulator: string): Promise<Proxy> => {
  const target = new URL(emulator);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const problems: string[] = [];
  let requests = 0;

  const pass = (
    { method, url: path, headers }: Pick<IncomingMessage, 'method' | 'url'> & { readonly headers: OutgoingHttpHeaders },
    body: Buffer | IncomingMessage,
  ): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const options = { host: target.hostname, port: target.port, agent, method, path, headers };
      const passed = request(options, resolve).on('error', reject);
      if (Buffer.isBuffer(body)) passed.end(body);
      else body.on('error', reject).pipe(passed);
    });

  /** The request with another body. */
  const passBody = (message: IncomingMessage, body: Buffer, more: OutgoingHttpHeaders = {}): Promise<IncomingMessage> =>
    pass(
      {
        method: message.method,
        url: message.url,
        headers: headersFor({ ...message.headers, ...more }, body),
      },
      body,
    );

  const keys = new Map<string, Promise<readonly string[]>>();

  const answerBatch = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { Statements } = JSON.parse((await readBody(message)).toString()) as { Statements: Statement[] };
    const call = async (operation: Operation, input: Json) => {
      const body = Buffer.from(JSON.stringify(input));
      const answer = await passBody(message, body, { 'x-amz-target': dynamoDb + operation });
      return { status: answer.statusCode ?? 500, json: JSON.parse((await readBody(answer)).toString()) as Json };
    };
    const keysOf = (table: string): Promise<readonly string[]> => {
      const known = keys.get(table);
      if (known !== undefined) return known;
      const asked = call('DescribeTable', { TableName: table }).then(({ json }) => {
        const { KeySchema } = json['Table'] as { KeySchema: { AttributeName: string }[] };
        return KeySchema.map(({ AttributeName }) => AttributeName);
      });
      keys.set(table, asked);
      return asked;
    };
    const answer = await executeBatch(Statements, call, keysOf);
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answer));
  };

  const answerAlarms = async (
    message: IncomingMessage,
    names: readonly string[],
    response: ServerResponse,
  ): Promise<void> => {
    const body = Buffer.from(JSON.stringify(names.length === 0 ? {} : { AlarmNames: names }));
    const answer = await passBody(message, body, {
      'x-amz-target': 'GraniteServiceVersion20100801.DescribeAlarms',
      'content-type': 'application/json',
    });
    const { MetricAlarms } = JSON.parse((await readBody(answer)).toString()) as { MetricAlarms: Alarm[] };
    response.writeHead(200, { 'content-type': 'text/xml' }).end(alarmList(MetricAlarms));
  };

  const handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const operation = String(message.headers['x-amz-target'] ?? '');
    if (operation === `${dynamoDb}BatchExecuteStatement`) return answerBatch(message, response);
    let answer: IncomingMessage;
    if (shortened.has(operation)) {
      const input = JSON.parse((await readBody(message)).toString()) as Json;
      answer = await passBody(message, Buffer.from(JSON.stringify(shortenWaits(input))));
    } else if (message.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
      const form = await readBody(message);
      const names = askedAlarms(form.toString());
      if (names !== undefined) return answerAlarms(message, names, response);
      answer = await passBody(message, form);
    } else {
      answer = await pass(message, message);
    }
    const query = new URL(message.url ?? '/', emulator).searchParams;
    if (answer.statusCode === 200 && query.has('versions')) {
      const aged = ageVersions((await readBody(answer)).toString());
      const xml = Buffer.from(query.get('encoding-type') === 'url' ? encodeKeys(aged) : aged);
      response.writeHead(200, headersFor(answer.headers, xml)).end(xml);
      return;
    }
    if (answer.statusCode === 200 && message.method === 'GET' && query.has('versionId') && message.headers.range) {
      const whole = await readBody(answer);
      const cut = cutRange(message.headers.range, whole);
      const headers = headersFor(answer.headers, cut?.part ?? whole);
      // A checksum of the whole is none of a part.
      for (const name of Object.keys(headers)) if (name.startsWith('x-amz-checksum-')) delete headers[name];
      if (cut !== undefined) headers['content-range'] = cut.contentRange;
      response.writeHead(cut === undefined ? 200 : 206, headers).end(cut?.part ?? whole);
      return;
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.on('error', () => response.destroy()).pipe(response);
  };

  const server = createServer((message, response) => {
    requests++;
    handle(message, response).catch((thrown: unknown) => {
      // The caller went away, e.g. a function that was stopped: nobody waits for an answer.
      if (message.destroyed && !message.complete) return;
      problems.push(
        `${message.method} ${message.url?.split('?')[0]} ${message.headers['x-amz-target'] ?? ''}: ${String(thrown)}`,
      );
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
  });
  // AWS SDKs keep their sockets; the default of 5 s closes them under a request now and then.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    problems,
    requests: () => requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        agent.destroy();
      }),
  };
};
