import { describe, expect, it } from 'vitest';
import { parseCsv } from './csv.ts';

describe('parseCsv', () => {
  it('reads quoted separators, quotes and line ends', () => {
    expect(parseCsv('a,b\n"x, ""y""\n",\r\n,z')).toEqual([
      ['a', 'b'],
      ['x, "y"\n', ''],
      ['', 'z'],
    ]);
  });
});
