import { describe, expect, it } from 'vitest';
import {
  chunkPartitions,
  fileIdOf,
  jobIdOf,
  mergedRejectKeysOf,
  parsePartitionKey,
  partitionKeyOf,
  rejectKeyOf,
  rowIdOf,
  stagedKeyOf,
} from './identity.ts';
import type { ObjectVersion } from './ports/object-store.ts';

const file: ObjectVersion = { bucket: 'b', key: 'in/a.csv', etag: 'e1', versionId: 'v1' };
const jobId = jobIdOf(file, 'profile');

describe('jobIdOf', () => {
  it('gives the same id for the same file version under the same profile', () => {
    expect(jobIdOf({ versionId: 'v1', etag: 'e1', key: 'in/a.csv', bucket: 'b' }, 'profile')).toBe(jobId);
  });

  // Ids are stored: one that moves turns a file that was processed into a new job.
  it('gives the id it always gave', () => {
    expect(jobId).toBe('r7x7vxaea5b1047xpsr33va6nr');
  });

  it.each([
    ['bucket', { ...file, bucket: 'c' }, 'profile'],
    ['key', { ...file, key: 'in/b.csv' }, 'profile'],
    ['version', { ...file, versionId: 'v2' }, 'profile'],
    ['profile', file, 'other'],
  ])('gives another id for another %s', (_, other, profileHash) => {
    expect(jobIdOf(other, profileHash)).not.toBe(jobId);
  });

  it('goes by the version where there is one, whatever the etag', () => {
    expect(jobIdOf({ ...file, etag: 'e2' }, 'profile')).toBe(jobId);
  });

  it('goes by the etag in a bucket that keeps no versions', () => {
    const plain = { bucket: 'b', key: 'in/a.csv', etag: 'e1' };
    expect(jobIdOf(plain, 'profile')).toBe(jobIdOf({ ...plain }, 'profile'));
    expect(jobIdOf({ ...plain, etag: 'e2' }, 'profile')).not.toBe(jobIdOf(plain, 'profile'));
  });

  it('keeps files apart whose names run together', () => {
    expect(jobIdOf({ bucket: 'ab', key: 'c', etag: 'e' }, 'p')).not.toBe(
      jobIdOf({ bucket: 'a', key: 'bc', etag: 'e' }, 'p'),
    );
  });

  it('is 26 characters that cannot be mistaken for one another, over the whole alphabet', () => {
    const ids = Array.from({ length: 200 }, (_, i) => jobIdOf({ ...file, key: `${i}` }, ''));
    for (const id of ids) expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/);
    expect(new Set(ids).size).toBe(200);
    for (const place of [0, 25]) expect(new Set(ids.map((id) => id[place])).size).toBe(32);
  });
});

describe('rowIdOf', () => {
  it('tells rows and jobs apart', () => {
    const other = jobIdOf(file, 'other');
    const ids = [rowIdOf(jobId, 1), rowIdOf(jobId, 11), rowIdOf(other, 1), rowIdOf(other, 11)];
    expect(new Set(ids).size).toBe(4);
  });
});

describe('the id of a file version', () => {
  it('is its own, however the file is read', () => {
    const versions = [file, { ...file, bucket: 'other' }, { ...file, key: 'other' }, { ...file, versionId: 'other' }];
    expect(new Set(versions.map(fileIdOf)).size).toBe(versions.length);
    expect(fileIdOf({ ...file })).toBe(fileIdOf(file));
    expect(fileIdOf(file)).not.toBe(jobId);
  });

  it('goes by the version id, and by the etag where there is none', () => {
    const { versionId: _, ...unversioned } = { ...file, versionId: 'v1' };
    expect(fileIdOf({ ...file, versionId: 'v1', etag: 'other' })).toBe(fileIdOf({ ...file, versionId: 'v1' }));
    expect(fileIdOf({ ...unversioned, etag: 'other' })).not.toBe(fileIdOf(unversioned));
  });
});

describe('a partition key', () => {
  it('comes back as the job and the chunk it was made of', () => {
    expect(parsePartitionKey(partitionKeyOf(jobId, 120, 4_711))).toEqual({ jobId, chunk: 120 });
  });

  it('spreads the rows of a chunk evenly', () => {
    const keys = Array.from({ length: 10 * chunkPartitions }, (_, row) => partitionKeyOf(jobId, 3, row + 1));
    const counts = new Map<string, number>();
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    expect([...counts.values()]).toEqual(Array.from({ length: 16 }, () => 10));
  });

  it('is shared by no two chunks', () => {
    const keysOf = (chunk: number): string[] =>
      Array.from({ length: chunkPartitions }, (_, row) => partitionKeyOf(jobId, chunk, row));
    expect(new Set([...keysOf(1), ...keysOf(11), ...keysOf(111)]).size).toBe(3 * chunkPartitions);
  });

  it.each([
    '',
    jobId,
    `${jobId}#1`,
    `${jobId}#1#`,
    `${jobId}##1`,
    `${jobId}#-1#1`,
    `${jobId}#1.5#1`,
    `${jobId}#1#1#1`,
    `${jobId}#1#1\n`,
    ` ${jobId}#1#1`,
    `${jobId.slice(1)}#1#1`,
    `${jobId.toUpperCase()}#1#1`,
    `${jobId}#9999999999999999#1`,
  ])('is not %j', (text) => {
    expect(parsePartitionKey(text)).toBeUndefined();
  });
});

describe('the keys of a job’s objects', () => {
  it('put the reject objects in the order of their chunks', () => {
    const keys = [0, 2, 10, 99, 100, 12_345_678].map((chunk) => rejectKeyOf(jobId, chunk));
    expect([...keys].sort()).toEqual(keys);
    expect(keys[2]).toBe(`jobs/${jobId}/rejects/00000010.ndjson`);
  });

  it('stand below the job and nowhere else', () => {
    const keys = [rejectKeyOf(jobId, 0), stagedKeyOf(jobId), ...Object.values(mergedRejectKeysOf(jobId))];
    for (const key of keys) expect(key.startsWith(`jobs/${jobId}/`)).toBe(true);
    expect(new Set(keys).size).toBe(keys.length);
    expect(stagedKeyOf(jobId)).not.toBe(stagedKeyOf(jobIdOf(file, 'other')));
  });
});
