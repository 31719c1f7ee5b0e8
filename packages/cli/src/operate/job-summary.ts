import type { Ledger } from '@sluice/core/ledger';
import type { Job } from '@sluice/core/ports/job-store';
import { countText, toTerminalText } from '../terminal-text.ts';

/** A job as --json tells of it. Times in ISO 8601; `ledger` is null while nobody knows how many rows there are. */
export type JobSummary = {
  readonly jobId: string;
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string | null;
  readonly bytes: number;
  readonly state: Job['state'];
  readonly reason: { readonly code: string; readonly message: string } | null;
  readonly createdAt: string;
  readonly forgottenAt: string | null;
  readonly repairs: number;
  readonly ledger: Ledger | null;
};

export const summarise = (job: Job, ledger: Ledger | undefined): JobSummary => ({
  jobId: job.jobId,
  bucket: job.file.bucket,
  key: job.file.key,
  versionId: job.file.versionId ?? null,
  bytes: job.file.bytes,
  state: job.state,
  reason: job.reason ?? null,
  createdAt: new Date(job.createdAt).toISOString(),
  forgottenAt: job.forgottenAt === undefined ? null : new Date(job.forgottenAt).toISOString(),
  repairs: job.repairs,
  ledger: ledger ?? null,
});

/** A job as people read it: state, file, and where its rows are. */
export const summaryLines = ({ jobId, key, state, reason, ledger }: JobSummary): string[] => {
  const lines = [`${state}  ${toTerminalText(key)}  ${jobId}`];
  if (reason !== null) lines.push(`  ${toTerminalText(reason.code)}: ${toTerminalText(reason.message)}`);
  if (ledger === null) return [...lines, '', '  rows  not known: the file was not planned to its end'];
  const counts = (['rows', 'done', 'failed', 'rejected', 'dead', 'open'] as const).map((name) => ({
    name,
    text: countText(ledger[name]),
  }));
  const width = Math.max(...counts.map(({ text }) => text.length));
  return [...lines, '', ...counts.map(({ name, text }) => `  ${name.padEnd(8)}  ${text.padStart(width)}`)];
};
