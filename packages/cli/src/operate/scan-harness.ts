import { createScanner, type ScannedRecord } from '@sluice/core/csv/scan';
import type { Value } from '@sluice/core/messages';

// A file as rows, for jobs that are made without a pipeline. For tests.

/** Records of a file as the scanner finds them, the header (number 0) too. */
export const scanFile = (bytes: Buffer): ScannedRecord[] => {
  const records: ScannedRecord[] = [];
  const scanner = createScanner({
    offset: 0,
    line: 1,
    row: 0,
    delimiter: 0x2c,
    sink: (record) => {
      if (record.kind !== 'blank') records.push({ ...record });
    },
  });
  scanner.push(bytes);
  scanner.end();
  return records;
};

/** Fields of a record that is well formed: quotes go, what is empty is null. */
export const valuesOf = (record: string): Value[] =>
  [...`,${record}`.matchAll(/,("(?:[^"]|"")*"|[^,]*)/g)].map(([, field = '']) => {
    const text = field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field;
    return text === '' ? null : text;
  });
