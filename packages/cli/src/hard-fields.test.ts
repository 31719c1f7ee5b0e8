import { afterAll, describe, expect, it } from 'vitest';
import { carry, placeOf, removeFolders } from './hard-input-harness.ts';

afterAll(removeFolders);

const columns = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe('chunks of any size', () => {
  // Line ends inside quotes, CRLF, doubled quotes, blank lines, and rows of every kind that is rejected.
  const rows = [
    '1,"a\nb\r\nc",x\n',
    '2,"""q"", r","\n\n\n"\r\n',
    '\r\n',
    '3,s "t" u,"v" w\n',
    '4,x\n',
    '\n',
    '5,"\ufeffy","\r"\n',
    '\ufeff6,"z\n,,,\n""\n",\n',
    '7,"ü\n\u{1f600}\u0085",\u2028\r\n',
    '8,\xff,"\n"\n',
    '"9\n","\n","\n"\n',
    '10,a,b,c\n',
    '11,"open\n',
    '12,"",z',
  ];
  const content = Buffer.concat([
    Buffer.from('\ufeffid,"te\nxt",more\r\n'),
    ...rows.map((row) => (row.startsWith('8,') ? Buffer.from(row, 'latin1') : Buffer.from(row))),
  ]);

  it('give the rows and rejects of one chunk, byte by byte', async () => {
    const whole = await carry(content, { chunkBytes: 1_000_000 });
    expect(whole.rows.map(({ row, line, data }) => [row, line, ...Object.values(data as object)])).toEqual([
      [1, 3, '1', 'a b c', 'x'],
      [2, 6, '2', '"q", r', null],
      [3, 11, '3', 's "t" u', '"v" w'],
      [5, 14, '5', 'y', null],
      [6, 15, '6', 'z ,,, "', null],
      [7, 19, '7', 'ü 😀', null],
      [9, 23, '9', null, null],
      [12, 29, '12', null, 'z'],
    ]);
    expect(whole.rejects.map(({ row, code }) => [row, code])).toEqual([
      [4, 'FIELD_COUNT'],
      [8, 'INVALID_UTF8'],
      [10, 'FIELD_COUNT'],
      [11, 'QUOTE_NOT_CLOSED'],
    ]);
    const sizes = [
      [1, 2],
      [3, 7],
      [10, 16],
      [25, 40],
      [64, 150],
    ];
    for (const some of sizes) {
      const others = await Promise.all(some.map((chunkBytes) => carry(content, { chunkBytes })));
      for (const [index, { files }] of others.entries()) {
        expect(files, `chunks of ${some[index]} bytes`).toBe(whole.files);
      }
    }
  });
});

describe('characters', () => {
  const values = [
    'x\0y',
    '\ufffex',
    'x\uffffy',
    '\ufeffx',
    'x\ufeffy',
    'x\u0085y',
    'x\u2028y',
    '\u001b[31mx',
    '\u009b1mx',
  ];
  const content = `${values.map((value) => `${value}\n`).join('')}`;

  it('that are dropped or count as spaces are cleaned out of a field, also where a chunk begins with them', async () => {
    const { rows } = await carry(`a\n${content}`, { chunkBytes: 1 });
    expect(rows.map(({ data }) => (data as { a: string }).a)).toEqual([
      'xy',
      'x',
      'xy',
      'x',
      'x y',
      'x y',
      'x y',
      '[31mx',
      '1mx',
    ]);
  });

  it('of any kind are kept in a column that is not to be cleaned', async () => {
    const { rows } = await carry(`a\n${content}`, { chunkBytes: 1, rules: { columns: { a: { clean: false } } } });
    expect(rows.map(({ data }) => (data as { a: string }).a)).toEqual(values);
  });
});

describe('ragged rows', () => {
  const content = 'a,b,c\n1\n1,2\n1,2,3\n1,2,3,\n1,2,3,,  ,\n1,2,3,4\n';

  it('are rejected where no schema says else', async () => {
    const { rows, rejects } = await carry(content);
    expect(rows.map(({ row }) => row)).toEqual([3]);
    expect(rejects.map(({ row, code, message }) => [row, code, message])).toEqual([
      [1, 'FIELD_COUNT', 'expected 3 fields, found 1'],
      [2, 'FIELD_COUNT', 'expected 3 fields, found 2'],
      [4, 'FIELD_COUNT', 'expected 3 fields, found 4'],
      [5, 'FIELD_COUNT', 'expected 3 fields, found 6'],
      [6, 'FIELD_COUNT', 'expected 3 fields, found 4'],
    ]);
  });

  it('are padded by a schema, and lose nothing that is not empty', async () => {
    const { rows, rejects } = await carry(content, { rules: { ragged: 'pad' } });
    const whole = { a: '1', b: '2', c: '3' };
    expect(rows.map(({ row, data }) => [row, data])).toEqual([
      [1, { a: '1', b: null, c: null }],
      [2, { a: '1', b: '2', c: null }],
      [3, whole],
      [4, whole],
      [5, whole],
    ]);
    expect(rejects.map(placeOf)).toEqual([{ row: 6, line: 7, byteStart: 36, byteEnd: 43, code: 'FIELD_COUNT' }]);
  });
});

describe('column names', () => {
  it('come out in file order, whatever they are and however often', async () => {
    const { data } = await carry(
      '__proto__,constructor,2020,2019,a,,a,"",1e3,-0, a ,toString\n0,1,2,3,4,5,6,7,8,9,10,11\n',
    );
    const names = [
      '__proto__',
      'constructor',
      '2020',
      '2019',
      'a',
      'column_6',
      'a_2',
      'column_8',
      '1e3',
      '-0',
      'a_3',
      'toString',
    ];
    expect(data).toEqual([`{${names.map((name, i) => `"${name}":"${i}"`).join(',')}}`]);
  });

  it('like those of parts of an object may stand in a schema', async () => {
    const rules =
      '{"columns":{"__proto__":{"type":"integer","rename":"2019"},"constructor":{"drop":true},"2020":{"type":"decimal"}}}';
    const { data } = await carry('__proto__,constructor,2020\n1,2,3.50\n', { rules: JSON.parse(rules) as unknown });
    expect(data).toEqual(['{"2019":1,"2020":"3.50"}']);
  });

  it('lose what acts on a terminal, but for what only turns the direction of text', async () => {
    const { data } = await carry('a\u001b[31mb,c\u009b31m,\u202ed\n1,2,3\n');
    expect(data).toEqual(['{"a[31mb":"1","c31m":"2","\u202ed":"3"}']);
  });

  it('may be a thousand, and as long as a header may be', async () => {
    const wide = await carry(`${columns(1_000).join()}\n${columns(1_000).join()}\n`);
    expect(wide.data).toEqual([
      `{${columns(1_000)
        .map((n) => `"${n}":"${n}"`)
        .join(',')}}`,
    ]);
    const long = 'h'.repeat(16 * 1024);
    expect((await carry(`${long}\n1\n`)).data).toEqual([`{"${long}":"1"}`]);
  });

  it('are numbers where there is no header', async () => {
    const { data } = await carry('\ufeff\n1,"2\n"\n3,4\n5', { header: false });
    expect(data).toEqual(['{"column_1":"1","column_2":"2"}', '{"column_1":"3","column_2":"4"}']);
  });
});

describe('a delimiter', () => {
  it.each([
    [';', 'a;b;c\n1,5;2,5;x, y\n2,5;3,5;z\n'],
    ['\t', 'a\tb\tc\n1,5\t2,5\tx, y\n2,5\t3,5\tz\n'],
    ['|', 'a|b|c\n1,5|2,5|x, y\n2,5|3,5|z\n'],
    [',', 'a,b,c\n"1,5","2,5","x, y"\n"2,5","3,5",z\n'],
  ])('of %j is found, and the other ones are text', async (delimiter, content) => {
    const expected = ['{"a":"1,5","b":"2,5","c":"x, y"}', '{"a":"2,5","b":"3,5","c":"z"}'];
    const found = await carry(content);
    expect(found.data).toEqual(expected);
    expect((await carry(content, { delimiter })).files).toBe(found.files);
  });

  it('that never occurs makes one column of a row', async () => {
    expect((await carry('a,b\n1,2\n', { delimiter: '^' })).data).toEqual(['{"a,b":"1,2"}']);
    expect((await carry('a\n1\n\n2\n')).data).toEqual(['{"a":"1"}', '{"a":"2"}']);
  });
});
