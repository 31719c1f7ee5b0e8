import { fileURLToPath } from 'node:url';

const pathOf = (url: string): string => fileURLToPath(new URL(url, import.meta.url));

/** Arguments of Node for the command, as bin/sluice gives them. */
export const sluiceCommand: readonly string[] = [
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=32',
  '--max-old-space-size=512',
  pathOf('../../../cli/src/main.ts'),
];

export const demoSchema = pathOf('../../../../examples/transactions/schema.json');
export const demoProcessor = pathOf('../../../../examples/transactions/processor.ts');

/** How the demo is cleaned and processed. */
export const demoOptions: readonly string[] = ['--schema', demoSchema, '--processor', demoProcessor];
