import type { Job, JobStore } from '@sluice/core/ports/job-store';
import type { ObjectStore, ObjectVersion } from '@sluice/core/ports/object-store';
import type { RowStore, StoredRow } from '@sluice/core/ports/row-store';
import type { Expected } from '../expected-rows.ts';
import type { Fact, Watch } from '../facts.ts';
import { checkDeleted } from './acknowledgements.ts';
import { auditAtRest } from './at-rest.ts';
import { checkSentChunks, noteClosed, noteCounted, notePlanned, notePut } from './chunk-history.ts';
import { checkFinishes, checkInserts, checkProcessed, checkSent, noteDelivered } from './effort.ts';
import { checkRead, noteObjectDeleted, noteUploaded } from './file-history.ts';
import { noteAnnounced, noteChanged, noteCreated } from './job-history.ts';
import { checkLogged, checkMarks, checkReason } from './leaks.ts';
import { checkRefused } from './limits.ts';
import { checkLiveness } from './liveness.ts';
import { checkCalled } from './memory.ts';
import { manifestKeyOf, mergedKeysOf } from './merged-rejects.ts';
import { findReceived, noteDeleted, noteSent } from './message-history.ts';
import { noteFinished, noteInserted, noteMarked } from './row-history.ts';
import type { ShadowFile, ShadowJob } from './shadow.ts';
import { createShadow, versionKey } from './shadow.ts';
import { checkStagedCopy } from './staged-copy.ts';
import { checkPassed } from './stream-history.ts';
import { violate } from './violate.ts';

export type AuditInput = {
  readonly buckets: { readonly inbox: string; readonly work: string };
  /** What a file must come to. */
  readonly expect: (version: ObjectVersion, bytes: Buffer) => Expected;
  readonly isVersioned: boolean;
  /** Faults that struck by now, of every kind; ends of processes that were asked for are among them. */
  readonly bounds: {
    faultsSoFar(): number;
    /** Those of them that a send met. */
    sendFaultsSoFar(): number;
    /** The last moment at which the processor may be called for a job that was called off at `cancelledAt`. */
    callsUntil(cancelledAt: number): number;
  };
  /** What the pipeline does not do. */
  readonly without?: readonly ('announcements' | 'merged rejects')[];
};

export type Auditors = {
  /** Throws a Violation the moment an invariant breaks. */
  readonly watch: Watch;
  /** Everything at rest; `isHealed` when nothing went wrong for long enough that everything must have ended well. Throws a Violation. */
  atRest(
    stores: { readonly rows: RowStore; readonly jobs: JobStore; readonly objects: ObjectStore },
    isHealed: boolean,
  ): Promise<void>;
};

/** Knows the run from what took effect at the services and from the stores at rest, and from nothing the handlers say of themselves. */
export const createAuditors = (input: AuditInput): Auditors => {
  const { buckets, isVersioned, bounds, without = [] } = input;
  const shadow = createShadow();
  const mergesRejects = !without.includes('merged rejects');

  const expectations = new Map<ShadowFile, Expected>();
  const expect = (file: ShadowFile): Expected => {
    const known = expectations.get(file);
    if (known !== undefined) return known;
    const expected = input.expect(file.version, file.bytes);
    expectations.set(file, expected);
    return expected;
  };
  const fileOf = ({ file }: ShadowJob): ShadowFile | undefined => shadow.files.get(versionKey(file));
  const isIgnored = (version: string): boolean => {
    const file = shadow.files.get(version);
    return file === undefined || expect(file).ends === 'ignored';
  };
  const rules = {
    isVersioned,
    expectJob: (job: ShadowJob) => {
      const file = fileOf(job);
      return file === undefined ? undefined : expect(file);
    },
    mergedKeys: mergesRejects ? (jobId: string) => [mergedKeysOf(jobId)[0], manifestKeyOf(jobId)] : undefined,
  };

  const watch = (fact: Fact): void => {
    switch (fact.kind) {
      case 'uploaded':
        noteUploaded(shadow, isVersioned, fact);
        break;
      case 'object deleted':
        noteObjectDeleted(shadow, isVersioned, fact);
        break;
      case 'read':
        checkRead(shadow, buckets.inbox, fact);
        break;
      case 'put':
        notePut(shadow, buckets.work, fact);
        break;
      case 'sent': {
        const messages = noteSent(shadow, fact);
        checkSentChunks(messages, fact);
        checkSent(fact, messages, bounds, (job) => fileOf(job)?.deliveries ?? 0);
        break;
      }
      case 'received':
        noteDelivered(shadow, findReceived(shadow, fact));
        break;
      case 'deleted':
        checkDeleted(shadow, fact, noteDeleted(shadow, fact), isIgnored);
        break;
      case 'inserted':
        noteInserted(shadow, fact);
        checkInserts(shadow, fact, bounds.faultsSoFar());
        break;
      case 'finished':
        noteFinished(shadow, fact);
        checkFinishes(shadow, fact, bounds.faultsSoFar());
        break;
      case 'job created':
        noteCreated(shadow, fact);
        break;
      case 'job changed':
        checkReason(fact.after, fact);
        noteChanged(shadow, rules, fact);
        break;
      case 'chunks planned':
        notePlanned(shadow, fact);
        break;
      case 'chunk counted':
        noteCounted(shadow, fact);
        break;
      case 'chunk closed':
        noteClosed(shadow, fact);
        break;
      case 'passed':
        checkPassed(shadow, fact);
        break;
      case 'marked':
        checkMarks(fact);
        noteMarked(shadow, fact);
        break;
      case 'processed':
        checkProcessed(shadow, fact, bounds.callsUntil);
        break;
      case 'called':
        checkCalled(fact);
        break;
      case 'refused':
        checkRefused(fact);
        break;
      case 'logged':
        checkLogged(fact);
        break;
      case 'announced':
        noteAnnounced(shadow, fact);
        break;
      // A message in the dead-letter queue is as live as before.
      case 'set aside':
        break;
    }
  };

  /** The table holds what took effect, and nothing else. */
  const checkRow = (job: ShadowJob, stored: StoredRow): void => {
    const row = job.rows.get(stored.row);
    const place = { job: job.jobId, chunk: row?.chunk, row: stored.row };
    if (row === undefined || row.status === 'ABSENT') {
      violate('I5', 'expected the rows that were inserted, found another', place);
    }
    if (row.status !== stored.status) {
      violate('I6', `expected a row ${row.status} as it became, found it ${stored.status}`, place);
    }
    if (row.line !== stored.line || JSON.stringify(row.values) !== stored.data) {
      violate('I7', 'expected a row as it was first inserted, found other content', place);
    }
    const result =
      stored.error === undefined
        ? (stored.result ?? 'null')
        : JSON.stringify([stored.error.code, stored.error.message]);
    if (row.status !== 'PENDING' && row.result !== result) {
      violate('I5', 'expected a row with its first result, found another', place);
    }
  };

  const auditJob = async (
    stores: { readonly rows: RowStore; readonly jobs: JobStore; readonly objects: ObjectStore },
    shadowJob: ShadowJob,
  ): Promise<void> => {
    const { jobId } = shadowJob;
    const place = { job: jobId };
    const job: Job =
      (await stores.jobs.getJob(jobId)) ?? violate('I9', 'expected a job that was created, found none', place);
    if (job.state !== shadowJob.state) {
      violate('I9', `expected a job ${shadowJob.state} as it became, found it ${job.state}`, place);
    }
    const file = fileOf(shadowJob);
    if (file === undefined) return;
    const expected = expect(file);
    const source = await checkStagedCopy(stores.objects, job, file.bytes);
    const counts = new Map<number, number>();
    for (const row of shadowJob.rows.values()) {
      if (row.status !== 'ABSENT') counts.set(row.chunk, (counts.get(row.chunk) ?? 0) + 1);
    }
    await auditAtRest(
      stores,
      {
        job,
        rows: expected.ends === 'read' ? expected.rows : [],
        source,
        workBucket: buckets.work,
        mergesRejects,
        mayBeGone: !isVersioned && file.wasGone,
      },
      {
        row: (_, stored) => checkRow(shadowJob, stored),
        chunk: ({ chunk }, stored) => {
          const inserted = counts.get(chunk) ?? 0;
          if (stored !== inserted) {
            violate('I6', `expected ${inserted} rows in the table, found ${stored}`, { ...place, chunk });
          }
        },
        rejectLines: (key, bytes) => {
          const object = shadow.objects.get(key);
          return object?.bytes.equals(bytes) === true ? object.lines : undefined;
        },
      },
    );
    if (expected.ends === 'read' && job.layout !== undefined) {
      const found = JSON.stringify(job.layout.outputColumns);
      if (found !== JSON.stringify(expected.columns))
        violate('I1', 'expected the columns of the file, found others', place);
    }
  };

  return {
    watch,
    async atRest(stores, isHealed) {
      for (const job of shadow.jobs.values()) await auditJob(stores, job);
      if (isHealed) checkLiveness(shadow, expect, !without.includes('announcements'));
    },
  };
};
