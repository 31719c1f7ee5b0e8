import { describe, expect, it } from 'vitest';
import { carryJob } from './carried-job-harness.ts';
import { createOperateHarness, jobId } from './operate-harness.ts';
import { csvOf } from './verify-harness.ts';
import { ofRow, storyOf } from './where-harness.ts';

/** What a terminal could obey. */
const unsafe = /[\p{Cc}\p{Cf}]/u;

describe('where, of what stands in a row', () => {
  const hostile = 'x\u001b[2J\u202e<script>alert(1)</script>';
  const csv = `id,na\u001b[31mme\n1,${hostile}\n2,b\n`;

  it('shows none of it unless it is asked for', async () => {
    const { value, text } = await ofRow(1, { csv });
    expect(JSON.stringify(value)).not.toContain('script');
    expect(text).not.toContain('script');
    expect(value).not.toHaveProperty('content');
  });

  it('shows it harmless on a terminal, and as it is in JSON', async () => {
    const { value, text } = await ofRow(1, { csv }, true);
    expect(value).toMatchObject({
      content: {
        raw: `1,${hostile}`,
        isStored: true,
        values: [
          { column: 'id', value: '1' },
          { column: 'na\u001b[31mme', value: hostile },
        ],
        result: '{"ok":1}',
      },
    });
    expect(text.replaceAll('\n', '')).not.toMatch(unsafe);
    expect(text).toContain('    1,x\\u{1b}[2J\\u{202e}<script>');
    expect(text).toContain('na\\u{1b}[31mme');
    expect(text).toContain('in the table');
  });

  it('makes messages and names from outside harmless', async () => {
    const harness = createOperateHarness();
    const key = 'b\u001b[2J.csv';
    const message = 'a\u001b[31m\u202eb';
    await carryJob(harness, { content: Buffer.from(csvOf(3)), key });
    await harness.rows.remove(jobId, 0, [2]);
    await harness.rows.insert(jobId, [[0, 2, 3, ['2', 'name 2']]]);
    await harness.rows.finish(jobId, [[0, 2, 'FAILED', ['A\u0007', message]]]);
    const { value, text } = await storyOf(harness, 2);
    expect(value).toMatchObject({ error: { message } });
    expect(text.replaceAll('\n', '')).not.toMatch(unsafe);
    expect(text).toContain('\\u{1b}[2J.csv');
  });

  it('shows what cleaning would make of a row that is not in the table', async () => {
    const { value, text } = await ofRow(2, { csv: 'id,name\n1,a\n2,  "b" \n', fates: { 2: 'ABSENT' } }, true);
    expect(value).toMatchObject({
      content: {
        raw: '2,  "b" ',
        isStored: false,
        values: [
          { column: 'id', value: '2' },
          { column: 'name', value: '"b"' },
        ],
      },
    });
    expect(text).toContain('as it would be cleaned now');
  });

  it('shows no values of a row that was rejected', async () => {
    const { value } = await ofRow(2, { csv: csvOf(3), fates: { 2: 'REJECTED' } }, true);
    expect(value).toMatchObject({ content: { raw: '2,name 2' } });
    expect(value).not.toHaveProperty('content.values');
  });

  it('keeps bytes that are no UTF-8', async () => {
    const harness = createOperateHarness();
    await carryJob(harness, { content: Buffer.from('id,name\n1,\xff\n', 'latin1') });
    const { value, text } = await storyOf(harness, 1, true);
    expect(value).toMatchObject({
      state: 'REJECTED',
      content: { rawBase64: Buffer.from('1,\xff', 'latin1').toString('base64') },
    });
    expect(text).toContain('1,\ufffd  (not UTF-8)');
  });

  it('cuts a long row on a terminal alone', async () => {
    const long = 'x'.repeat(5_000);
    const { value, text } = await ofRow(1, { csv: `id,name\n1,${long}\n` }, true);
    expect(value).toMatchObject({ content: { raw: `1,${long}` } });
    expect(value).not.toHaveProperty('content.rawTruncated');
    expect(text).toContain(`    1,${'x'.repeat(4 * 1024 - 2)}...`);
  });

  it('cuts what is long, on a terminal after 4 KiB and in JSON as rejects do', async () => {
    const harness = createOperateHarness();
    const long = 'x'.repeat(300 * 1024);
    await carryJob(harness, { content: Buffer.from(`id,name\n1,${long}\n2,b\n`), chunkBytes: 1_000_000 });
    const { value, text } = await storyOf(harness, 1, true);
    expect(value).toMatchObject({
      state: 'REJECTED',
      place: { kind: 'RECORD_TOO_LARGE' },
      content: { raw: `1,${long}`.slice(0, 64 * 1024), rawTruncated: true },
    });
    expect(text).toContain(`    1,${'x'.repeat(4 * 1024 - 2)}...`);
    expect(text).not.toContain('x'.repeat(4 * 1024 - 1));
  });
});
