import { describe, expect, it } from 'vitest';
import { isRegion, pricesOf, regionNames } from './price-table.ts';

describe('the price table', () => {
  it('has what AWS asks for in N. Virginia', () => {
    const { prices, isConfirmed } = pricesOf('us-east-1');
    expect(isConfirmed).toBe(true);
    expect(
      Object.fromEntries(Object.entries(prices).map(([name, { dollars, per }]) => [name, [dollars, per]])),
    ).toEqual({
      writeUnit: [0.625, 1e6],
      readUnit: [0.125, 1e6],
      sqsRequest: [0.4, 1e6],
      lambdaTime: [0.0000133334, 1],
      lambdaRequest: [0.2, 1e6],
      s3Put: [0.005, 1000],
      s3Get: [0.0004, 1000],
      logs: [0.5, 1],
    });
  });

  it.each(regionNames)(
    'asks in %s for no less than in N. Virginia, but for S3, and for at most twice as much',
    (region) => {
      const { prices } = pricesOf(region);
      const { prices: cheapest } = pricesOf('us-east-1');
      for (const name of [
        'writeUnit',
        'readUnit',
        'sqsRequest',
        'lambdaTime',
        'lambdaRequest',
        's3Put',
        's3Get',
        'logs',
      ] as const) {
        const least = name.startsWith('s3') ? 0.9 : 1;
        expect(prices[name].dollars).toBeGreaterThanOrEqual(cheapest[name].dollars * least);
        expect(prices[name].dollars).toBeLessThanOrEqual(cheapest[name].dollars * 2);
        expect(prices[name].unit).toBe(cheapest[name].unit);
      }
    },
  );

  it('has no region that is only a property of objects, and says which it has', () => {
    expect(isRegion('toString')).toBe(false);
    expect(() => pricesOf('mars-north-1')).toThrow(/us-east-1, us-west-2, eu-west-1/);
  });
});
