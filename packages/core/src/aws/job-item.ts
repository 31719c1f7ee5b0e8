import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { SluiceError } from '../errors.ts';
import { fileIdOf } from '../identity.ts';
import type { ChunkRecord, DeadMark, Job } from '../ports/job-store.ts';
import { isOpenJob } from '../ports/job-store.ts';
import type { ObjectVersion } from '../ports/object-store.ts';
import type { Item } from './row-item.ts';
import { itemBytesMax, textIn } from './row-item.ts';

// The items of the jobs table. pk is the job; sk tells what an item is: `job`, `lease#...`, `chunk#...`, `mark#...`. A file
// version whose event arrived has an item of its own. Two sparse indexes find jobs: `open` holds those with the attribute of that
// name, which a job has as long as it is open, in the order in which audits are due; `created` every job, by when it was created. What is an object, or text that a
// user wrote, is kept as JSON text: names of a stranger's schema are no attribute names, and half a pair of surrogates is
// no text to DynamoDB.

export const openIndex = 'open';
/** Every open job's hash key in the index. An audit moves it once at most: one partition is enough for a thousand a second. */
export const open: AttributeValue = { S: 'open' };

export const createdIndex = 'created';
/** Every job's hash key in the index. A job is written there once: nothing that the index holds ever changes. */
export const created: AttributeValue = { S: 'job' };

type JobPart = Partial<Omit<Job, 'jobId'>>;

const jobFields = {
  file: 'json',
  profile: 'json',
  schemaHash: 'text',
  codeVersion: 'text',
  chunkBytes: 'number',
  rowsPerMessage: 'number',
  createdAt: 'number',
  state: 'text',
  layout: 'json',
  cursor: 'json',
  plan: 'json',
  reason: 'json',
  repairs: 'number',
  repairedAt: 'number',
  askedAt: 'number',
  auditAt: 'number',
  audited: 'json',
  announcedAt: 'number',
  forgottenAt: 'number',
} as const satisfies Record<keyof JobPart, 'json' | 'text' | 'number'>;

/** Numbers as text that sorts as they do. */
const inOrder = (number: number): string => String(number).padStart(16, '0');

export const jobKey = (jobId: string): Item => ({ pk: { S: jobId }, sk: { S: 'job' } });
export const leaseKey = (jobId: string, lease: 'plan' | 'audit'): Item => ({
  pk: { S: jobId },
  sk: { S: `lease#${lease}` },
});

export const chunkPrefix = 'chunk#';
/** Where the chunks from this one on begin. */
export const chunksFrom = (chunk: number): string => chunkPrefix + inOrder(chunk);
export const chunkKey = (jobId: string, chunk: number): Item => ({
  pk: { S: jobId },
  sk: { S: chunksFrom(chunk) },
});

export const markPrefix = 'mark#';
/** Where the marks on this chunk begin. */
export const marksFrom = (chunk: number): string => markPrefix + inOrder(chunk);
/** The file's mark sorts first, a chunk's before those on its rows. */
export const markKey = ({ jobId, chunk, row }: DeadMark): Item => {
  const place = chunk === undefined ? '' : inOrder(chunk) + (row === undefined ? '' : `#${inOrder(row)}`);
  return { pk: { S: jobId }, sk: { S: markPrefix + place } };
};

/** Sorts behind every number. */
export const behindAll = '~';

/** An empty sort key would be none. */
export const fileKey = (file: ObjectVersion): Item => ({ pk: { S: `file#${fileIdOf(file)}` }, sk: { S: 'file' } });

/** The attributes of what is there of a job, but for those that put it into an index. */
export const toJobAttributes = (part: JobPart): Item => {
  const attributes: Item = {};
  for (const [name, kind] of Object.entries(jobFields) as [keyof typeof jobFields, 'json' | 'text' | 'number'][]) {
    const value = part[name];
    if (value === undefined) continue;
    if (kind === 'number') attributes[name] = { N: String(value) };
    else attributes[name] = { S: kind === 'text' ? String(value) : JSON.stringify(value) };
  }
  return attributes;
};

export const toJobItem = (job: Job): Item => ({
  ...jobKey(job.jobId),
  ...toJobAttributes(job),
  created,
  ...(isOpenJob(job) ? { open } : {}),
});

export const toJob = (item: Item): Job => {
  const job: Record<string, unknown> = { jobId: textIn(item, 'pk') };
  for (const [name, kind] of Object.entries(jobFields)) {
    const value = item[name];
    if (value === undefined) continue;
    if (kind === 'number') job[name] = Number(value.N);
    else job[name] = kind === 'text' ? value.S : JSON.parse(value.S ?? '');
  }
  return job as Job;
};

export const toChunk = (item: Item): ChunkRecord => {
  const partIn = (name: string): unknown => JSON.parse(textIn(item, name) ?? 'null');
  const [cleaned, closed] = [partIn('cleaned'), partIn('closed')];
  return {
    ...(partIn('plan') as ChunkRecord),
    ...(cleaned === null ? {} : { cleaned: cleaned as NonNullable<ChunkRecord['cleaned']> }),
    ...(closed === null ? {} : { closed: closed as NonNullable<ChunkRecord['closed']> }),
  };
};

/** Marks that are alike are the same text: their fields stand in one order, whoever made them. */
export const markText = ({ jobId, stage, chunk, row, code, message, attempts, permanent }: DeadMark): string =>
  JSON.stringify({ jobId, stage, chunk, row, code, message, attempts, permanent });

export const toMark = (item: Item): DeadMark => JSON.parse(textIn(item, 'mark') ?? '') as DeadMark;

/** Refuses what no item can hold, before it is sent. Source of the limit: DynamoDB quotas. */
export const checkItem = (name: string, item: Item): void => {
  let bytes = 0;
  for (const [attribute, value] of Object.entries(item)) {
    bytes += Buffer.byteLength(attribute) + Buffer.byteLength(value.S ?? value.N ?? '');
  }
  if (bytes <= itemBytesMax) return;
  throw new SluiceError(
    'SERVICE_REFUSED',
    `expected a ${name} of at most ${itemBytesMax} bytes in the jobs table, found ${bytes}`,
  );
};
