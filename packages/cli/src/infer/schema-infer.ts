import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseSchema } from '@sluice/core/clean/schema';
import type { RunOptions } from '../run-options.ts';
import { toTerminalText } from '../terminal-text.ts';
import { createTextFile } from '../text-file.ts';
import { UsageError } from '../usage-error.ts';
import { startInferProgress } from './infer-progress.ts';
import { renderInference } from './infer-report.ts';
import { type InferOptions, inferSchema, rulesOf } from './infer-schema.ts';
import { schemaText } from './schema-text.ts';

/** The options of `sluice schema infer`, checked. */
export type SchemaInferOptions = InferOptions &
  Pick<RunOptions, 'force' | 'quiet'> & {
    /** File for the schema; standard output when it is not given. */
    readonly out?: string;
  };

/** Throws UsageError for a file that must not be written, before anything is read. */
const checkOut = (out: string, file: string, force: boolean): void => {
  const shown = toTerminalText(out);
  if (statSync(dirname(out), { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new UsageError(`--out: expected a file in a folder that is there, found none for ${shown}`);
  }
  const stats = statSync(out, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isFile()) throw new UsageError(`--out: expected a file, found something else at ${shown}`);
  const isInput = statSync(file, { throwIfNoEntry: false }) !== undefined && realpathSync(file) === realpathSync(out);
  if (isInput) throw new UsageError(`--out: expected another file than the one that is read, found ${shown}`);
  if (!force) throw new UsageError(`--out: expected a new file, found one at ${shown} (--force replaces it)`);
};

const writeOut = (out: string, text: string): void => {
  const refuse = (thrown: unknown): never => {
    const { code = 'error' } = thrown as { readonly code?: string };
    if (code === 'ENOSPC') throw thrown;
    throw new UsageError(`--out: expected a file that can be written, found ${toTerminalText(out)} (${code})`);
  };
  try {
    const file = createTextFile(out);
    try {
      file.write(text);
      file.close();
    } catch (thrown) {
      file.discard();
      throw thrown;
    }
  } catch (thrown) {
    refuse(thrown);
  }
};

/**
 * Proposes a schema for a file: JSON into `options.out` or onto standard output, what it rests on onto standard error.
 * Throws UsageError for a file that cannot be read or written, the signal's reason once it aborts.
 */
export const schemaInfer = async (options: SchemaInferOptions, signal: AbortSignal): Promise<void> => {
  const { file, out, force, quiet } = options;
  if (out !== undefined) checkOut(out, file, force);
  const progress = startInferProgress(process.stderr, file, quiet);
  const inference = await inferSchema(options, signal, progress.onRead).finally(progress.end);
  const text = schemaText(rulesOf(inference));
  // What is proposed can be used: a proposal that a run would refuse must not leave this place.
  parseSchema(JSON.parse(text));
  if (out === undefined) process.stdout.write(text);
  else writeOut(out, text);
  if (!quiet) process.stderr.write(renderInference(inference, file));
};
