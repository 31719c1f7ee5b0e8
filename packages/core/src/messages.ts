import * as z from 'zod/mini';
import { SluiceError } from './errors.ts';

/** A cleaned value. Decimals, dates and datetimes are text. */
export type Value = string | number | boolean | null;

/** A row on its way: chunk, row number, first physical line, values in the order of the message's columns. */
export type RowTuple = readonly [chunk: number, row: number, line: number, values: readonly Value[]];

/** What the processor made of a row: DONE with its result (an object, or null for none), or FAILED with [code, message]. */
export type OutcomeTuple =
  | readonly [chunk: number, row: number, status: 'DONE', result: Readonly<Record<string, unknown>> | null]
  | readonly [chunk: number, row: number, status: 'FAILED', error: readonly [code: string, message: string]];

/** The version written. Readers accept this and the one before; there is none before 1. */
export const messageVersion = 1;

const version = z.literal(1);
const count = z.int().check(z.nonnegative());
const jobId = z.string().check(z.regex(/^[0-9a-z]{26}$/));

const chunkMessage = z.object({
  v: version,
  kind: z.literal('chunk'),
  jobId,
  chunk: count,
  start: count,
  end: count,
  firstRow: count,
  rows: count,
  firstLine: count,
  /** A repair: only the rows in these ranges (first and last row, both inclusive) are sent, and the counts left alone. */
  ranges: z.optional(z.array(z.tuple([count, count]))),
});

const rowsMessage = z.object({
  v: version,
  kind: z.literal('rows'),
  jobId,
  columns: z.array(z.string()),
  /** How often the rows were tried before they came into this message. */
  tried: z.optional(count),
  rows: z.array(z.unknown()).check(z.minLength(1)),
});

const finishedMessage = z.object({
  v: version,
  kind: z.literal('finished'),
  jobId,
  tried: z.optional(count),
  outcomes: z.array(z.unknown()).check(z.minLength(1)),
});

const auditMessage = z.union([
  /** `due`: when a sweep found the job due; without it, somebody wants it audited whether it is due or not. */
  z.object({ v: version, kind: z.literal('audit'), jobId, due: z.optional(count) }),
  /** Somebody asks for it: everything of the job that is not final is sent again, dead rows too. */
  z.object({ v: version, kind: z.literal('repair'), jobId }),
  /** What the schedule sends every minute: one audit message per job that is due is to be sent. */
  z.object({ v: version, kind: z.literal('sweep') }),
  /** What the schedule sends every hour: uploads whose event was lost are to be found. */
  z.object({ v: version, kind: z.literal('search') }),
]);

export type ChunkMessage = z.infer<typeof chunkMessage>;
/** On `rows` and on `work`. */
export type RowsMessage = Omit<z.infer<typeof rowsMessage>, 'rows'> & { readonly rows: readonly RowTuple[] };
export type FinishedMessage = Omit<z.infer<typeof finishedMessage>, 'outcomes'> & {
  readonly outcomes: readonly OutcomeTuple[];
};
export type AuditMessage = z.infer<typeof auditMessage>;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

// Plain loops: these two run for every row of the file, twice per queue.
const isRowTuple = (tuple: unknown, columns: number): tuple is RowTuple => {
  if (!Array.isArray(tuple) || tuple.length !== 4) return false;
  if (!isCount(tuple[0]) || !isCount(tuple[1]) || !isCount(tuple[2])) return false;
  const values: unknown = tuple[3];
  if (!Array.isArray(values) || values.length !== columns) return false;
  for (let i = 0; i < columns; i++) if (typeof values[i] === 'object' && values[i] !== null) return false;
  return true;
};

const isOutcomeTuple = (tuple: unknown): tuple is OutcomeTuple => {
  if (!Array.isArray(tuple) || tuple.length !== 4 || !isCount(tuple[0]) || !isCount(tuple[1])) return false;
  const last: unknown = tuple[3];
  if (tuple[2] === 'DONE') return typeof last === 'object' && !Array.isArray(last);
  return tuple[2] === 'FAILED' && Array.isArray(last) && last.length === 2 && last.every((v) => typeof v === 'string');
};

const invalid = (kind: string, found: string): never => {
  throw new SluiceError('MESSAGE_INVALID', `expected a ${kind} message of version ${messageVersion}, found ${found}`);
};

/** JSON.parse without its error, which quotes the payload. */
const parseJson = (kind: string, body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return invalid(kind, `${body.length} characters that are not JSON`);
  }
};

const parse = <T>(kind: string, schema: z.ZodMiniType<T>, body: string): T => {
  const parsed = z.safeParse(schema, parseJson(kind, body));
  if (parsed.success) return parsed.data;
  const path = parsed.error.issues[0]?.path.filter(
    (part) => typeof part === 'number' || /^\w{1,20}$/.test(String(part)),
  );
  return invalid(kind, `another shape${path?.length ? ` at ${path.join('.')}` : ''}`);
};

/** Each throws SluiceError MESSAGE_INVALID for anything but a message of its kind and a version it reads. */
export const parseChunkMessage = (body: string): ChunkMessage => parse('chunk', chunkMessage, body);
export const parseAuditMessage = (body: string): AuditMessage => parse('audit', auditMessage, body);

export const parseRowsMessage = (body: string): RowsMessage => {
  const message = parse('rows', rowsMessage, body);
  const columns = message.columns.length;
  for (const tuple of message.rows) if (!isRowTuple(tuple, columns)) invalid('rows', 'a row of another shape');
  return message as RowsMessage;
};

export const parseFinishedMessage = (body: string): FinishedMessage => {
  const message = parse('finished', finishedMessage, body);
  for (const tuple of message.outcomes) if (!isOutcomeTuple(tuple)) invalid('finished', 'an outcome of another shape');
  return message as FinishedMessage;
};

/** The job a message speaks of, when that much of it can be read: for the dead mark of a message that cannot. */
export const findJobId = (body: string): string | undefined => {
  try {
    const found: unknown = (JSON.parse(body) as { jobId?: unknown } | null)?.jobId;
    return z.safeParse(jobId, found).success ? (found as string) : undefined;
  } catch {
    return undefined;
  }
};

// JSON.stringify escapes controls and lone surrogates, but not the two characters that SQS refuses besides them.
const refusedBySqs = /[\uFFFE\uFFFF]/g;
/** The same JSON in characters that SQS takes. */
export const toSqsText = (json: string): string =>
  json.search(refusedBySqs) < 0
    ? json
    : json.replaceAll(refusedBySqs, (character) => (character === '\uFFFE' ? '\\ufffe' : '\\uffff'));

/** A value as JSON that SQS takes. */
export const serialise = (value: unknown): string => toSqsText(JSON.stringify(value));

export const serialiseChunk = (message: Omit<ChunkMessage, 'v' | 'kind'>): string =>
  serialise({ v: messageVersion, kind: 'chunk', ...message } satisfies ChunkMessage);

export const serialiseAudit = (jobId: string, due?: number): string =>
  serialise({
    v: messageVersion,
    kind: 'audit',
    jobId,
    ...(due === undefined ? {} : { due }),
  } satisfies AuditMessage);

export const serialiseRepair = (jobId: string): string =>
  serialise({ v: messageVersion, kind: 'repair', jobId } satisfies AuditMessage);

/** What the schedule sends every minute. */
export const sweepBody = serialise({ v: messageVersion, kind: 'sweep' } satisfies AuditMessage);
/** What the schedule sends every hour. */
export const searchBody = serialise({ v: messageVersion, kind: 'search' } satisfies AuditMessage);

/** A message as text but for its rows: the text before them and after them. */
export type Envelope = { readonly head: string; readonly tail: string };

export const rowsEnvelope = (jobId: string, columns: readonly string[], tried = 0): Envelope => ({
  head: `{"v":${messageVersion},"kind":"rows","jobId":"${jobId}","columns":${serialise(columns)}${
    tried > 0 ? `,"tried":${tried}` : ''
  },"rows":[`,
  tail: ']}',
});

export const finishedEnvelope = (jobId: string, tried = 0): Envelope => ({
  head: `{"v":${messageVersion},"kind":"finished","jobId":"${jobId}"${tried > 0 ? `,"tried":${tried}` : ''},"outcomes":[`,
  tail: ']}',
});

/** A rows message of one row alone, tried `tried` times before. */
export const singleRow = (message: RowsMessage, row: RowTuple, tried: number): string => {
  const { head, tail } = rowsEnvelope(message.jobId, message.columns, tried);
  return head + serialise(row) + tail;
};

/** A finished message of one outcome alone. */
export const singleOutcome = (message: FinishedMessage, outcome: OutcomeTuple, tried: number): string => {
  const { head, tail } = finishedEnvelope(message.jobId, tried);
  return head + serialise(outcome) + tail;
};
