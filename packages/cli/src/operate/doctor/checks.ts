import type { Check } from './check.ts';
import { functionChecks } from './function-checks.ts';
import { mappingChecks } from './mapping-checks.ts';
import { queueChecks } from './queue-checks.ts';
import { storageChecks } from './storage-checks.ts';
import { watchChecks } from './watch-checks.ts';

/** All of them, in the order in which they are told. */
export const checks: readonly Check[] = [
  ...queueChecks,
  ...mappingChecks,
  ...functionChecks,
  ...storageChecks,
  ...watchChecks,
];
