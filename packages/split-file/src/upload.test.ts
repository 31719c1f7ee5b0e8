import { SluiceError } from '@sluice/core/errors';
import type { Profile } from '@sluice/core/ports/job-store';
import { serialiseUpload } from '@sluice/core/upload-event';
import { describe, expect, it } from 'vitest';
import { findProfile, parseUploads } from './upload.ts';

const secret = 'SECRET-CONTENT';

type S3Object = {
  readonly key?: unknown;
  readonly size?: unknown;
  readonly eTag?: unknown;
  readonly versionId?: unknown;
};

const recordOf = (object: S3Object = {}, eventName = 'ObjectCreated:Put', bucket = 'bucket') => ({
  eventVersion: '2.1',
  eventSource: 'aws:s3',
  awsRegion: 'eu-central-1',
  eventName,
  s3: { s3SchemaVersion: '1.0', bucket: { name: bucket }, object: { key: 'in/a.csv', size: 3, eTag: 'e1', ...object } },
});

const bodyOf = (...records: unknown[]): string => JSON.stringify({ Records: records });

const thrownBy = (parse: () => unknown): SluiceError => {
  try {
    parse();
  } catch (thrown) {
    if (thrown instanceof SluiceError) return thrown;
    throw thrown;
  }
  throw new Error('expected an error, found none');
};

describe('parseUploads', () => {
  it('gives bucket, key, ETag and size of an object that was put', () => {
    expect(parseUploads(bodyOf(recordOf()))).toEqual([{ bucket: 'bucket', key: 'in/a.csv', etag: 'e1', bytes: 3 }]);
  });

  it('gives the version of an object in a bucket that keeps versions', () => {
    expect(parseUploads(bodyOf(recordOf({ versionId: 'v1' })))).toEqual([
      { bucket: 'bucket', key: 'in/a.csv', etag: 'e1', versionId: 'v1', bytes: 3 },
    ]);
  });

  it.each([
    ['in/a+b.csv', 'in/a b.csv'],
    ['in/a%2Bb.csv', 'in/a+b.csv'],
    ['in/50%25+off.csv', 'in/50% off.csv'],
    ['in/%2520.csv', 'in/%20.csv'],
    ['in/f%C3%BCr+%E2%82%AC%F0%9F%98%80.csv', 'in/für €😀.csv'],
    ['in/a%2Fb%3Dc%26d.csv', 'in/a/b=c&d.csv'],
  ])('decodes the key %s', (key, decoded) => {
    expect(parseUploads(bodyOf(recordOf({ key }))).map((upload) => upload.key)).toEqual([decoded]);
  });

  it.each(['ObjectCreated:Put', 'ObjectCreated:Post', 'ObjectCreated:Copy', 'ObjectCreated:CompleteMultipartUpload'])(
    'takes %s',
    (eventName) => {
      expect(parseUploads(bodyOf(recordOf({}, eventName)))).toHaveLength(1);
    },
  );

  it.each([
    'ObjectRemoved:Delete',
    'ObjectRemoved:DeleteMarkerCreated',
    'ObjectRestore:Completed',
    'LifecycleExpiration:Delete',
    'ObjectTagging:Put',
  ])('passes over %s, which has neither size nor ETag', (eventName) => {
    const removed = recordOf({ size: undefined, eTag: undefined }, eventName);
    expect(parseUploads(bodyOf(removed))).toEqual([]);
    expect(parseUploads(bodyOf(removed, recordOf({ key: 'in/b.csv' })))).toMatchObject([{ key: 'in/b.csv' }]);
  });

  it('gives every object of an event, in its order', () => {
    const keys = ['in/c.csv', 'in/a.csv', 'in/b.csv'];
    expect(parseUploads(bodyOf(...keys.map((key) => recordOf({ key })))).map(({ key }) => key)).toEqual(keys);
  });

  it('finds nothing in the test event that S3 sends when a notification is set up', () => {
    const body = {
      Service: 'Amazon S3',
      Event: 's3:TestEvent',
      Time: '2024-01-01T00:00:00.000Z',
      Bucket: 'bucket',
      RequestId: 'R',
      HostId: 'H',
    };
    expect(parseUploads(JSON.stringify(body))).toEqual([]);
  });

  it('takes an empty object', () => {
    expect(parseUploads(bodyOf(recordOf({ size: 0 })))).toMatchObject([{ bytes: 0 }]);
  });

  it.each([
    ['no JSON', `{"${secret}":`],
    ['nothing', ''],
    ['null', 'null'],
    ['a text', JSON.stringify(secret)],
    ['a list', JSON.stringify([recordOf()])],
    ['another message', JSON.stringify({ v: 1, kind: 'audit', jobId: secret })],
    ['another test event', JSON.stringify({ Event: secret })],
    ['no list of records', JSON.stringify({ Records: { 0: recordOf({ key: secret }) } })],
    ['a record that is null', bodyOf(null)],
    ['a record of another service', bodyOf({ eventName: 'INSERT', dynamodb: { key: secret } })],
    ['a record without a name', bodyOf({ ...recordOf({ key: secret }), eventName: undefined })],
    ['an object without a key', bodyOf(recordOf({ key: undefined, eTag: secret }))],
    ['an empty key', bodyOf(recordOf({ key: '', eTag: secret }))],
    ['an empty bucket', bodyOf(recordOf({ key: secret }, 'ObjectCreated:Put', ''))],
    ['a put object without a size', bodyOf(recordOf({ key: secret, size: undefined }))],
    ['a put object without an ETag', bodyOf(recordOf({ key: secret, eTag: undefined }))],
    ['a size that is no whole number', bodyOf(recordOf({ key: secret, size: 1.5 }))],
    ['a size that is a text', bodyOf(recordOf({ key: secret, size: '3' }))],
    ['a key that is cut in an escape', bodyOf(recordOf({ key: `${secret}%2` }))],
    ['a key whose escapes are no UTF-8', bodyOf(recordOf({ key: `${secret}%FF` }))],
    ['one bad record beside a good one', bodyOf(recordOf(), { eventName: 'ObjectCreated:Put', key: secret })],
  ])('refuses %s without quoting it', (_, body) => {
    const thrown = thrownBy(() => parseUploads(body));
    expect(thrown.code).toBe('MESSAGE_INVALID');
    expect(thrown.message).toBe('expected an S3 event notification, found another message');
    expect(thrown.cause).toBeUndefined();
  });

  it('refuses a negative size', () => {
    expect(thrownBy(() => parseUploads(bodyOf(recordOf({ size: -1 })))).code).toBe('MESSAGE_INVALID');
  });
});

describe('an event that is sent in the place of a lost one', () => {
  it.each([
    'in/a file.csv',
    'a+b%20c?d=e&f#g.csv',
    'übung/ファイル/👍.csv',
    `it's "this" (one) [two] {three}~*!.csv`,
    '%2F/%/a%2fb',
    'a//b/',
  ])('is read as that of the version: %s', (key) => {
    const version = { bucket: 'inbox', key, etag: 'etag-1', versionId: 'v 1', bytes: 7 };
    expect(parseUploads(serialiseUpload(version))).toEqual([version]);
    const { versionId: _, ...unversioned } = version;
    expect(parseUploads(serialiseUpload(unversioned))).toEqual([unversioned]);
  });
});

describe('findProfile', () => {
  const profiles: readonly Profile[] = [
    { prefix: 'in/' },
    { prefix: 'in/orders/2024/' },
    { prefix: 'in/orders/' },
    { prefix: 'other/' },
  ];

  it.each([
    ['in/a.csv', 'in/'],
    ['in/orders/a.csv', 'in/orders/'],
    ['in/orders/2024/a.csv', 'in/orders/2024/'],
    ['in/orders-old/a.csv', 'in/'],
    ['in/orders/', 'in/orders/'],
    ['other/in/orders/a.csv', 'other/'],
  ])('takes the longest prefix of %s', (key, prefix) => {
    expect(findProfile(profiles, key)?.prefix).toBe(prefix);
    expect(findProfile(profiles.toReversed(), key)?.prefix).toBe(prefix);
  });

  it.each(['a.csv', 'In/a.csv', ' in/a.csv', 'in', ''])('finds none for the key "%s"', (key) => {
    expect(findProfile(profiles, key)).toBeUndefined();
  });

  it('takes the empty prefix for a key under no other', () => {
    const all: Profile = { prefix: '' };
    expect(findProfile([...profiles, all], 'a.csv')).toBe(all);
    expect(findProfile([...profiles, all], 'in/a.csv')?.prefix).toBe('in/');
  });
});
