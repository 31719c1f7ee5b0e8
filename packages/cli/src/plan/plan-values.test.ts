import { describe, expect, it } from 'vitest';
import { parseByStage, parseBytes, parseNumber, parseRows } from './plan-values.ts';

describe('parseRows', () => {
  it.each([
    ['1', 1],
    ['558000', 558_000],
    ['558,000', 558_000],
    ['558k', 558_000],
    ['10M', 10_000_000],
    ['1.5m', 1_500_000],
    ['1B', 1_000_000_000],
    ['4.1B', 4_100_000_000],
  ])('reads %s', (text, rows) => {
    expect(parseRows('--rows')(text)).toBe(rows);
  });

  it.each(['', '0', '-1', '1.5', '0.0001k', '10X', 'k', '1e6', '10MB', '1,00', '9999999B', 'ten'])(
    'refuses %j',
    (text) => {
      expect(() => parseRows('--rows')(text)).toThrow(
        `--rows: expected a number of rows such as 558000, 558k, 10M or 1B, found ${JSON.stringify(text)}`,
      );
    },
  );
});

describe('parseBytes', () => {
  it.each([
    ['1024', 1024],
    ['50MB', 50_000_000],
    ['50 mb', 50_000_000],
    ['2GiB', 2_147_483_648],
    ['0.5KiB', 512],
    ['1TB', 1e12],
  ])('reads %s', (text, bytes) => {
    expect(parseBytes('--bytes')(text)).toBe(bytes);
  });

  it.each(['', '0', '50M', '2G', 'MB', '-5MB', '1.5', '1.2.3MB', '5\u001b[31mMB'])('refuses %j', (text) => {
    expect(() => parseBytes('--bytes')(text)).toThrow(
      '--bytes: expected a size such as 50000000, 50MB or 2GiB, found ',
    );
  });
});

describe('parseNumber', () => {
  it('reads numbers that are not whole, up to the most', () => {
    expect(['0', '2.5', '900'].map(parseNumber('--processor-wait', 900))).toEqual([0, 2.5, 900]);
  });

  it.each(['', '-1', '901', '1s', '1e2', '.5'])('refuses %j', (text) => {
    expect(() => parseNumber('--processor-wait', 900)(text)).toThrow(
      `--processor-wait: expected a number from 0 to 900, found ${JSON.stringify(text)}`,
    );
  });
});

describe('parseByStage', () => {
  const bounds = { stages: ['store-rows', 'process-rows'], least: 2, most: 1_000 } as const;
  const parse = parseByStage('--concurrency', bounds);

  it('gathers stages, the last word on each', () => {
    const first = parse('store-rows=16,process-rows=50');
    expect(parse('process-rows=200', first)).toEqual({ 'store-rows': 16, 'process-rows': 200 });
    expect(first).toEqual({ 'store-rows': 16, 'process-rows': 50 });
  });

  it.each(['', 'store-rows', 'store-rows=', 'store-rows=1', 'store-rows=1001', 'relay-rows=5', 'toString=5', 'a=b=c'])(
    'refuses %j',
    (text) => {
      expect(() => parse(text)).toThrow(
        `--concurrency: expected stage=N with N from 2 to 1000 and a stage of store-rows, process-rows, found ${JSON.stringify(text)}`,
      );
    },
  );
});
