import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const example = (file: string): string =>
  fileURLToPath(new URL(`../../../../examples/transactions/${file}`, import.meta.url));

/** The schema of the example, and where its processor is. Rows of the demo's file fit them but for their dirt. */
export const transactionsSchema: unknown = JSON.parse(readFileSync(example('schema.json'), 'utf8'));
export const transactionsProcessor = example('processor.ts');
