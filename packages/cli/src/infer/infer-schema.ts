import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ColumnRule } from '@sluice/core/clean/column';
import { compileSchema } from '@sluice/core/clean/row-cleaner';
import { emptySchema } from '@sluice/core/clean/schema';
import type { Chunk } from '@sluice/core/csv/plan';
import { createPlanner, defaultChunkBytes } from '@sluice/core/csv/plan';
import type { RejectedRow, Run } from '@sluice/core/csv/run';
import { createRunReader } from '@sluice/core/csv/run-reader';
import { SluiceError } from '@sluice/core/errors';
import type { Clock } from '@sluice/core/ports/clock';
import type { JobLayout } from '@sluice/core/ports/job-store';
import { readAhead, readObject } from '@sluice/core/read-object';
import { realClock } from '@sluice/core/real-clock';
import type { RejectCode } from '@sluice/core/rejects';
import { createLocalObjects } from '@sluice/local-cloud/object-store';
import { readLayout } from '@sluice/split-file/read-layout';
import type { StagingPorts } from '@sluice/split-file/stage-file';
import { inboxBucket, workBucket } from '../buckets.ts';
import { readInboxFile } from '../run-input.ts';
import type { RunOptions } from '../run-options.ts';
import { toTerminalText } from '../terminal-text.ts';
import { UsageError } from '../usage-error.ts';
import { type ColumnEvidence, watchColumn } from './column-evidence.ts';
import { type Proposal, proposeRule } from './propose-rule.ts';

export type InferOptions = Pick<RunOptions, 'file' | 'delimiter' | 'encoding' | 'header' | 'limit'> & {
  /** Share of a column's values that may be dirt. */
  readonly tolerate: number;
};

export type InferredColumn = Proposal & { readonly name: string; readonly evidence: ColumnEvidence };

/** What a file's rows tell of its columns, in file order. */
export type Inference = {
  readonly delimiter: string;
  readonly rows: number;
  /** Rows that are rejected whatever the schema, so that they told nothing. */
  readonly rejects: ReadonlyMap<RejectCode, number>;
  /** Of these, how many `"ragged": "pad"` would accept. */
  readonly paddable: number;
  readonly columns: readonly InferredColumn[];
};

/** Hears how far reading is, in rows and as a share of the bytes. */
export type OnRead = (rows: number, share: number) => void;

/** A clock whose waits end when the signal aborts, with its reason; and with them every read, which waits for each of its pieces. */
export const interruptible = ({ now, sleep }: Clock, signal: AbortSignal): Clock => ({
  now,
  sleep: (milliseconds, given) => sleep(milliseconds, given === undefined ? signal : AbortSignal.any([given, signal])),
});

/** Looks at every row of the file in order, in memory that does not grow with it. */
const watchRows = async (layout: JobLayout, options: InferOptions, ports: StagingPorts, onRead: OnRead) => {
  const { source, bytes, delimiter, columns, dataStart, dataLine } = layout;
  const watchers = columns.map(() => watchColumn(options.tolerate));
  const cleaner = compileSchema(undefined, columns);
  const padding = compileSchema({ ...emptySchema, ragged: 'pad' }, columns);
  const rejects = new Map<RejectCode, number>();
  let rows = 0;
  let paddable = 0;

  const reject = (code: RejectCode): void => void rejects.set(code, (rejects.get(code) ?? 0) + 1);
  const take = (found: Run | RejectedRow): void => {
    if (found.kind === 'rejected') {
      rows += 1;
      reject(found.reason.code);
      return;
    }
    for (let index = 0; index < found.fields.length; index += 1) {
      rows += 1;
      const fields = found.fields[index] ?? [];
      const values = cleaner.clean(fields);
      if (!Array.isArray(values)) {
        reject(values.code);
        if (Array.isArray(padding.clean(fields))) paddable += 1;
        continue;
      }
      const line = found.lines[index] ?? 0;
      for (let column = 0; column < watchers.length; column += 1) {
        // Without a schema every value is text or null.
        watchers[column]?.take(values[column] as string | null, line);
      }
    }
  };
  const readChunk = async (chunk: Chunk): Promise<void> => {
    const reader = createRunReader({ chunk, delimiter });
    for await (const piece of readObject(ports, source, chunk.start, chunk.end)) {
      for (const found of reader.push(piece)) take(found);
    }
    for (const found of reader.end()) take(found);
    onRead(rows, chunk.end / bytes);
  };

  const planner = createPlanner({
    delimiter: delimiter.charCodeAt(0),
    cursor: { chunk: 0, offset: dataStart, row: 1, line: dataLine },
    chunkBytes: defaultChunkBytes(bytes),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
  });
  for await (const piece of readAhead(ports, source, dataStart, bytes)) {
    for (const chunk of planner.push(piece)) await readChunk(chunk);
    if (planner.isComplete()) break;
  }
  for (const chunk of planner.end()) await readChunk(chunk);

  const evidence = watchers.map((watcher) => watcher.finish());
  return { rows, rejects, paddable, evidence };
};

/** A folder for copies of packed files, which goes with the process at the latest. */
const makeWorkFolder = (): { readonly folder: string; remove(): void } => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  return {
    folder,
    remove() {
      process.removeListener('exit', remove);
      remove();
    },
  };
};

/**
 * Reads a whole file as a run does and proposes a rule for each of its columns. Throws UsageError for a file that cannot be read,
 * the signal's reason once it aborts; leaves nothing behind.
 */
export const inferSchema = async (
  options: InferOptions,
  signal: AbortSignal,
  onRead: OnRead = () => undefined,
): Promise<Inference> => {
  const file = await readInboxFile(options.file);
  const work = makeWorkFolder();
  try {
    const objects = createLocalObjects({ [inboxBucket]: file.folder, [workBucket]: work.folder });
    const ports = { objects, clock: interruptible(realClock, signal) };
    const job = {
      jobId: 'schema',
      file: { bucket: inboxBucket, key: file.key, ...file.head },
      profile: {
        prefix: '',
        header: options.header,
        ...(options.delimiter === undefined ? {} : { delimiter: options.delimiter }),
        ...(options.encoding === undefined ? {} : { encoding: options.encoding }),
      },
    };
    const { layout } = await readLayout(job, ports, workBucket);
    const { rows, rejects, paddable, evidence } = await watchRows(layout, options, ports, onRead);
    const columns = layout.columns.flatMap((name, index): InferredColumn[] => {
      const found = evidence[index];
      return found === undefined ? [] : [{ name, evidence: found, ...proposeRule(name, found, options.tolerate) }];
    });
    return { delimiter: layout.delimiter, rows, rejects, paddable, columns };
  } catch (thrown) {
    signal.throwIfAborted();
    if (!(thrown instanceof SluiceError)) throw thrown;
    throw new UsageError(`${toTerminalText(options.file)}: ${toTerminalText(thrown.message)} (${thrown.code})`);
  } finally {
    work.remove();
  }
};

/** The rules as a schema takes them. */
export const rulesOf = ({ columns }: Inference): readonly (readonly [name: string, rule: ColumnRule])[] =>
  columns.map(({ name, rule }) => [name, rule]);
