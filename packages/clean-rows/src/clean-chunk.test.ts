import { SluiceError } from '@sluice/core/errors';
import { rejectKeyOf } from '@sluice/core/identity';
import type { ChunkMessage } from '@sluice/core/messages';
import { packBytesMax, rowBytesMax } from '@sluice/core/pack';
import { createScriptedQueue, refuse } from '@sluice/core/scripted-queue';
import { describe, expect, it } from 'vitest';
import { type ChunkHarnessSettings, createChunkHarness } from './chunk-harness.ts';
import { cleanChunk } from './clean-chunk.ts';

const keptMax = 64 * 1024;

const setUp = async (settings: ChunkHarnessSettings) => {
  const harness = await createChunkHarness(settings);
  const clean = (change: Partial<ChunkMessage> = {}) =>
    harness.clock.run(cleanChunk(harness.job, { ...harness.onlyMessage(), ...change }, harness.ports, 'rejects'));
  const cleaned = () => harness.jobs.chunksOf(harness.job.jobId)[0]?.cleaned;
  return { ...harness, clean, cleaned };
};

const rowsOf = (rows: number): string =>
  `id,name\n${Array.from({ length: rows }, (_, index) => `${index + 1},name ${index + 1}\n`).join('')}`;

describe('cleanChunk', () => {
  it('sends rows with chunk, number, line and cleaned values, and counts them', async () => {
    const { clean, cleaned, packs, objects } = await setUp({ content: 'id,name\n1,  a  b \n\n"2","x\ny"\r\n3,\n' });
    expect(await clean()).toEqual({ accepted: 3, rejected: 0 });
    expect(packs()).toEqual([
      {
        v: 1,
        kind: 'rows',
        jobId: '0123456789abcdefghjkmnpqrs',
        columns: ['id', 'name'],
        rows: [
          [0, 1, 2, ['1', 'a b']],
          [0, 2, 4, ['2', 'x y']],
          [0, 3, 6, ['3', null]],
        ],
      },
    ]);
    expect(cleaned()).toEqual({ accepted: 3, rejected: 0 });
    expect(objects.puts).toEqual(['in/a.csv']);
  });

  it('sends values as the schema types them, under the names that come out', async () => {
    const { clean, packs } = await setUp({
      content: 'n,d,b,x\n007,1.50,yes,secret\n',
      schema: {
        columns: {
          n: { type: 'integer', rename: 'number' },
          d: { type: 'decimal' },
          b: { type: 'boolean' },
          x: { drop: true },
        },
      },
      outputColumns: ['number', 'd', 'b'],
    });
    await clean();
    expect(packs()).toMatchObject([{ columns: ['number', 'd', 'b'], rows: [[0, 1, 2, [7, '1.50', true]]] }]);
  });

  it('takes columns of any name, __proto__ too', async () => {
    const content = '__proto__,constructor\nx,y\nx,\n';
    const schema = JSON.parse('{"columns":{"__proto__":{"maxLength":5},"constructor":{"required":true}}}') as unknown;
    const { clean, packs, rejects } = await setUp({ content, schema });
    expect(await clean()).toEqual({ accepted: 1, rejected: 1 });
    expect(packs()).toMatchObject([{ columns: ['__proto__', 'constructor'], rows: [[0, 1, 2, ['x', 'y']]] }]);
    expect(rejects()).toMatchObject([{ row: 2, code: 'REQUIRED', column: 'constructor', raw: 'x,' }]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('names __proto__ as the column that fails', async () => {
    const schema = JSON.parse('{"columns":{"__proto__":{"type":"integer"}}}') as unknown;
    const { clean, rejects } = await setUp({ content: '__proto__,a\nx,y\n', schema });
    await clean();
    expect(rejects()).toMatchObject([{ row: 1, code: 'NOT_INTEGER', column: '__proto__' }]);
  });

  it('counts a chunk of blank lines as nothing', async () => {
    const { clean, cleaned, queue } = await setUp({ content: 'id\n\n\r\n\n' });
    expect(await clean()).toEqual({ accepted: 0, rejected: 0 });
    expect(cleaned()).toEqual({ accepted: 0, rejected: 0 });
    expect(queue.sends).toEqual([]);
  });
});

describe('the packs of a chunk', () => {
  it('hold one row each when a message is to hold one row', async () => {
    const { clean, packs, queue } = await setUp({ content: rowsOf(25), rowsPerMessage: 1 });
    await clean();
    expect(packs().map(({ rows }) => rows.map(([, row]) => row))).toEqual(
      Array.from({ length: 25 }, (_, index) => [index + 1]),
    );
    expect(queue.sends.every((entries) => entries.length <= 10)).toBe(true);
  });

  it('hold as many rows as they are to hold, and the last what is left', async () => {
    const { clean, packs } = await setUp({ content: rowsOf(25), rowsPerMessage: 10 });
    await clean();
    expect(packs().map(({ rows }) => rows.length)).toEqual([10, 10, 5]);
  });

  it('are filled by bytes when no number of rows is said', async () => {
    const { clean, packs, queue, sentRows } = await setUp({ content: rowsOf(20_000) });
    expect(await clean()).toEqual({ accepted: 20_000, rejected: 0 });
    const sizes = queue.bodies.map((body) => Buffer.byteLength(body));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(packBytesMax);
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(packBytesMax - 100);
    expect(packs().length).toBeGreaterThan(5);
    expect(sentRows().map(([, row]) => row)).toEqual(Array.from({ length: 20_000 }, (_, index) => index + 1));
  });

  it('are sent while the chunk is still being read, so that few are held', async () => {
    const order: string[] = [];
    const queue = createScriptedQueue((entries) => {
      order.push('send');
      return refuse([], entries);
    });
    const { clean } = await setUp({
      content: rowsOf(100_000),
      queue,
      read: (_, call) => {
        order.push('read');
        return call === 1 ? { kind: 'ends', afterBytes: 1_500_000 } : undefined;
      },
    });
    await clean();
    expect(order.slice(0, 2)).toEqual(['read', 'send']);
    expect(order.lastIndexOf('read')).toBeGreaterThan(order.indexOf('send'));
  });

  const setUpSlowQueue = async (read: NonNullable<ChunkHarnessSettings['read']>) => {
    const order: string[] = [];
    const { job, jobs, ports, clock, queue, onlyMessage } = await createChunkHarness({
      content: rowsOf(60_000),
      read: (...asked) => {
        order.push('read');
        return read(...asked);
      },
    });
    const rows: typeof queue = {
      ...queue,
      async sendBatch(entries) {
        order.push('send');
        await clock.sleep(1_000);
        order.push('confirm');
        return queue.sendBatch(entries);
      },
    };
    const putCounts: typeof jobs.putCounts = async () => order.push('count') > 0;
    const slow = { ...ports, queues: { ...ports.queues, rows }, jobs: { ...jobs, putCounts } };
    return { order, clean: () => clock.run(cleanChunk(job, onlyMessage(), slow, 'rejects')) };
  };

  it('are on their way while the rows after them are read, and counted once all are confirmed', async () => {
    const { order, clean } = await setUpSlowQueue((_, call) =>
      call === 1 ? { kind: 'ends', afterBytes: 600_000 } : undefined,
    );
    await clean();
    expect(order.slice(0, 4)).toEqual(['read', 'send', 'read', 'confirm']);
    expect(order.indexOf('count')).toBe(order.length - 1);
    expect(order.filter((step) => step === 'confirm')).toHaveLength(order.filter((step) => step === 'send').length);
  });

  it('are waited for when the rows after them cannot be read', async () => {
    const { order, clean } = await setUpSlowQueue((_, call) => {
      if (call > 1) throw new SluiceError('OBJECT_CHANGED', 'gone');
      return { kind: 'ends', afterBytes: 600_000 };
    });
    await expect(clean()).rejects.toMatchObject({ code: 'OBJECT_CHANGED' });
    expect(order).toEqual(['read', 'send', 'read', 'confirm']);
  });

  it('do not depend on how the bytes come', async () => {
    const content = rowsOf(50);
    const whole = await setUp({ content });
    await whole.clean();
    for (const settings of [
      { pieceBytes: 1 },
      { pieceBytes: 7 },
      { read: (_: unknown, call: number) => ({ kind: call % 2 === 0 ? 'ends' : 'breaks', afterBytes: 90 }) as const },
      { read: (_: unknown, call: number) => (call === 1 ? ({ kind: 'stalls', afterBytes: 90 } as const) : undefined) },
    ]) {
      const harness = await setUp({ content, ...settings });
      await harness.clean();
      expect(harness.queue.bodies).toEqual(whole.queue.bodies);
      expect(harness.cleaned()).toEqual(whole.cleaned());
    }
  });
});

describe('the rejects of a chunk', () => {
  it('stand in one object, with their place and bytes, and the counts name it', async () => {
    const { clean, cleaned, objects, job, sentRows } = await setUp({
      content: 'id,name\n1,a\n2,b,c\n3\n4,d\n',
    });
    expect(await clean()).toEqual({ accepted: 2, rejected: 2 });
    const key = rejectKeyOf(job.jobId, 0);
    expect(cleaned()).toEqual({ accepted: 2, rejected: 2, rejects: key });
    expect(objects.bytesOf('rejects', key)?.toString()).toBe(
      `${[
        '{"row":2,"line":3,"byteStart":12,"byteEnd":17,"code":"FIELD_COUNT","message":"expected 2 fields, found 3","raw":"2,b,c"}',
        '{"row":3,"line":4,"byteStart":18,"byteEnd":19,"code":"FIELD_COUNT","message":"expected 2 fields, found 1","raw":"3"}',
      ].join('\n')}\n`,
    );
    expect(sentRows().map(([, row]) => row)).toEqual([1, 4]);
  });

  it('keep the bytes of a row that is no UTF-8', async () => {
    const content = Buffer.concat([Buffer.from('id,name\n1,a\n2,'), Buffer.from([0xfc, 0xff]), Buffer.from('\n3,c\n')]);
    const { clean, rejects, sentRows } = await setUp({ content });
    await clean();
    expect(rejects()).toMatchObject([{ row: 2, line: 3, byteStart: 12, byteEnd: 16, code: 'INVALID_UTF8' }]);
    expect(rejects()[0]).toMatchObject({ rawBase64: Buffer.from([0x32, 0x2c, 0xfc, 0xff]).toString('base64') });
    expect(sentRows().map(([, row]) => row)).toEqual([1, 3]);
  });

  it('keep whole characters of a row that is longer than what is kept', async () => {
    const name = '€'.repeat(60_000);
    const { clean, rejects } = await setUp({ content: `id,name\n1,${name},extra\n` });
    expect(await clean()).toEqual({ accepted: 0, rejected: 1 });
    const [reject] = rejects();
    expect(reject).toMatchObject({ code: 'FIELD_COUNT', byteEnd: 8 + 180_008, rawTruncated: true });
    expect(reject?.raw).toBe(`1,${name}`.slice(0, 2 + Math.floor((keptMax - 2) / 3)));
  });

  it('hold a row that is too large once cleaned, and one that just fits is sent', async () => {
    // The frame of ["..."] is 4 characters.
    const fitting = 'a'.repeat(rowBytesMax - 4);
    const { clean, rejects, sentRows, queue } = await setUp({ content: `a\n${fitting}\n${fitting}b\nc\n` });
    expect(await clean()).toEqual({ accepted: 2, rejected: 1 });
    expect(sentRows().map(([, row]) => row)).toEqual([1, 3]);
    expect(sentRows()[0]?.[3][0]).toBe(fitting);
    expect(rejects()).toMatchObject([
      {
        row: 2,
        line: 3,
        code: 'ROW_TOO_LARGE',
        message: `expected a row of at most ${rowBytesMax} bytes once cleaned, found one of ${rowBytesMax + 1}`,
        byteEnd: 2 + 2 * fitting.length + 2,
        rawTruncated: true,
      },
    ]);
    expect(queue.bodies).toHaveLength(2);
  });

  it('are the same in whatever chunk a row stands', async () => {
    const content = `a\n${'b\n'.repeat(30)}${'a'.repeat(rowBytesMax - 4)}\n${'a'.repeat(rowBytesMax - 3)}\n`;
    const rejectsOf = async (chunkBytes: number): Promise<unknown> => {
      const harness = await createChunkHarness({ content, chunkBytes });
      const { job, messages, ports, clock, rejects, sentRows } = harness;
      for (const message of messages) await clock.run(cleanChunk(job, message, ports, 'rejects'));
      expect(sentRows()).toHaveLength(31);
      return rejects();
    };
    expect(await rejectsOf(2)).toEqual(await rejectsOf(1_000_000));
  });

  it('measure a row by its bytes as JSON, not by its characters', async () => {
    const euros = '€'.repeat(70_000);
    const escaped = '\\'.repeat(100_000);
    const { clean, rejects } = await setUp({ content: `a\n${euros}\n${escaped}\n` });
    expect(await clean()).toEqual({ accepted: 0, rejected: 2 });
    expect(rejects().map(({ code }) => code)).toEqual(['ROW_TOO_LARGE', 'ROW_TOO_LARGE']);
  });

  it('are there before the counts that name them', async () => {
    const { clean, cleaned } = await setUp({
      content: 'id,name\n1\n',
      put: () => {
        throw new Error('expected the bucket to take the object, found it down');
      },
    });
    await expect(clean()).rejects.toThrow('found it down');
    expect(cleaned()).toBeUndefined();
  });
});

describe('the counts of a chunk', () => {
  it('are not written when a pack is not confirmed', async () => {
    const queue = createScriptedQueue((entries) => refuse(['12'], entries));
    const { clean, cleaned, objects } = await setUp({ content: `${rowsOf(20)}21\n`, rowsPerMessage: 1, queue });
    await expect(clean()).rejects.toMatchObject({ code: 'SEND_FAILED' });
    expect(queue.taken).toHaveLength(19);
    expect(cleaned()).toBeUndefined();
    expect(objects.puts).toEqual(['in/a.csv']);
  });

  it('are written after every pack was confirmed', async () => {
    let atCounts: number | undefined;
    const queue = createScriptedQueue();
    const { clean, queue: taken } = await setUp({
      content: rowsOf(35),
      rowsPerMessage: 1,
      queue,
      jobs: (operation) => {
        if (operation === 'putCounts') atCounts = queue.taken.length;
        return undefined;
      },
    });
    await clean();
    expect(atCounts).toBe(35);
    expect(taken.taken).toHaveLength(35);
  });

  it('stay as they were first written when the chunk is cleaned again', async () => {
    const { clean, cleaned, objects, job, queue } = await setUp({ content: 'id,name\n1,a\n2\n' });
    await clean();
    const before = cleaned();
    const rejects = objects.bytesOf('rejects', rejectKeyOf(job.jobId, 0));
    expect(await clean()).toEqual({ accepted: 1, rejected: 1 });
    expect(cleaned()).toEqual(before);
    expect(objects.bytesOf('rejects', rejectKeyOf(job.jobId, 0))).toEqual(rejects);
    expect(queue.bodies[1]).toBe(queue.bodies[0]);
  });

  it.each([
    ['more rows', { rows: 4 }],
    ['fewer rows', { rows: 2 }],
    ['fewer bytes', { end: 16 }],
    ['no rows', { rows: 0 }],
  ])('are not written when the plan has %s', async (_, change) => {
    const { clean, cleaned, objects } = await setUp({ content: 'id,name\n1,a\n2,b\n3,c\n' });
    await expect(clean(change)).rejects.toMatchObject({ code: 'PLAN_MISMATCH' });
    expect(cleaned()).toBeUndefined();
    expect(objects.puts).toEqual(['in/a.csv']);
  });
});

describe('a repair', () => {
  const content = 'id,name\n1,a\n2\n3,c\n4,d\n5\n6,f\n7,g\n';

  it.each<[readonly [number, number][], readonly number[]]>([
    [[[3, 3]], [3]],
    [
      [
        [1, 1],
        [6, 7],
      ],
      [1, 6, 7],
    ],
    [
      [
        [6, 6],
        [3, 4],
        [4, 6],
      ],
      [3, 4, 6],
    ],
    [[[1, 7]], [1, 3, 4, 6, 7]],
    [[[2, 2]], []],
    [[[8, 99]], []],
  ])('of the rows %j sends those that are good, each once, and nothing else', async (ranges, rows) => {
    const { clean, sentRows } = await setUp({ content, rowsPerMessage: 1 });
    const given = ranges.map(([first, last]): [number, number] => [first, last]);
    expect(await clean({ ranges: given })).toEqual({ accepted: rows.length, rejected: 0 });
    expect(sentRows().map(([, row]) => row)).toEqual(rows);
  });

  it('sends the same content as the chunk itself did', async () => {
    const { clean, sentRows } = await setUp({ content });
    await clean();
    const first = sentRows().length;
    await clean({ ranges: [[4, 6]] });
    expect(sentRows().slice(first)).toEqual(
      sentRows().filter(([, row], index) => index < first && row >= 4 && row <= 6),
    );
  });

  it('leaves counts and rejects alone, also where there are none yet', async () => {
    const { clean, cleaned, objects, jobs } = await setUp({ content });
    await clean({ ranges: [[1, 7]] });
    expect(cleaned()).toBeUndefined();
    expect(objects.puts).toEqual(['in/a.csv']);
    expect(jobs.calls.map(({ operation }) => operation)).not.toContain('putCounts');
    await clean();
    const counts = cleaned();
    expect(counts).toMatchObject({ accepted: 5, rejected: 2 });
    await clean({ ranges: [[1, 2]] });
    expect(cleaned()).toEqual(counts);
    expect(objects.puts).toHaveLength(2);
  });

  it('checks the plan as well', async () => {
    const { clean } = await setUp({ content });
    await expect(clean({ rows: 8, ranges: [[1, 1]] })).rejects.toMatchObject({ code: 'PLAN_MISMATCH' });
  });
});
