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
  rows: readonly RejectedRow[] = rejected,
  header = true,
): Promise<void> => {
  const store = createVersionedObjects({ isVersioned: false, now: () => 0 });
  for (const [key, text] of Object.entries(objects)) await store.put('work', key, text);
  const job = { jobId, profile: { prefix: '', header }, layout: { dataStart: header ? source.indexOf('1,"') : 3 } };
  await checkMergedRejects(store, 'work', job as unknown as Job, rows, source);
};

describe('merged rejects', () => {
  it('are the header, the bytes of each rejected row, the reasons line by line', () =>
    check({ [csvKey]: csv, [reasonsKey]: reasons }));

  it('may begin with the mark of their encoding', () => check({ [csvKey]: `\ufeff${csv}`, [reasonsKey]: reasons }));

  it('have no header where the file has none', () =>
    check({ [csvKey]: '2\r\n', [reasonsKey]: reasonOf(two) }, [two], false));

  it('need not be where nothing is rejected', async () => {
    await check({}, []);
    await check({ [csvKey]: '"a\nx",b\n', [reasonsKey]: '' }, []);
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
    ['a row too many', { [csvKey]: `${csv}x\n` }, /expected merged rejects of \d+ bytes/],
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
