import { describe, expect, it } from 'vitest';
import type { TestFile } from './file.ts';
import { checkMergedRejects } from './merged-rejects.ts';

const file: TestFile = {
  bytes: Buffer.alloc(0),
  header: 'a,b',
  rows: [
    { row: 1, line: 2, fate: 'rejected', code: 'QUOTE_NOT_CLOSED', raw: Buffer.from('1,"x') },
    { row: 2, line: 3, fate: 'done', values: [2, 'y'] },
    { row: 3, line: 4, fate: 'rejected', code: 'INVALID_UTF8', raw: Buffer.from([0x33, 0x2c, 0xff]) },
  ],
};

const csv = Buffer.from('a,b\n3,\u00ff\n1,"x\n', 'latin1');
const reasons = ['{"row":3,"line":4,"code":"INVALID_UTF8"}', '{"row":1,"line":2,"code":"QUOTE_NOT_CLOSED"}'];
const ndjson = `${reasons.join('\n')}\n`;

describe('merged rejects', () => {
  it('are the header, every rejected row as it stands in the file, and a reason each; an open quote comes last', () => {
    expect(checkMergedRejects(file, { csv, ndjson })).toEqual([]);
  });

  it.each([
    ['another byte', { csv: Buffer.from(csv.toString('utf8')), ndjson }, 'at byte 6 expected "ÿ'],
    ['a row less', { csv: csv.subarray(0, 8), ndjson }, 'expected 13 bytes, found 8; at byte 8 expected "1,'],
    ['a row more', { csv: Buffer.concat([csv, csv]), ndjson }, 'expected 13 bytes, found 26; at byte 13 expected ""'],
    ['no line end', { csv, ndjson: reasons.join('\n') }, 'expected a line end at its end'],
    ['a reason less', { csv, ndjson: `${reasons[0]}\n` }, 'expected 2 lines, found 1'],
    ['reasons in another order', { csv, ndjson: `${reasons.toReversed().join('\n')}\n` }, 'line 1: expected {"row":3'],
  ])('tell %s', (_, merged, difference) => {
    expect(checkMergedRejects(file, merged).join('\n')).toContain(difference);
  });
});
