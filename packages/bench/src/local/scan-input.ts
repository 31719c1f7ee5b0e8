import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRecords } from '@sluice/core/csv/parse';
import type { BenchContext } from '../experiment.ts';
import { demoInput } from './demo-input.ts';

/** Rows from which the bytes are made; they are repeated. */
const rows = 20_000;

const quote = (field: string): string => `"${field.replaceAll('"', '""')}"`;

/**
 * Files of transactions that can be put one behind the other: as the demo has them (two rows in five have a field in quotes, one in
 * eight a line end in it), and with every field in quotes.
 */
export const scanInputs = async (
  context: Pick<BenchContext, 'folder'>,
): Promise<{ readonly plain: string; readonly quoted: string }> => {
  const { path } = await demoInput(context, rows);
  const plain = join(context.folder, 'scan-plain.csv');
  const quoted = join(context.folder, 'scan-quoted.csv');
  if (existsSync(quoted)) return { plain, quoted };
  const bytes = readFileSync(path);
  // The last row's quote is never closed.
  const whole = bytes.subarray(0, bytes.lastIndexOf('\n', bytes.length - 2) + 1);
  writeFileSync(plain, whole);
  const lines = parseRecords(whole, ',').map((record) => `${record.map(quote).join(',')}\n`);
  writeFileSync(`${quoted}.tmp`, lines.join(''));
  renameSync(`${quoted}.tmp`, quoted);
  return { plain, quoted };
};
