import { describe, expect, it } from 'vitest';
import { watchColumn } from './column-evidence.ts';
import { type Proposal, proposeRule } from './propose-rule.ts';

type Values = readonly (string | null)[];

/** What is proposed for a column of these values, which stand in lines 2, 3, ... of a file. */
const propose = (values: Values, { name = 'n', tolerate = 0 } = {}): Proposal => {
  const watcher = watchColumn(tolerate);
  for (const [index, value] of values.entries()) watcher.take(value, index + 2);
  return proposeRule(name, watcher.finish(), tolerate);
};

const ruleOf = (values: Values, options = {}) => propose(values, options).rule;
const repeat = (count: number, ...values: Values): Values => Array.from({ length: count }, () => values).flat();
const count = (length: number, write: (index: number) => string): string[] =>
  Array.from({ length }, (_, i) => write(i));

describe('a column of numbers', () => {
  it('is integer with the range that was seen', () => {
    const values = ['5', '-3', ...count(40, (index) => String(index))];
    expect(ruleOf(values)).toEqual({ type: 'integer', required: true, min: -3, max: 39 });
  });

  it('is decimal when a value has a fraction, or is beyond what a JSON number holds', () => {
    expect(ruleOf(repeat(15, '1', '2.50'))).toEqual({ type: 'decimal', required: true, min: '1', max: '2.50' });
    expect(ruleOf(repeat(15, '1', '9007199254740992'))).toMatchObject({ type: 'decimal', max: '9007199254740992' });
  });

  it.each(['007', '+5', '1e5', '5.'])(
    'is string when reading it would lose the spelling of %s, whatever is tolerated',
    (text) => {
      const values = [...count(1_000, String), text];
      for (const tolerate of [0, 0.5]) {
        const { rule, notes } = propose(values, { tolerate });
        expect(rule).toEqual({ type: 'string', required: true });
        expect(notes.join()).toContain('numbers, but 1 of 1,001 would be written otherwise');
        expect(notes.join()).toContain('line 1,002');
      }
    },
  );

  it('is integer when every value ends in .0, once there are enough', () => {
    expect(ruleOf(repeat(10, '1.0', '2.0', '3.0'))).toMatchObject({ type: 'integer', min: 1, max: 3 });
    expect(ruleOf(['1.0', '2.0']).type).toBe('decimal');
    expect(ruleOf(repeat(40, '1.0', '2')).type).toBe('decimal');
    expect(ruleOf(repeat(15, '1.00', '2.00')).type).toBe('decimal');
  });

  it('is never a list of values', () => {
    expect(ruleOf(repeat(100, '1', '2', '3')).type).toBe('integer');
  });

  it('says when an integer would nearly do', () => {
    const { rule, notes } = propose([...count(1_000, String), '1.5']);
    expect(rule.type).toBe('decimal');
    expect(notes).toContain('integer would fit all but 1 of 1,001 values; first: line 1,002 (NOT_INTEGER)');
  });

  it('says when the values rise or fall, so that the next ones lie outside', () => {
    expect(propose(count(40, String)).notes.join()).toMatch(/in rising order: .* beyond max/);
    expect(propose(count(40, (index) => String(-index))).notes.join()).toMatch(/in falling order: .* beyond min/);
    expect(propose(repeat(20, '1', '2')).notes).toEqual([]);
  });
});

describe('a column of words for true and false', () => {
  it('is boolean when one pair of words is there, both of them', () => {
    for (const pair of [
      ['true', 'FALSE'],
      ['Yes', 'no'],
      ['Y', 'n'],
    ]) {
      expect(ruleOf(repeat(15, ...pair))).toEqual({ type: 'boolean', required: true });
    }
  });

  it('is string when one of the two is missing, or when two pairs would become one', () => {
    const alone = propose(repeat(40, 'true'));
    expect(alone.rule).toEqual({ type: 'string', required: true });
    expect(alone.notes).toContain('boolean would read every value, but only true was seen');
    const mixed = propose(repeat(40, 'yes', 'no', '1'));
    expect(mixed.rule.type).toBe('string');
    expect(mixed.notes).toContain('boolean would read every value, but not keep yes/no and 1/0 apart');
  });

  it('is integer when it holds 0 and 1 alone, with a note', () => {
    const { rule, notes } = propose(repeat(20, '0', '1'));
    expect(rule.type).toBe('integer');
    expect(notes).toContain('only 0 and 1: boolean would fit too');
    expect(propose(repeat(20, '1')).notes.join()).not.toContain('boolean');
  });
});

describe('a column of dates', () => {
  const days = (write: (day: number, month: number) => string): string[] =>
    count(60, (index) => write((index % 28) + 1, (index % 12) + 1));
  const two = (value: number): string => String(value).padStart(2, '0');

  it.each([
    ['yyyy/MM/dd', (d: number, m: number) => `2010/${two(m)}/${two(d)}`],
    ['dd/MM/yyyy', (d: number, m: number) => `${two(d)}/${two(m)}/2010`],
    ['MM/dd/yyyy', (d: number, m: number) => `${two(m)}/${two(d)}/2010`],
    ['d/M/yyyy', (d: number, m: number) => `${d}/${m}/2010`],
    ['M/d/yyyy', (d: number, m: number) => `${m}/${d}/2010`],
    ['M/d/yy', (d: number, m: number) => `${m}/${d}/10`],
    ['dd.MM.yyyy', (d: number, m: number) => `${two(d)}.${two(m)}.2010`],
    ['d.M.yyyy', (d: number, m: number) => `${d}.${m}.2010`],
    ['dd-MMM-yy', (d: number) => `${two(d)}-DEC-10`],
    ['MMM d, yyyy', (d: number) => `Dec ${d}, 2010`],
    ['yyyyMMdd', (d: number, m: number) => `2010${two(m)}${two(d)}`],
  ])('is date in the format %s', (format, write) => {
    expect(ruleOf(days(write))).toMatchObject({ type: 'date', required: true, format });
  });

  it('is date or datetime without a format when it is ISO 8601, with the range that was seen', () => {
    const isoDay = (d: number, m: number): string => `2010-${two(m)}-${two(d)}`;
    expect(ruleOf(days(isoDay))).toEqual({ type: 'date', required: true, min: '2010-01-01', max: '2010-12-24' });
    expect(ruleOf(days((d, m) => `${isoDay(d, m)} 08:26:00`))).toEqual({
      type: 'datetime',
      required: true,
      min: '2010-01-01T08:26:00',
      max: '2010-12-24T08:26:00',
    });
  });

  it.each([
    ['d/M/yyyy H:mm', (d: number, m: number) => `${d}/${m}/2010 8:26`],
    ['MM/dd/yyyy HH:mm', (d: number, m: number) => `${two(m)}/${two(d)}/2010 08:26`],
    ['M/d/yyyy, h:mm:ss a', (d: number, m: number) => `${m}/${d}/2010, 8:26:00 AM`],
    ['dd.MM.yyyy HH:mm:ss[.S]', (d: number, m: number) => `${two(d)}.${two(m)}.2010 08:26:00${d > 14 ? '.5' : ''}`],
  ])('is datetime in the format %s', (format, write) => {
    expect(ruleOf(days(write))).toMatchObject({ type: 'datetime', format });
  });

  it('has the range of instants, to the digit of a fraction', () => {
    const texts = [
      '2010-12-01T01:00:00+02:00',
      '2010-12-01T00:00:00+00:30',
      '2010-12-01T00:00:00',
      '2010-11-30T23:00:00.5',
    ];
    const instants = texts.flatMap((text) => repeat(10, text));
    expect(ruleOf(instants)).toMatchObject({ min: '2010-12-01T01:00:00+02:00', max: '2010-12-01T00:00:00' });
  });

  it('is string when day and month cannot be told apart, and names both formats', () => {
    const { rule, notes } = propose(count(60, (index) => `${two((index % 12) + 1)}/${two((index % 7) + 1)}/2010`));
    expect(rule).toEqual({ type: 'string', required: true });
    expect(notes.join()).toMatch(
      /cannot be told apart: (dd\/MM\/yyyy and MM\/dd\/yyyy|MM\/dd\/yyyy and dd\/MM\/yyyy) fit/,
    );
  });

  it('does not take one value in a thousand for the proof of an order', () => {
    const values = [...count(1_000, (index) => `0${(index % 9) + 1}/0${(index % 7) + 1}/2010`), '13/01/2010'];
    for (const tolerate of [0, 0.01]) expect(ruleOf(values, { tolerate }).type).toBe('string');
    expect(ruleOf([...values, ...repeat(20, '13/01/2010')])).toMatchObject({ format: 'dd/MM/yyyy' });
  });

  it('takes the looser format when there are few values', () => {
    expect(ruleOf(['31/12/2010', '30/11/2010'])).toEqual({ type: 'date', format: 'd/M/yyyy' });
  });

  it('is string when the years have two digits and the values are few', () => {
    expect(ruleOf(['31.12.99']).type).toBe('string');
    expect(ruleOf(repeat(10, '31.12.99', '30.11.99', '01.12.99'))).toMatchObject({ format: 'dd.MM.yy' });
  });

  it('is integer when eight digits are dates only by chance', () => {
    expect(ruleOf(['20101201']).type).toBe('integer');
    expect(ruleOf(['20101201'], { name: 'invoiceDate' })).toEqual({ type: 'date', format: 'yyyyMMdd' });
    expect(ruleOf(['20101201'], { name: 'candidate_no' }).type).toBe('integer');
    expect(ruleOf(count(31, (index) => `201012${two(index + 1)}`)).type).toBe('integer');
    expect(ruleOf(days((d, m) => `1492${two(m)}${two(d)}`)).type).toBe('integer');
  });
});

describe('a list of values', () => {
  it('is proposed for few texts that come again and again, sorted', () => {
    expect(ruleOf(repeat(10, 'b', 'a', 'B'))).toEqual({ type: 'enum', required: true, values: ['B', 'a', 'b'] });
  });

  it('is not proposed when a value came only once, when there are many, or too few of each', () => {
    expect(ruleOf([...repeat(100, 'a', 'b'), 'c']).type).toBe('string');
    const listed = (length: number): string[] => count(length, (index) => `v${index}`);
    expect(ruleOf(repeat(20, ...listed(50))).type).toBe('enum');
    expect(ruleOf(repeat(20, ...listed(51))).type).toBe('string');
    expect(ruleOf(repeat(10, 'a', 'b', 'c')).type).toBe('enum');
    expect(ruleOf([...repeat(9, 'a', 'b', 'c'), 'c', 'c']).type).toBe('string');
  });

  it('is not proposed where a number or a date fits nearly all', () => {
    const { rule, notes } = propose([...repeat(500, '1', '2', '3'), 'none', 'none']);
    expect(rule).toEqual({ type: 'string', required: true });
    expect(notes).toContain('integer would fit all but 2 of 1,502 values; first: line 1,502 (NOT_INTEGER)');
  });

  it('is not proposed when it would not be the whole list', () => {
    expect(ruleOf([...repeat(100, 'a', 'b'), ...repeat(2, 'x'.repeat(101))]).type).toBe('string');
    const values = [...repeat(10_000, 'a', 'b'), ...count(2_000, (index) => `v${index}`)];
    expect(ruleOf(values, { tolerate: 0.05 }).type).toBe('string');
    expect(ruleOf(values.slice(0, 20_400), { tolerate: 0.05 }).type).toBe('enum');
  });

  it('tells how rare its rarest value is', () => {
    const { notes } = propose([...repeat(100, 'a'), 'b', 'b', 'b']);
    expect(notes).toEqual(['the rarest value was seen 3 times; the last new one came in line 102']);
  });

  it('leaves out what was seen once when that is tolerated', () => {
    const values = [...repeat(200, 'a', 'b'), 'c'];
    expect(propose(values).notes).toContain(
      'a list of 2 values would fit all but 1 of 401 values; first: line 402 (NOT_IN_VALUES)',
    );
    const { rule, rejected } = propose(values, { tolerate: 0.01 });
    expect(rule).toEqual({ type: 'enum', required: true, values: ['a', 'b'] });
    expect(rejected).toEqual({ count: 1, line: 402 });
  });
});

describe('missing values', () => {
  it('keep a column from being required', () => {
    const { rule, notes } = propose([...repeat(999, 'some text'), null]);
    expect('required' in rule).toBe(false);
    expect(notes).toContain('required would fit all but 1 of 1,000 rows; first: line 1,001 (REQUIRED)');
  });

  it('are rejected when that is tolerated, together with other dirt', () => {
    const values = [...count(998, String), 'dirt', null];
    expect(propose(values, { tolerate: 0.002 })).toMatchObject({
      rule: { type: 'integer', required: true },
      rejected: { count: 2, line: 1_000 },
    });
    expect(propose(values, { tolerate: 0.0015 })).toMatchObject({ rule: { type: 'integer' }, rejected: { count: 1 } });
  });

  it('alone leave a column of any text', () => {
    expect(propose(repeat(50, null))).toEqual({
      rule: { type: 'string' },
      rejected: { count: 0, line: 0 },
      notes: ['no value in any row: any text is accepted'],
    });
  });
});

describe('few values', () => {
  it('give a type and nothing that refuses others of it', () => {
    const values = (length: number): string[] => count(length, String);
    expect(ruleOf(values(29))).toEqual({ type: 'integer' });
    expect(ruleOf(values(30))).toEqual({ type: 'integer', required: true, min: 0, max: 29 });
    expect(ruleOf(repeat(29, 'a'))).toEqual({ type: 'string' });
    expect(ruleOf([...values(28), 'dirt'], { tolerate: 0.5 })).toEqual({ type: 'string' });
  });
});

describe('dirt', () => {
  const values = ['1.50', ...count(998, String), '1,250.00'];

  it('is told with its share, its first line and its code, never with its text', () => {
    const { rule, rejected, notes } = propose(values);
    expect(rule).toEqual({ type: 'string', required: true });
    expect(rejected.count).toBe(0);
    expect(notes).toContain('decimal would fit all but 1 of 1,000 values; first: line 1,001 (NOT_DECIMAL)');
    expect(notes.join()).not.toContain('1,250');
  });

  it('above one in a hundred is not told', () => {
    expect(propose([...values, ...repeat(11, 'x')]).notes.join()).not.toContain('decimal');
  });

  it('is left to be rejected when it is tolerated', () => {
    const { rule, rejected, notes } = propose(values, { tolerate: 0.001 });
    expect(rule).toEqual({ type: 'decimal', required: true, min: '0', max: '997' });
    expect(rejected).toEqual({ count: 1, line: 1_001 });
    expect(notes).toContain('1 of 1,000 values are rejected; first: line 1,001 (NOT_DECIMAL)');
  });

  it('that is tolerated never makes a number of one kind out of numbers of another', () => {
    expect(ruleOf(values.slice(0, -1), { tolerate: 0.1 }).type).toBe('decimal');
  });

  it('is counted to the end: a type that was given up does not come back', () => {
    for (const values of [
      ['1', '2'],
      ['2010-12-01', '2010-12-31'],
      ['yes', 'no'],
    ]) {
      const { rule, rejected } = propose([...repeat(5, ...values), ...repeat(10_000, 'x', 'y')], { tolerate: 0.01 });
      expect({ type: rule.type, rejected: rejected.count }).toEqual({ type: 'enum', rejected: 0 });
    }
  });

  it('in the form of another date does not hide the format of the rest', () => {
    const values = ['2010-12-31', ...repeat(500, '31/12/2010', '30/11/2010')];
    expect(propose(values, { tolerate: 0.01 })).toMatchObject({
      rule: { format: 'dd/MM/yyyy' },
      rejected: { count: 1 },
    });
  });

  it('may be more than would be told of, when that much is tolerated', () => {
    const values = count(4_000, (index) => (index % 20 === 19 ? `x${index}` : String(index)));
    expect(propose(values, { tolerate: 0.05 })).toMatchObject({ rule: { type: 'integer' }, rejected: { count: 200 } });
    expect(ruleOf(values, { tolerate: 0.049 }).type).toBe('string');
  });

  it('that is tolerated leaves the format of dates that misses fewest', () => {
    const values = [...repeat(500, '31/12/2010', '28/02/2011'), '1/2/2011', '30/4/2011', 'x'];
    expect(propose(values, { tolerate: 0.01 })).toMatchObject({ rule: { format: 'd/M/yyyy' }, rejected: { count: 1 } });
  });

  it('at the head of a file does not hide what the rest is', () => {
    expect(ruleOf([...repeat(100, 'x'), ...count(20_000, String)], { tolerate: 0.01 }).type).toBe('integer');
    expect(ruleOf([...repeat(100, 'x'), ...repeat(10_000, '2010-12-01', '2010-12-02')], { tolerate: 0.01 }).type).toBe(
      'date',
    );
  });
});
