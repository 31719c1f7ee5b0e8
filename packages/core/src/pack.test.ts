import { describe, expect, it } from 'vitest';
import { createPacker, packAll, packBytesMax, rowBytesMax } from './pack.ts';

const envelope = { head: '{"rows":[', tail: ']}' };
const rowOf = (bytes: number): string => `"${'x'.repeat(bytes - 2)}"`;

describe('packAll', () => {
  it('makes no message of no rows', () => {
    expect(packAll(envelope, [])).toEqual([]);
  });

  it('makes a message of its own of a row that is larger than a pack, and knows which rows stand around it', () => {
    const large = rowOf(rowBytesMax);
    expect(packAll(envelope, ['1', large, '2', '3', large]).map(({ rows }) => rows)).toEqual([1, 1, 2, 1]);
    expect(packAll(envelope, [large, large, '1']).map(({ rows }) => rows)).toEqual([1, 1, 1]);
  });

  it('counts bytes and not characters', () => {
    const rows = Array.from({ length: 3 }, () => JSON.stringify('€'.repeat(10_000)));
    expect(packAll(envelope, rows).map(({ rows: count }) => count)).toEqual([2, 1]);
  });

  it('makes one message per row when a message holds one row', () => {
    expect(packAll(envelope, ['1', '2', '3'], 1)).toEqual(
      ['1', '2', '3'].map((row) => ({ body: `{"rows":[${row}]}`, rows: 1 })),
    );
  });
});

describe('createPacker', () => {
  it('keeps back a message that another row may still join', () => {
    const packer = createPacker(envelope, 2);
    packer.add('1');
    expect([packer.bodies.length, packer.waiting]).toEqual([0, 1]);
    packer.add('2');
    expect([packer.bodies, packer.waiting]).toEqual([['{"rows":[1,2]}'], 0]);
  });

  it('closes nothing when nothing waits', () => {
    const packer = createPacker(envelope);
    packer.flush();
    packer.add('1');
    packer.flush();
    packer.flush();
    expect(packer.bodies).toEqual(['{"rows":[1]}']);
  });

  it('fills a pack to its last byte', () => {
    const packer = createPacker(envelope);
    const around = Buffer.byteLength(envelope.head + envelope.tail);
    packer.add(rowOf(packBytesMax - around - 4));
    packer.add('17');
    expect(packer.bodies).toEqual([]);
    packer.add('1');
    expect(packer.bodies.map((body) => Buffer.byteLength(body))).toEqual([packBytesMax - 1]);
  });
});
