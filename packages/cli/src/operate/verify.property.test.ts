import { gzipSync } from 'node:zlib';
import { rejectKeyOf } from '@sluice/core/identity';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { carryJob } from './carried-job-harness.ts';
import { createOperateHarness, jobId } from './operate-harness.ts';
import { verify } from './verify.ts';

/** Fields as they may be: empty (which the schema refuses), quoted, with line ends, quotes and blank lines inside. */
const field = fc.oneof(
  fc.constantFrom('', 'a', '"a"', '"a\nb"', '"a\r\n\r\nb"', '"a,b"', '"a""b"', 'a"b', '   ', 'é', '"'),
  fc.string({ maxLength: 5 }).map((text) => text.replaceAll(/["\r\n]/g, '')),
);

const file = fc.record({
  rows: fc.array(
    fc.tuple(field, field, fc.constantFrom('\n', '\r\n', '\n\n')).map(([a, b, end]) => `${a},${b}${end}`),
    { maxLength: 40 },
  ),
  mark: fc.boolean(),
  isPacked: fc.boolean(),
  chunkBytes: fc.integer({ min: 1, max: 200 }),
  limit: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
});

const schema = { columns: { name: { required: true } } };

type Case = typeof file extends fc.Arbitrary<infer Of> ? Of : never;

const carry = async ({ rows, mark, isPacked, chunkBytes, limit }: Case) => {
  const harness = createOperateHarness();
  const text = `${mark ? '\ufeff' : ''}id,name\n${rows.join('')}`;
  const job = await carryJob(harness, {
    content: isPacked ? gzipSync(text) : Buffer.from(text),
    profile: { delimiter: ',', schema, ...(limit === undefined ? {} : { limit }) },
    chunkBytes,
  });
  return { harness, rows: job.plan?.rows ?? 0 };
};

/** Takes one row out of wherever it is, a line of a reject object or an item of the table. */
const removeRow = async ({ jobs, rows, objects }: ReturnType<typeof createOperateHarness>, row: number) => {
  const chunk = jobs.chunksOf(jobId).find(({ firstRow, rows: of }) => row >= firstRow && row < firstRow + of);
  if (chunk === undefined) throw new Error(`expected a chunk with row ${row}, found none`);
  await rows.remove(jobId, chunk.chunk, [row]);
  const key = rejectKeyOf(jobId, chunk.chunk);
  const lines = objects.bytesOf('work', key)?.toString('utf8').split('\n') ?? [];
  const kept = lines.filter((line) => line !== '' && (JSON.parse(line) as { readonly row: number }).row !== row);
  if (lines.length > 0) await objects.put('work', key, kept.map((line) => `${line}\n`).join(''));
};

describe('verify', () => {
  it('holds for any file that was taken through, and names exactly the row that is taken away', async () => {
    await fc.assert(
      fc.asyncProperty(file, fc.nat(), async (settings, at) => {
        const whole = await carry(settings);
        expect(await verify(whole.harness.session, jobId)).toBe(0);
        expect(whole.harness.value()).toMatchObject({ verdict: 'holds', counted: { rows: whole.rows, open: 0 } });
        if (whole.rows === 0) return;

        const row = 1 + (at % whole.rows);
        const { harness } = await carry(settings);
        await removeRow(harness, row);
        expect(await verify(harness.session, jobId)).toBe(1);
        expect(harness.value()).toMatchObject({
          verdict: 'gap',
          gaps: [{ kind: 'missing', rows: [row, row] }],
          moreGaps: 0,
          counted: { rows: whole.rows, open: 1 },
        });
      }),
      { numRuns: 150 },
    );
  });
});
