import { join } from 'node:path';
import { expect, it } from 'vitest';
import { differenceOf, makeFolder, outcomeOf, write } from './run-harness.ts';

const runWith = (rows: string, dead: string, rejected: number, seconds = 1) => {
  const out = makeFolder();
  write(join(out, 'report.json'), JSON.stringify({ rejected, seconds }));
  write(join(out, 'rows.ndjson'), rows);
  write(join(out, 'rejects.ndjson'), '');
  write(join(out, 'dead.ndjson'), dead);
  return outcomeOf(out);
};

const dead = (row: number, attempts: number): string =>
  `${JSON.stringify({ row, stage: 'process-rows', code: 'PROCESSOR_ERROR', message: 'no', attempts })}\n`;

it('two runs that took another time, and tried dead rows another number of times, do not differ', () => {
  expect(differenceOf(runWith('1\n', dead(3, 5), 0), runWith('1\n', dead(3, 4), 0, 2))).toBeUndefined();
});

it.each<[string, Parameters<typeof runWith>, string]>([
  ['a line', ['1\n3\n', '', 0], 'rows.ndjson, line 2: expected 2, found 3'],
  ['a line that is not there', ['1\n', '', 0], 'rows.ndjson, line 2: expected 2, found '],
  ['a line too many', ['1\n2\n3\n', '', 0], 'rows.ndjson, line 3: expected , found 3'],
  ['a line that was cut', ['1\n2', '', 0], 'rows.ndjson, line 3: expected , found no more'],
  ['a count', ['1\n2\n', '', 7], 'report.json, line 2: expected   "rejected": 0, found   "rejected": 7'],
  [
    'a dead row',
    ['1\n2\n', dead(3, 5), 0],
    'dead.ndjson, line 1: expected , found {"row":3,"stage":"process-rows","code":"PROCESSOR_ERROR","message":"no"}',
  ],
])('the first difference of two runs is told with its file and line: %s', (_, found, difference) => {
  expect(differenceOf(runWith(...found), runWith('1\n2\n', '', 0))).toBe(difference);
});
