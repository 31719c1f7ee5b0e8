import { readFileSync } from 'node:fs';
import { compileSchema } from '@sluice/core/clean/row-cleaner';
import { parseSchema } from '@sluice/core/clean/schema';
import type { Context } from '@sluice/core/processor';
import { readPermanent } from '@sluice/core/processor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import processor from './processor.ts';

const context: Context = { jobId: 'job', rowId: 'job-7', attempt: 1, signal: new AbortController().signal };

const process = (amount: string, currency: string): unknown =>
  processor.process(
    { row: 7, line: 8, data: { type: 'payment', amount, currency, booked_at: '2024-05-06T07:08:09' } },
    context,
  );

const failureOf = (amount: string, currency: string): unknown => {
  try {
    process(amount, currency);
  } catch (thrown) {
    return readPermanent(thrown);
  }
  return undefined;
};

describe('the transactions processor', () => {
  it.each([
    ['12.5', 'EUR', '1250'],
    ['-12.34', 'USD', '-1234'],
    ['-0.05', 'USD', '-5'],
    ['700', 'JPY', '700'],
    ['1.234', 'BHD', '1234'],
    ['1.2000', 'GBP', '120'],
    ['90071992547409931.99', 'EUR', '9007199254740993199'],
  ])('takes %s %s as %s minor units', (amount, currency, minorUnits) => {
    expect(process(amount, currency)).toEqual({ idempotencyKey: 'job-7', minorUnits, bookingDay: '2024-05-06' });
  });

  it('keeps every amount exact', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 30n), 10n ** 30n), (cents) => {
        const digits = (cents < 0n ? -cents : cents).toString().padStart(3, '0');
        const amount = `${cents < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
        expect(process(amount, 'EUR')).toMatchObject({ minorUnits: cents.toString() });
      }),
    );
  });

  it('refuses a currency it does not know for good, and names those it knows', () => {
    expect(failureOf('1.00', 'ZZZ')).toEqual({
      code: 'UNKNOWN_CURRENCY',
      message: 'expected one of BHD, EUR, GBP, JPY, USD',
    });
  });

  it('refuses an amount finer than its currency', () => {
    expect(failureOf('1.5', 'JPY')).toMatchObject({ code: 'TOO_PRECISE' });
  });
});

describe('the transactions schema', () => {
  const schema = parseSchema(JSON.parse(readFileSync(new URL('./schema.json', import.meta.url), 'utf8')));
  const columns = ['transaction_id', 'account', 'type', 'amount', 'currency', 'booked_at', 'merchant', 'note'];
  const clean = (...fields: string[]): unknown => compileSchema(schema, columns).clean(fields);

  it('lets a good row through, cleaned', () => {
    expect(
      clean('T000000001', 'ACC-00000001', ' fee ', '+012.50', 'EUR', '2024-02-29 23:59:59', ' corner  shop ', ''),
    ).toEqual(['T000000001', 'ACC-00000001', 'fee', '12.50', 'EUR', '2024-02-29T23:59:59', 'corner shop', null]);
  });

  it('rejects a day that is none', () => {
    expect(clean('T000000001', 'ACC-00000001', 'fee', '1', 'EUR', '2023-02-29 00:00:00', '', '')).toMatchObject({
      code: 'NOT_DATETIME',
      column: 'booked_at',
    });
  });
});
