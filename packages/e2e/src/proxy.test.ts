import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ageVersions, cutRange, encodeKeys, shortenWaits, startProxy } from './proxy.ts';

type Request = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A proxy before a server that answers as it is told. */
const setUp = async (answer: (request: Request) => { readonly status?: number; readonly body: string }) => {
  const requests: Request[] = [];
  const server = createServer(async (message, response) => {
    let body = '';
    for await (const piece of message) body += String(piece);
    const request = { method: message.method ?? '', url: message.url ?? '', headers: message.headers, body };
    requests.push(request);
    const answered = answer(request);
    response
      .writeHead(answered.status ?? 200, { 'x-from': 'emulator', 'x-amz-checksum-crc32': 'abc' })
      .end(answered.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => void server.close(() => resolve()).closeAllConnections()));
  const proxy = await startProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  closing.push(() => proxy.close());
  const send = (target: string, input: unknown): Promise<Response> =>
    fetch(proxy.url, { method: 'POST', headers: { 'x-amz-target': target }, body: JSON.stringify(input) });
  return { proxy, requests, send };
};

const tableOf = (request: Request): { readonly status?: number; readonly body: string } =>
  String(request.headers['x-amz-target']).endsWith('DescribeTable')
    ? { body: JSON.stringify({ Table: { KeySchema: [{ AttributeName: 'pk' }, { AttributeName: 'row' }] } }) }
    : { body: '{}' };

describe('the proxy', () => {
  it('passes on what it does not know as it is, the Host header too', async () => {
    const { proxy, requests } = await setUp(() => ({ status: 404, body: 'nothing' }));
    const response = await fetch(`${proxy.url}/bucket/a%2Bb?x=1`, { method: 'PUT', body: 'bytes' });
    expect([response.status, response.headers.get('x-from'), await response.text()]).toEqual([
      404,
      'emulator',
      'nothing',
    ]);
    expect(requests).toMatchObject([{ method: 'PUT', url: '/bucket/a%2Bb?x=1', body: 'bytes' }]);
    expect(requests[0]?.headers.host).toBe(new URL(proxy.url).host);
    expect(proxy.problems).toEqual([]);
  });

  it('turns statements into calls for items, and asks for the keys of a table once', async () => {
    const { requests, send } = await setUp(tableOf);
    const insert = (row: number) => ({
      Statement: `INSERT INTO "rows" VALUE {'pk': 'a', 'row': ?}`,
      Parameters: [{ N: `${row}` }],
    });
    const answer = await send('DynamoDB_20120810.BatchExecuteStatement', { Statements: [insert(1), insert(2)] });
    expect(await answer.json()).toEqual({ Responses: [{ TableName: 'rows' }, { TableName: 'rows' }] });
    expect(requests.map(({ headers }) => headers['x-amz-target'])).toEqual([
      'DynamoDB_20120810.DescribeTable',
      'DynamoDB_20120810.PutItem',
      'DynamoDB_20120810.PutItem',
    ]);
  });

  it('answers a statement that it does not understand as a fault of its own, and remembers it', async () => {
    const { proxy, send } = await setUp(tableOf);
    const answer = await send('DynamoDB_20120810.BatchExecuteStatement', { Statements: [{ Statement: 'SELECT 1' }] });
    expect(answer.status).toBe(502);
    expect(proxy.problems).toHaveLength(1);
  });

  it('cuts the waits of messages short', async () => {
    const { requests, send } = await setUp(() => ({ body: '{}' }));
    const entries = [{ Id: '0', ReceiptHandle: 'a', VisibilityTimeout: 120 }];
    await send('AmazonSQS.ChangeMessageVisibilityBatch', { QueueUrl: 'q', Entries: entries });
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({
      QueueUrl: 'q',
      Entries: [{ ...entries[0], VisibilityTimeout: 1 }],
    });
  });

  it('asks for alarms in JSON, which has all of them, and answers in XML', async () => {
    const { proxy, requests } = await setUp(() => ({
      body: '{"MetricAlarms":[{"AlarmName":"a","Period":60,"MetricName":"m"}]}',
    }));
    const answer = await fetch(proxy.url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: 'Action=DescribeAlarms&AlarmNames.member.1=a',
    });
    expect(await answer.text()).toContain('<Period>60</Period>');
    expect(requests).toMatchObject([{ body: '{"AlarmNames":["a"]}' }]);
  });

  it('lists object versions with encoded keys when asked to', async () => {
    const { proxy } = await setUp(() => ({ body: '<Key>a+b</Key><IsTruncated>false</IsTruncated>' }));
    expect(await (await fetch(`${proxy.url}/bucket?versions=&encoding-type=url`)).text()).toContain('<Key>a%2Bb</Key>');
    expect(await (await fetch(`${proxy.url}/bucket?versions=`)).text()).toContain('<Key>a+b</Key>');
  });
});

describe('a range of a version', () => {
  it('is cut from the whole, without the checksum of that', async () => {
    const { proxy } = await setUp(() => ({ body: '0123456789' }));
    const headers = { range: 'bytes=2-5' };
    const version = await fetch(`${proxy.url}/bucket/key?versionId=a`, { headers });
    expect([version.status, version.headers.get('content-range'), await version.text()]).toEqual([
      206,
      'bytes 2-5/10',
      '2345',
    ]);
    expect(version.headers.get('x-amz-checksum-crc32')).toBeNull();
    const newest = await fetch(`${proxy.url}/bucket/key`, { headers });
    expect([newest.status, newest.headers.get('x-amz-checksum-crc32')]).toEqual([200, 'abc']);
  });

  it.each([
    ['bytes=0-9', ['bytes 0-9/10', '0123456789']],
    ['bytes=8-99', ['bytes 8-9/10', '89']],
    ['bytes=10-12', undefined],
    ['bytes=-3', undefined],
    [undefined, undefined],
  ])('%s of ten bytes is %j', (range, expected) => {
    const cut = cutRange(range, Buffer.from('0123456789'));
    expect(cut === undefined ? undefined : [cut.contentRange, cut.part.toString()]).toEqual(expected);
  });
});

describe('waits', () => {
  it.each([
    [{ DelaySeconds: 900 }, { DelaySeconds: 1 }],
    [{ VisibilityTimeout: 0 }, { VisibilityTimeout: 0 }],
    [{ Entries: [{ DelaySeconds: 30 }, {}] }, { Entries: [{ DelaySeconds: 1 }, {}] }],
    // A queue's own attributes are text, and stay what the deployment made them.
    [{ Attributes: { VisibilityTimeout: '360' } }, { Attributes: { VisibilityTimeout: '360' } }],
  ])('of %j become %j', (input, expected) => {
    expect(shortenWaits(input)).toEqual(expected);
  });
});

describe('keys in a list', () => {
  it.each([
    ['a/b c.csv', 'a/b%20c.csv'],
    ['ü+&amp;&lt;.csv', '%C3%BC%2B%26%3C.csv'],
  ])('%s becomes %s', (key, encoded) => {
    const list = `<Version><Key>${key}</Key></Version><IsTruncated>false</IsTruncated>`;
    expect(encodeKeys(list)).toBe(
      `<Version><Key>${encoded}</Key></Version><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>`,
    );
  });

  it('are encoded also where the list says from where to where it goes', () => {
    const list = '<Prefix>a b</Prefix><KeyMarker></KeyMarker><NextKeyMarker>a b/c</NextKeyMarker>';
    expect(encodeKeys(list)).toBe(
      '<Prefix>a%20b</Prefix><KeyMarker></KeyMarker><NextKeyMarker>a%20b/c</NextKeyMarker>',
    );
  });
});

describe('versions in a list', () => {
  it('are an hour older than they are', () => {
    expect(ageVersions('<LastModified>2026-03-01T00:30:00.000Z</LastModified><LastModified></LastModified>')).toBe(
      '<LastModified>2026-02-28T23:30:00.000Z</LastModified><LastModified></LastModified>',
    );
  });

  it('are so whoever asks', async () => {
    const { proxy } = await setUp(() => ({ body: '<LastModified>2026-03-01T12:00:00.000Z</LastModified>' }));
    expect(await (await fetch(`${proxy.url}/bucket?versions=`)).text()).toContain('2026-03-01T11:00:00.000Z');
    expect(await (await fetch(`${proxy.url}/bucket?list-type=2`)).text()).toContain('2026-03-01T12:00:00.000Z');
  });
});
