import type { OutcomeTuple, RowTuple } from '@sluice/core/messages';
import type { ChunkPlan } from '@sluice/core/ports/job-store';
import type { QueueName } from '@sluice/core/ports/queue';
import type { StageName } from '@sluice/core/wiring';
import type { Fact } from '../facts.ts';
import type { Shadow, ShadowMessage } from './shadow.ts';
import { jobOf, rowOf, versionKey } from './shadow.ts';

type S3Object = { readonly key: string; readonly eTag: string; readonly versionId?: string };
type S3Event = {
  readonly Records?: readonly {
    readonly eventName: string;
    readonly s3: { readonly bucket: { readonly name: string }; readonly object: S3Object };
  }[];
};
type Body = S3Event & {
  readonly kind?: string;
  readonly jobId: string;
  readonly ranges?: readonly (readonly [number, number])[];
  readonly rows?: unknown;
  readonly outcomes?: unknown;
};

const parseJson = (body: string): Body | undefined => {
  try {
    const json: unknown = JSON.parse(body);
    return typeof json === 'object' && json !== null ? (json as Body) : undefined;
  } catch {
    return undefined;
  }
};

const readVersions = ({ Records = [] }: S3Event): string[] =>
  Records.filter(({ eventName }) => eventName.startsWith('ObjectCreated:')).map(({ s3: { bucket, object } }) => {
    const { key, eTag, versionId } = object;
    const version = { bucket: bucket.name, key: decodeURIComponent(key.replaceAll('+', ' ')), etag: eTag };
    return versionKey(versionId === undefined ? version : { ...version, versionId });
  });

/** The stages that take from queues. */
const takers: Readonly<Record<QueueName, StageName>> = {
  uploads: 'split-file',
  chunks: 'clean-rows',
  rows: 'store-rows',
  work: 'process-rows',
  finished: 'finish-rows',
  audits: 'audit-job',
};

/** A message as it was sent: what its body says, told in rows of the shadow. Each body is parsed here, once. */
export const readMessage = (shadow: Shadow, queue: QueueName, id: string, body: string, fact: Fact): ShadowMessage => {
  const parsed = parseJson(body);
  const known = { queue, id, body, isAgain: fact.by.stage === takers[queue], isLive: true };
  if (parsed === undefined) return { ...known, kind: 'unreadable' };
  if (queue === 'uploads') return { ...known, kind: 'uploads', versions: readVersions(parsed) };
  const { kind, jobId, rows, outcomes, ranges } = parsed;
  if (queue === 'audits') return { ...known, kind: 'audit', asks: kind ?? '', jobId };
  if (queue === 'chunks' && kind === 'chunk') {
    const { chunk, start, end, firstRow, rows: count, firstLine } = parsed as unknown as ChunkPlan;
    const plan = { chunk, start, end, firstRow, rows: count, firstLine };
    return { ...known, kind: 'chunk', job: jobOf(shadow, jobId, fact), plan, ranges };
  }
  if ((queue === 'rows' || queue === 'work') && kind === 'rows' && Array.isArray(rows)) {
    const job = jobOf(shadow, jobId, fact);
    const tuples = rows as readonly RowTuple[];
    return { ...known, queue, kind, job, tuples, rows: tuples.map((tuple) => rowOf(job, tuple[1])) };
  }
  if (queue === 'finished' && kind === 'finished' && Array.isArray(outcomes)) {
    const job = jobOf(shadow, jobId, fact);
    const tuples = outcomes as readonly OutcomeTuple[];
    return { ...known, queue, kind, job, tuples, rows: tuples.map((tuple) => rowOf(job, tuple[1])) };
  }
  return { ...known, kind: 'unreadable' };
};
