import { defineProcessor, permanent } from 'sluice';

/** A row as schema.json lets it through: decimals are text, so that no digit is lost. */
type Transaction = {
  readonly type: 'payment' | 'refund' | 'transfer' | 'fee';
  readonly amount: string;
  readonly currency: string;
  readonly booked_at: string;
};

/** Digits after the point of each currency. Source: ISO 4217. */
const minorDigits = new Map([
  ['BHD', 3],
  ['EUR', 2],
  ['GBP', 2],
  ['JPY', 0],
  ['USD', 2],
]);

/** An amount in the currency's smallest unit, exactly: "12.5" with two digits is "1250". */
const toMinorUnits = (amount: string, digits: number): string => {
  const [whole = '', fraction = ''] = amount.split('.');
  if (fraction.length > digits && /[1-9]/.test(fraction.slice(digits))) {
    throw permanent('TOO_PRECISE', `expected at most ${digits} digits after the point, found ${fraction.length}`);
  }
  return BigInt(whole + fraction.slice(0, digits).padEnd(digits, '0')).toString();
};

export default defineProcessor<Transaction>({
  name: 'transactions',
  process({ data }, { rowId }) {
    const digits = minorDigits.get(data.currency);
    if (digits === undefined) {
      throw permanent('UNKNOWN_CURRENCY', `expected one of ${[...minorDigits.keys()].join(', ')}`);
    }
    return {
      // What a ledger or payment service would be called with: the same key for every try of this row.
      idempotencyKey: rowId,
      minorUnits: toMinorUnits(data.amount, digits),
      bookingDay: data.booked_at.slice(0, 10),
    };
  },
});
