import type { RejectCode } from '@sluice/core/rejects';
import { describe, expect, it } from 'vitest';
import { watchColumn } from './column-evidence.ts';
import { renderInference } from './infer-report.ts';
import type { Inference, InferredColumn } from './infer-schema.ts';
import { proposeRule } from './propose-rule.ts';

const column = (name: string, values: readonly (string | null)[], tolerate = 0): InferredColumn => {
  const watcher = watchColumn(tolerate);
  for (const [index, value] of values.entries()) watcher.take(value, index + 2);
  const evidence = watcher.finish();
  return { name, evidence, ...proposeRule(name, evidence, tolerate) };
};

const render = (
  columns: readonly InferredColumn[],
  rejects: Partial<Record<RejectCode, number>> = {},
  paddable = 0,
) => {
  const inference: Inference = {
    delimiter: ',',
    rows: 1_000,
    rejects: new Map(Object.entries(rejects) as [RejectCode, number][]),
    paddable,
    columns,
  };
  return renderInference(inference, 'a.csv');
};

const repeat = (count: number, ...values: (string | null)[]): (string | null)[] =>
  Array.from({ length: count }, () => values).flat();

describe('renderInference', () => {
  it('shows what is proposed for each column, from how many values, and how sure that is', () => {
    const columns = [
      column('id', repeat(500, '2', '1')),
      column('day', [...repeat(10, '31/12/2010'), null]),
      column('text', repeat(20, 'a', 'b', null)),
      column('none', [null, null]),
      column('kind', repeat(500, 'a', 'b')),
      column('dirty', [...repeat(500, '1.5', '2'), 'x'], 0.01),
    ];
    expect(render(columns).split('\n').slice(0, 10)).toEqual([
      '',
      'a.csv: 1,000 rows, 6 columns, delimiter comma',
      '',
      '  column  values  missing  proposed             how sure                       outside min, max',
      '  id       1,000        0  integer, required    sure: under 0.3 % otherwise    1 in 1,001 each',
      '  day         10        1  date d/M/yyyy        a guess: 10 values',
      '  text        40       20  enum of 2            likely: under 7.5 % otherwise',
      '  none         0        2  string               no values',
      '  kind     1,000        0  enum of 2, required  sure: under 0.3 % otherwise',
      '  dirty    1,001        0  decimal, required    1 rejected                     1 in 1,002 each',
    ]);
  });

  it('shows no value of the file', () => {
    const columns = [column('a', [...repeat(500, '17', '4'), 'SECRET']), column('b', repeat(500, 'SECRET', 'SECRETS'))];
    expect(render(columns)).not.toContain('SECRET');
    expect(render(columns)).toContain(
      '  a: integer would fit all but 1 of 1,001 values; first: line 1,002 (NOT_INTEGER)\n',
    );
  });

  it('lets no name act on a terminal', () => {
    const text = render([column('a\u001b[31m\u202e', ['1'])]);
    expect(text).toContain('a\\u{1b}[31m\\u{202e}');
    expect(text).not.toMatch(/(?!\n)\p{Cc}|\p{Cf}/u);
  });

  it('counts the rows that told nothing, and says when padding would accept them', () => {
    const columns = [column('a', ['1'])];
    const few = render(columns, { FIELD_COUNT: 10, INVALID_UTF8: 2 }, 4);
    expect(few).toContain('  12 rows tell nothing, every schema rejects them: FIELD_COUNT 10, INVALID_UTF8 2\n');
    expect(few).not.toContain('pad');
    const some = render(columns, { FIELD_COUNT: 10 }, 5);
    expect(some).toContain('"ragged": "pad" would accept 5 of the 10 with another number of fields\n');
    const most = render(columns, { FIELD_COUNT: 500 }, 500);
    expect(most).toContain('which are most of the file: set it, then look again');
    expect(render(columns)).not.toContain('tell nothing');
  });

  it('says what min and max are, and what few values mean, where that matters', () => {
    const some = render([column('a', repeat(20, '1', '2'))]);
    expect(some).toContain('min and max are what was seen');
    expect(some).not.toContain('is a guess');
    const few = render([column('a', ['1'])]);
    expect(few).toContain('Below 30 values a type is a guess');
    expect(few).not.toContain('min and max');
  });
});
