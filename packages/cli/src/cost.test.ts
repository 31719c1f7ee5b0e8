import { parseWiring } from '@sluice/core/wiring';
import { describe, expect, it } from 'vitest';
import wiringJson from '../../../infra/wiring.json' with { type: 'json' };
import type { CostFacts } from './cost.ts';
import { dollarsText, estimateCost, prices, priceText } from './cost.ts';

const wiring = parseWiring(wiringJson, 'aws');
const million: CostFacts = {
  rows: 1_000_000,
  accepted: 1_000_000,
  chunks: 12,
  bytes: 100_000_000,
  columns: 8,
  rowsPerMessage: 0,
  busySeconds: new Map(),
  measured: 'on this machine',
};
const lineOf = (facts: CostFacts, what: string) => {
  const line = estimateCost(facts, wiring).lines.find((found) => found.what === what);
  if (line === undefined) throw new Error(`expected a line ${what}, found none`);
  return line;
};

describe('the estimate', () => {
  it('is $1.25 per million small rows for the two writes of each, and little besides', () => {
    expect(lineOf(million, 'DynamoDB, rows stored and finished')).toMatchObject({ units: 2_000_000, dollars: 1.25 });
    const { dollars, dollarsPerMillionRows } = estimateCost(million, wiring);
    expect(dollars).toBeGreaterThan(1.25);
    expect(dollars).toBeLessThan(1.4);
    expect(dollarsPerMillionRows).toBeCloseTo(dollars);
  });

  it('counts a unit for each KiB of an item, and the result with the finished one', () => {
    const facts = { ...million, bytes: 1_000_000 * 900 };
    expect(lineOf(facts, 'DynamoDB, rows stored and finished')).toMatchObject({ units: 3_000_000 });
  });

  it('is dearer with few rows in a message', () => {
    expect(lineOf({ ...million, rowsPerMessage: 10 }, 'SQS').units).toBe((300_000 + 12 + 1) * 3);
    expect(lineOf(million, 'SQS').units).toBeLessThan(30_000);
  });

  it('takes times as AWS measured them, for every stage, by the memory of its function', () => {
    const busySeconds = new Map([
      ['store-rows', 100],
      ['process-rows', 1_024],
    ] as const);
    const { units, dollars } = lineOf({ ...million, busySeconds, measured: 'on AWS' }, 'Lambda, time');
    expect(units).toBe(100 * 0.5 + 1_769);
    expect(dollars).toBeCloseTo(1_819 * 0.0000133334);
  });

  it('lets the two stages that write take the time that the table gives them, whatever they took here', () => {
    const busySeconds = new Map([['store-rows', 3]] as const);
    expect(lineOf({ ...million, busySeconds }, 'Lambda, time').units).toBe(2 * 4_000 * 0.5);
  });

  it('adds up', () => {
    const { lines, dollars } = estimateCost(million, wiring);
    expect(lines.reduce((sum, line) => sum + line.dollars, 0)).toBe(dollars);
    for (const { units, price, dollars: ofLine } of lines) expect(ofLine).toBe((units / price.per) * price.dollars);
  });

  it('of a file without rows is what its ledger costs', () => {
    const { lines, dollarsPerMillionRows } = estimateCost({ ...million, rows: 0, accepted: 0, chunks: 0 }, wiring);
    expect(dollarsPerMillionRows).toBeUndefined();
    expect(lines.map(({ units }) => units)).toEqual([0, 20, 0, 3, 0, 1]);
  });
});

describe('texts', () => {
  it.each([
    [0, '$0.00'],
    [12.345, '$12.35'],
    [0.0123, '$0.012'],
    [0.0000149, '$0.000015'],
  ])('%f dollars are %s', (dollars, text) => {
    expect(dollarsText(dollars)).toBe(text);
  });

  it('of prices are as price lists have them', () => {
    expect(priceText(prices.writeUnit)).toBe('$0.625 per million write units');
    expect(priceText(prices.lambdaTime)).toBe('$0.0000133334 per GB-s');
  });
});
