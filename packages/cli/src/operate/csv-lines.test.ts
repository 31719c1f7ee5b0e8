import { parseRecords } from '@sluice/core/csv/parse';
import type { StoredRow } from '@sluice/core/ports/row-store';
import { describe, expect, it } from 'vitest';
import { createCsvLines } from './csv-lines.ts';

const done = (values: readonly unknown[], result?: string): StoredRow => ({
  row: 1,
  line: 2,
  status: 'DONE',
  data: JSON.stringify(values),
  ...(result === undefined ? {} : { result }),
});

/** The fields of a row of these values, as another reader finds them. */
const readBack = (value: unknown): string | undefined => {
  const { toLine } = createCsvLines(['a']);
  const [fields, more] = parseRecords(Buffer.from(toLine(done([value]), undefined)), ',');
  expect([fields?.length, more]).toEqual([7, undefined]);
  return fields?.[3];
};

describe('the header of an export', () => {
  it('has the columns of the file between ours', () => {
    expect(createCsvLines(['b', 'a']).header).toBe('row,line,status,b,a,result,error_code,error_message\n');
  });

  it('gives ours a number where the file has a column of that name', () => {
    const { header } = createCsvLines(['status', 'row', 'row_2', 'error_code']);
    expect(header).toBe('row_3,line,status_2,status,row,row_2,error_code,result,error_code_2,error_message\n');
  });

  it.each([
    ['a formula', '=1+1', "'=1+1"],
    ['quotes', 'the "a"', '"the ""a"""'],
    ['commas and lines', 'a,\nb', '"a,\nb"'],
    ['__proto__', '__proto__', '__proto__'],
  ])('takes %s for a name', (_, name, field) => {
    expect(createCsvLines([name]).header).toBe(`row,line,status,${field},result,error_code,error_message\n`);
  });

  it('stays unique where a column is named as another one without its formula', () => {
    expect(createCsvLines(['=a', "'=a"]).header).toBe("row,line,status,'=a,'=a_2,result,error_code,error_message\n");
  });
});

describe('a line of an export', () => {
  it('tells a missing value from an empty text', () => {
    expect(createCsvLines(['a', 'b']).toLine(done([null, '']), undefined)).toBe('1,2,DONE,,"",,,\n');
  });

  it('has what the schema lacks in a row as missing', () => {
    expect(createCsvLines(['a', 'b']).toLine(done([1]), undefined)).toBe('1,2,DONE,1,,,,\n');
  });

  it('has numbers and words of JSON as they are, and the result as JSON', () => {
    const row = done([-12, true], '{"ok":"a,b"}');
    expect(createCsvLines(['a', 'b']).toLine(row, undefined)).toBe('1,2,DONE,-12,true,"{""ok"":""a,b""}",,\n');
  });

  it('has the error of a row that failed, and of one that is dead', () => {
    const { toLine } = createCsvLines([]);
    const failed: StoredRow = { row: 1, line: 2, status: 'FAILED', data: '[]', error: { code: 'NO', message: '=no' } };
    expect(toLine(failed, undefined)).toBe("1,2,FAILED,,NO,'=no\n");
    const mark = { jobId: '', stage: 'work', code: 'TIMEOUT', message: 'late', attempts: 5 };
    expect(toLine({ ...failed, status: 'PENDING' }, { ...mark, stage: 'process-rows' })).toBe(
      '1,2,DEAD,,TIMEOUT,late\n',
    );
  });

  it.each([
    '=1+1',
    '+1+1',
    '-1+1',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    '\n=1',
    '\0=1',
    '-',
    '+',
    '-1e5',
    '+1,5',
    '-.5',
    '=',
    '--1',
    '-1\n',
  ])('has an apostrophe before what a spreadsheet could run: %j', (text) => expect(readBack(text)).toBe(`'${text}`));

  it.each([
    '-12.5',
    '+4',
    '-0',
    '+41791234567',
    '12',
    '1=1',
    "'=1",
    'a',
    '',
    ' =1',
    '\u2028=',
    '\u001b[31m',
    'a\r',
    '"',
    '""',
    ',',
    'a\r\n',
    'a"b,c\nd',
    '😀',
  ])('has anything else as it is: %j', (text) => expect(readBack(text)).toBe(text));
});
