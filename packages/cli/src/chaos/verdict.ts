import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Ledger } from '@sluice/core/ledger';
import { emptyLedger } from '@sluice/core/ledger';
import type { Job, Profile } from '@sluice/core/ports/job-store';
import { terminalStates } from '@sluice/core/ports/job-store';
import type { StagePorts } from '@sluice/core/stage';
import { auditAtRest } from '@sluice/simulator/auditors/at-rest';
import { checkStagedCopy } from '@sluice/simulator/auditors/staged-copy';
import { toUtf8 } from '@sluice/simulator/expected-encoding';
import type { ExpectedRow } from '@sluice/simulator/expected-rows';
import { expectReading } from '@sluice/simulator/expected-rows';
import { Violation } from '@sluice/simulator/facts';
import { workBucket } from '../buckets.ts';
import type { InboxFile } from '../run-input.ts';
import type { FactCheck } from './fact-check.ts';
import { checkResults } from './results-check.ts';

/** What is held, in the order in which it is told. */
export const invariants = [
  ['I1', "the chunks tile the file's bytes, and every row is as it is there"],
  ['I2', 'row numbers, lines and offsets do not depend on the chunks'],
  ['I3', 'every row is accepted or rejected, one of both, rejects with their bytes'],
  ['I4', 'rows = rejected + done + failed + dead + open'],
  ['I5', 'one insert and one final transition a row, no more'],
  ['I6', 'a row that is final was stored, and stays final'],
  ['I7', 'the same row has the same content'],
  ['I8', 'counts are written once, and are those of the rows'],
  ['I9', 'complete only with every chunk closed and every row final'],
  ['files', 'rows.ndjson and rejects.ndjson hold the rows of the file'],
  ['rest', 'the job has ended, and nothing waits but rows that the processor gave up'],
] as const;
export type Held = (typeof invariants)[number][0];

/** What of each does not hold, or could not be looked at; one that is not here holds. */
export type Findings = ReadonlyMap<Held, { readonly isBroken: boolean; readonly text: string }>;

/** Those that are looked at once everything rests, up to the first that is broken. */
const atRest: readonly Held[] = ['I1', 'I2', 'I3', 'I4', 'I7', 'I8', 'I9', 'files'];

const isPacked = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

const readText = (
  { folder, key }: InboxFile,
  profile: Profile,
): { readonly bytes: Buffer; readonly text: Buffer | undefined } => {
  const file = readFileSync(join(folder, key));
  const bytes = isPacked(file) ? gunzipSync(file) : file;
  return { bytes, text: toUtf8(bytes, profile.encoding) };
};

/** Rows that the user's code was the last to give up. */
const readGivenUp = async ({ jobId }: Job, { jobs }: Pick<StagePorts, 'jobs'>): Promise<ReadonlySet<number>> => {
  const rows = new Set<number>();
  for await (const page of jobs.listMarks(jobId)) {
    for (const { stage, row } of page) if (stage === 'process-rows' && row !== undefined) rows.add(row);
  }
  return rows;
};

/** Holds what a run has come to, and what took effect on the way, against the file. `out` is undefined when there are no results to export. */
export const judge = async (
  job: Job,
  file: InboxFile,
  out: string | undefined,
  ports: Pick<StagePorts, 'rows' | 'jobs' | 'objects'>,
  facts: FactCheck,
  isAnythingLeft: boolean,
): Promise<Findings> => {
  const findings = new Map<Held, { readonly isBroken: boolean; readonly text: string }>();
  const complain = (held: Held, text: string): void => {
    if (!findings.has(held)) findings.set(held, { isBroken: true, text });
  };
  if (job.state === 'SUPERSEDED') {
    for (const [held] of invariants) findings.set(held, { isBroken: false, text: 'the file changed' });
    return findings;
  }

  const { bytes, text } = readText(file, job.profile);
  const reading = text === undefined ? undefined : expectReading(text, job.profile);
  const columns = reading?.columns ?? [];
  if (JSON.stringify(job.layout?.outputColumns ?? []) !== JSON.stringify(columns)) {
    complain('I1', 'expected the columns of the file, found others');
  }
  let rows: Iterable<ExpectedRow> = reading?.rows ?? [];
  const givenUp = await readGivenUp(job, ports);
  let heldByProcessor = 0;
  let ledger: Ledger = emptyLedger;
  try {
    const source = await checkStagedCopy(ports.objects, job, bytes);
    if (out === undefined) complain('files', 'expected results that can be exported, found none');
    const results =
      out !== undefined && job.state === 'COMPLETE' ? checkResults(out, columns, rows, source) : undefined;
    rows = results?.rows ?? rows;
    ledger = await auditAtRest(
      ports,
      { job, rows, source, workBucket, mergesRejects: false },
      {
        row(_, stored) {
          facts.checkStored(stored);
          if (stored.status === 'PENDING' && givenUp.has(stored.row)) heldByProcessor++;
        },
      },
    );
    const difference = results?.difference();
    if (difference !== undefined) complain('files', difference);
  } catch (thrown) {
    if (!(thrown instanceof Violation)) throw thrown;
    complain(thrown.invariant as Held, thrown.message);
    for (const held of atRest) {
      if (!findings.has(held))
        findings.set(held, { isBroken: false, text: `not known: ${thrown.invariant} broke first` });
    }
  }
  const ratio = job.profile.maxRejectedRatio;
  const isRefusable = ratio !== undefined && ledger.rows > 0 && ledger.rejected / ledger.rows > ratio;
  if (job.state === 'COMPLETE' && isRefusable)
    complain('I9', 'expected too many rejects to be refused, found the job COMPLETE');
  // Rows that the user's code never gets through are nothing that waits for a service.
  const isHeld = job.state === 'HELD' && ledger.open === 0 && ledger.dead > 0 && ledger.dead === heldByProcessor;
  if (terminalStates.includes(job.state) ? isAnythingLeft : !isHeld) {
    complain('rest', `expected nothing open and nothing set aside, found the job ${job.state}`);
  }
  for (const [held, found] of facts.found) {
    if (findings.get(held)?.isBroken !== true) findings.set(held, { isBroken: true, text: found });
  }
  return findings;
};
