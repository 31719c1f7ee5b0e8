import { describe, expect, it } from 'vitest';
import type { Profile } from './ports/job-store.ts';
import { hashProfile, schemaOf } from './profile.ts';

const schema = { columns: { amount: { type: 'integer', min: 0 }, name: { required: true } } };
const profile: Profile = { prefix: 'in/', schema, delimiter: ';', encoding: 'utf-8', header: true, limit: 100 };
const without = (name: keyof Profile): Profile =>
  Object.fromEntries(Object.entries(profile).filter(([property]) => property !== name)) as Profile;

describe('hashProfile', () => {
  const { profileHash, schemaHash } = hashProfile(profile);

  it('gives two hashes of 64 hex digits that are not the same', () => {
    expect(profileHash).toMatch(/^[0-9a-f]{64}$/);
    expect(schemaHash).toMatch(/^[0-9a-f]{64}$/);
    expect(profileHash).not.toBe(schemaHash);
  });

  it.each<[string, Profile]>([
    ['its prefix', { ...profile, prefix: 'elsewhere/' }],
    ['the share of rejects it bears', { ...profile, maxRejectedRatio: 0.5 }],
    ['the order of its properties', Object.fromEntries(Object.entries(profile).reverse()) as Profile],
    [
      'the order of its schema’s columns and rules',
      { ...profile, schema: { columns: { name: { required: true }, amount: { min: 0, type: 'integer' } } } },
    ],
    ['defaults that its schema writes out', { ...profile, schema: { ...schema, ragged: 'reject', unknown: 'keep' } }],
    ['a header that is there by default', without('header')],
  ])('does not depend on %s', (_, other) => {
    expect(hashProfile(other)).toEqual({ profileHash, schemaHash });
  });

  it.each<[string, Profile]>([
    ['another delimiter', { ...profile, delimiter: ',' }],
    ['a delimiter to be found', without('delimiter')],
    ['another encoding', { ...profile, encoding: 'utf-16le' }],
    ['an encoding to be found', without('encoding')],
    ['no header', { ...profile, header: false }],
    ['another limit', { ...profile, limit: 101 }],
    ['no limit', without('limit')],
  ])('changes with %s, while the schema’s hash stays', (_, other) => {
    expect(hashProfile(other).profileHash).not.toBe(profileHash);
    expect(hashProfile(other).schemaHash).toBe(schemaHash);
  });

  it.each<[string, Profile]>([
    ['a rule', { ...profile, schema: { columns: { amount: { type: 'integer', min: 1 }, name: { required: true } } } }],
    ['what becomes of ragged rows', { ...profile, schema: { ...schema, ragged: 'pad' } }],
    ['no schema', without('schema')],
  ])('changes with %s of the schema, and so does the schema’s hash', (_, other) => {
    expect(hashProfile(other).profileHash).not.toBe(profileHash);
    expect(hashProfile(other).schemaHash).not.toBe(schemaHash);
  });

  it('takes no schema and an empty one for the same', () => {
    expect(hashProfile({ ...profile, schema: {} })).toEqual(hashProfile(without('schema')));
  });

  it('does not confuse a delimiter with an encoding of the same text', () => {
    const one = hashProfile({ prefix: '', delimiter: 'x' });
    const other = hashProfile({ prefix: '', encoding: 'x' });
    expect(one.profileHash).not.toBe(other.profileHash);
  });

  it('throws SCHEMA_INVALID for a schema that is none', () => {
    expect(() => hashProfile({ ...profile, schema: { columns: [] } })).toThrow(
      expect.objectContaining({ code: 'SCHEMA_INVALID', permanent: true }),
    );
  });
});

describe('schemaOf', () => {
  it('gives the schema in its normal form', () => {
    const parsed = schemaOf({ prefix: '', schema: { columns: { a: {} } } });
    expect(parsed?.ragged).toBe('reject');
    expect([...(parsed?.columns.keys() ?? [])]).toEqual(['a']);
  });

  it('gives none where the profile has none', () => {
    expect(schemaOf({ prefix: '' })).toBeUndefined();
  });
});
