import { describe, expect, it } from 'vitest';
import { checksumOf } from './cloud.ts';

const item = { pk: { S: 'a' }, row: { N: '1' }, data: { S: '[1]' } };

describe('the checksum of items', () => {
  it('does not depend on the order of items and attributes', () => {
    const other = { pk: { S: 'b' } };
    const turned = { data: { S: '[1]' }, row: { N: '1' }, pk: { S: 'a' } };
    expect(checksumOf([item, other])).toBe(checksumOf([other, turned]));
  });

  it.each([
    ['a value', [{ ...item, data: { S: '[2]' } }]],
    ['a type', [{ ...item, row: { S: '1' } }]],
    ['an attribute more', [{ ...item, error: { S: '' } }]],
    ['an item twice', [item, item]],
    ['nothing', []],
  ])('tells %s', (_, items) => {
    expect(checksumOf(items)).not.toBe(checksumOf([item]));
  });
});
