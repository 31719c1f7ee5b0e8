import { describe, expect, it } from 'vitest';
import { fixtureResults, storeResult } from './fixture-results.ts';
import { numberText } from './number-text.ts';
import { aimsOf, renderExperiment, renderSection } from './render-table.ts';

describe('a table', () => {
  it('has a row for each contender, a column for each measure, ratios and aims', () => {
    expect(renderExperiment(storeResult)).toBe(
      [
        '### Store',
        '',
        'Rows are stored.',
        '',
        '| | rows (rows/s) | peak memory (MiB) |',
        '|---|---:|---:|',
        '| Sluice | 4,200 (4,000 to 4,400) | 101 (100 to 101) |',
        '| a usual \\| way | 1,000 (1,000 to 1,000) |  |',
        '',
        '- Ours against a usual \\| way: rows 4.2 times (4 to 4.4)',
        '- Aim for Sluice: rows at least 2,000 rows/s (what others reach): met, 4,200',
        '- Aim for Sluice: peak memory at most 90 MiB (small): **missed**, 101',
        '',
        'Measured on 2026-01-02, 2 times.',
      ].join('\n'),
    );
  });

  it('names the file that was worked on, with nothing of its name taken as markup', () => {
    const file = { name: '<b>|\n`x`.csv', bytes: 48_000_000 };
    expect(renderExperiment({ ...storeResult, file })).toMatch(/ File: \\<b\\>\\\| \\`x\\`\.csv, 48,000,000 bytes\.$/);
  });

  it.each([
    [6, 'a sixth'],
    [8, 'one in 8'],
  ])('says of a contender that had a part of the rows which: %d', (divisor, part) => {
    const contenders = storeResult.contenders.map((each) => (each.isOurs ? each : { ...each, divisor }));
    const lines = renderExperiment({ ...storeResult, contenders }).split('\n');
    expect(lines[7]).toBe(`| a usual \\| way (over ${part} of the rows) | 1,000 (1,000 to 1,000) |  |`);
    expect(lines[6]).toMatch(/^\| Sluice \| /);
  });

  it('says of a trial that it is one', () => {
    expect(renderExperiment({ ...storeResult, divisor: 50 })).toMatch(/ \*\*A trial with the rows divided by 50: /);
  });

  it('holds an aim against everything that is ours, and against nothing else', () => {
    expect(aimsOf(storeResult).map(({ contender, isMet }) => [contender, isMet])).toEqual([
      ['Sluice', true],
      ['Sluice', false],
    ]);
  });

  it('shows three digits, or all before the point', () => {
    expect([0, 0.01234, 9.996, 12.34, 123.4, 1234567.8].map(numberText)).toEqual([
      '0',
      '0.0123',
      '10',
      '12.3',
      '123',
      '1,234,568',
    ]);
  });
});

it('a section tells the date and the machine, shows the pictures, and has all experiments', () => {
  const section = renderSection(fixtureResults, [{ path: 'images/a.svg', alt: 'A' }]);
  expect(section.split('\n\n').slice(0, 2)).toEqual([
    '2026-01-02, on CPU, 2 cores, 8,192 MiB of memory, Linux, Node 22.1.0, Python 3.12.0.',
    '![A](images/a.svg)',
  ]);
  expect(section.match(/^### .*$/gm)).toEqual(['### Store', '### Growing files']);
});
