import { createOperateHarness, type JobSettings, jobId, type OperateHarness } from './operate-harness.ts';
import { verify } from './verify.ts';

// Jobs of one's choice, and what verify says of them. For tests.

/** Rows 1 to `rows` under a header. */
export const csvOf = (rows: number): string =>
  `id,name\n${Array.from({ length: rows }, (_, i) => `${i + 1},name ${i + 1}\n`).join('')}`;

/** What --json prints, as far as tests look at it. */
type Value = {
  readonly verdict: string;
  readonly reasons: readonly string[];
  readonly gaps: readonly object[];
  readonly counted: object;
  readonly source: { readonly faults: readonly { readonly chunk?: number; readonly message: string }[] };
};

/** Verifies the job of a harness, and says what came of it: as --json prints it, and as people read it. */
export const verified = async (harness: OperateHarness) => {
  // Nothing sleeps here, and gunzip takes real time: the virtual clock would take it for hanging.
  const status = await verify(harness.session, jobId);
  return { status, value: harness.value() as Value, text: harness.lines().join('\n') };
};

export const verifiedJob = async (settings: JobSettings) => {
  const harness = createOperateHarness();
  await harness.addJob(settings);
  return verified(harness);
};
