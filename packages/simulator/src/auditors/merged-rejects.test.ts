import type { Job } from '@sluice/core/ports/job-store';
import { describe, it } from 'vitest';
import { createVersionedObjects } from '../versioned-objects.ts';
import { expectBroken } from './broken.ts';
import type { RejectedRow } from './merged-rejects.ts';
import { checkMergedRejects, manifestKeyOf, mergedKeysOf } from './merged-rejects.ts';

const jobId = '0123456789abcdefghjkmnpqrs';
const [csvKey, reasonsKey] = mergedKeysOf(jobId);
const source = Buffer.from('\ufeff\r\n"a\nx",b\r\n1,"open\r\n2\r\n3,fine\r\n4,\u00ff,5\n');
const span = (text: string) => {
  const byteStart = source.indexOf(text);
  return { byteStart, byteEnd: byteStart + Buffer.byteLength(text) };
};
const rejected: readonly RejectedRow[] = [
  { row: 1, line: 4, ...span('1,"open'), accepted: false, code: 'QUOTE_NOT_CLOSED' },
  { row: 2, line: 5, ...span('2\r'), accepted: false, code: 'FIELD_COUNT' },
  { row: 4, line: 7, ...span('4,\u00ff,5'), accepted: false, code: 'FIELD_COUNT' },
];
const csv = '"a\nx",b\n2\r\n4,\u00ff,5\n1,"open\n';
const reasonOf = ({ row, line, code }: { row: number; line: number; code: string }): string =>
  `${JSON.stringify({ row, line, code, message: 'expected this, found that' })}\n`;
const [open, two, four] = rejected as [RejectedRow, RejectedRow, RejectedRow];
const reasons = [two, four, open].map(reasonOf).join('');

const check = async (
  objects: Readonly<Record<string, string>>,
  {
    rows = rejected,
    header = true,
    mayBeGone = false,
    file = source,
  }: { rows?: readonly RejectedRow[]; header?: boolean; mayBeGone?: boolean; file?: Buffer } = {},
): Promise<void> => {
  const store = createVersionedObjects({ isVersioned: false, now: () => 0 });
  for (const [key, text] of Object.entries(objects)) await store.put('work', key, text);
  const layout = { dataStart: header ? file.indexOf('1,"') : 3, columns: ['a x', 'b "c"'], delimiter: ',' };
  const job = { jobId, profile: { prefix: '', header }, layout } as unknown as Job;
  await checkMergedRejects(store, 'work', job, rows, file, mayBeGone);
};

describe('merged rejects', () => {
  it('are the header, the bytes of each rejected row, the reasons line by line', () =>
    check({ [csvKey]: csv, [reasonsKey]: reasons }));

  it('may begin with the mark of their encoding', () => check({ [csvKey]: `\ufeff${csv}`, [reasonsKey]: reasons }));

  it('have no header where the file has none', () =>
    check({ [csvKey]: '2\r\n', [reasonsKey]: reasonOf(two) }, { rows: [two], header: false }));

  it('need not be where nothing is rejected', async () => {
    await check({}, { rows: [] });
    await check({ [csvKey]: '"a\nx",b\n', [reasonsKey]: '' }, { rows: [] });
  });

  it('may be made of what is kept where the file was gone', async () => {
    const made = { [csvKey]: csv.replace('"a\nx",b', '"a x","b ""c"""'), [reasonsKey]: reasons };
    await check(made, { mayBeGone: true });
    await check({ [csvKey]: csv, [reasonsKey]: reasons }, { mayBeGone: true });
    await expectBroken('I3', /header/, () => check(made));

    const long = Buffer.from(`a,b\n1,"${'x'.repeat(70_000)}\n`);
    const rows = [{ ...open, byteStart: 4, byteEnd: long.length - 1 }];
    const kept = { [csvKey]: `a,b\n${long.toString('utf8', 4, 4 + 65_533)}\n`, [reasonsKey]: reasonOf(open) };
    await check({ ...kept, [csvKey]: long.toString() }, { rows, file: long });
    await check(kept, { rows, file: long, mayBeGone: true });
    await expectBroken('I3', /row 1/, () => check(kept, { rows, file: long }));
    const less = { ...kept, [csvKey]: `a,b\n${long.toString('utf8', 4, 4 + 65_532)}\n` };
    await expectBroken('I3', /row 1/, () => check(less, { rows, file: long, mayBeGone: true }));
  });

  it('may be a list of what there is too much of', () => check({ [manifestKeyOf(jobId)]: '{}' }));

  it.each([
    ['nothing', {}, /found none/],
    ['no header', { [csvKey]: csv.slice(8) }, /header/],
    ['CRLF behind the header', { [csvKey]: csv.replace('b\n', 'b\r\n') }, /header/],
    ['a row that is cleaned', { [csvKey]: csv.replace('2\r', '2') }, /row 2/],
    ['an open quote before others', { [csvKey]: '"a\nx",b\n1,"open\n2\r\n4,\u00ff,5\n' }, /row 2/],
    ['a row too few', { [csvKey]: csv.slice(0, -8) }, /row 1/],
    ['no line end at its end', { [csvKey]: csv.slice(0, -1) }, /row 1/],
    ['a row too many', { [csvKey]: `${csv}x\n` }, /found 2 bytes more/],
    ['no reasons', { [csvKey]: csv }, /3 lines of reasons/],
    ['a reason too few', { [csvKey]: csv, [reasonsKey]: reasonOf(two) }, /3 lines of reasons, found 1/],
    ['a reason too many', { [csvKey]: csv, [reasonsKey]: `${reasons}{}\n` }, /found 4/],
    ['reasons in another order', { [csvKey]: csv, [reasonsKey]: rejected.map(reasonOf).join('') }, /line 1.*row 2/],
    ['a reason that cannot be read', { [csvKey]: csv, [reasonsKey]: reasons.replace('{', '') }, /line 1.*row 2/],
    [
      'another reason',
      { [csvKey]: csv, [reasonsKey]: reasons.replace('QUOTE_NOT_CLOSED', 'REQUIRED') },
      /line 3.*row 1/,
    ],
  ] as const)('are not %s: I3', (_, objects, message) => expectBroken('I3', message, () => check(objects)));
});
