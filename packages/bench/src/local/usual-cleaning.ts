// How the usual script cleans: by hand, for the one file it is for.

export type Cleaned =
  | { readonly kind: 'good'; readonly data: Readonly<Record<string, string | null>> }
  | { readonly kind: 'rejected'; readonly code: string };

const cleanText = (text: string): string | null => {
  const cleaned = text
    .replace(/[\s\u200b]+/g, ' ')
    .trim()
    .normalize('NFC');
  return cleaned === '' ? null : cleaned;
};

const rejected = (code: string): Cleaned => ({ kind: 'rejected', code });

const readRecord = (columns: readonly string[], record: readonly string[]): Record<string, string | null> =>
  Object.fromEntries(columns.map((column, index) => [column, cleanText(record[index] ?? '')]));

/** Any file: text or null. */
export const cleanAny = (columns: readonly string[], record: readonly string[]): Cleaned => ({
  kind: 'good',
  data: readRecord(columns, record),
});

const types = new Set(['payment', 'refund', 'transfer', 'fee']);

/** "2024-02-29 23:59:59" as in ISO 8601; undefined for a day or time that is none. */
const readDatetime = (text: string): string | undefined => {
  if (!/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text)) return undefined;
  const iso = text.replace(' ', 'T');
  const time = Date.parse(`${iso}Z`);
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 19) !== iso ? undefined : iso;
};

/** A transaction, with the rules of examples/transactions/schema.json. */
export const cleanTransaction = (columns: readonly string[], record: readonly string[]): Cleaned => {
  if (record.length !== columns.length) return rejected('FIELD_COUNT');
  if (record.some((field) => field.includes('\ufffd'))) return rejected('INVALID_UTF8');
  const data = readRecord(columns, record);
  const { transaction_id: id, account, type, amount, currency, booked_at: time } = data;
  if (!id || !account || !type || !amount || !currency || !time) return rejected('REQUIRED');
  if (!/^T\d{9}$/.test(id) || !/^ACC-\d{8}$/.test(account)) return rejected('PATTERN');
  if (!types.has(type)) return rejected('NOT_IN_VALUES');
  if (!/^-?\d+(\.\d+)?$/.test(amount)) return rejected('NOT_DECIMAL');
  if (Math.abs(Number(amount)) > 1_000_000_000) return rejected('ABOVE_MAX');
  if (currency.length > 3) return rejected('TOO_LONG');
  const bookedAt = readDatetime(time);
  return bookedAt === undefined ? rejected('NOT_DATETIME') : { kind: 'good', data: { ...data, booked_at: bookedAt } };
};
