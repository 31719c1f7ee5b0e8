import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { SluiceError } from '@sluice/core/errors';
import type { Profile } from '@sluice/core/ports/job-store';
import type { ObjectHead } from '@sluice/core/ports/object-store';
import { hashProfile } from '@sluice/core/profile';
import { serialiseUpload } from '@sluice/core/upload-event';
import { createLocalObjects } from '@sluice/local-cloud/object-store';
import { inboxBucket } from './buckets.ts';
import { foundInstead, kindText, pathText } from './found-instead.ts';
import type { RunOptions } from './run-options.ts';
import { readSchemaFile } from './schema-file.ts';
import { toTerminalText } from './terminal-text.ts';
import { UsageError } from './usage-error.ts';

/** The user's file, as an object of the inbox. */
export type InboxFile = { readonly folder: string; readonly key: string; readonly head: ObjectHead };

/** What may stand for a pipe: a file is read more than once. */
const pipeHint = '; write what it brings into a file first';

/** Throws UsageError for anything but a file that can be read. */
export const readInboxFile = async (file: string): Promise<InboxFile> => {
  const refuse = (found: string): never => {
    throw new UsageError(`expected a CSV file, found ${found}`);
  };
  let path: string;
  try {
    const stats = statSync(file);
    if (!stats.isFile()) refuse(`${kindText(stats)} at ${pathText(file)}${stats.isFIFO() ? pipeHint : ''}`);
    accessSync(file, constants.R_OK);
    path = realpathSync(file);
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown;
    return refuse(foundInstead(thrown, file));
  }
  const [folder, key] = [dirname(path), basename(path)];
  const head = await createLocalObjects({ [inboxBucket]: folder }).head(inboxBucket, key);
  return head === undefined ? refuse(`nothing at ${pathText(file)}`) : { folder, key, head };
};

const toProfile = (options: RunOptions): Profile => ({
  prefix: '',
  header: options.header,
  ...(options.schema === undefined ? {} : { schema: readSchemaFile(options.schema) }),
  ...(options.delimiter === undefined ? {} : { delimiter: options.delimiter }),
  ...(options.encoding === undefined ? {} : { encoding: options.encoding }),
  ...(options.maxRejected === undefined ? {} : { maxRejectedRatio: options.maxRejected }),
  ...(options.limit === undefined ? {} : { limit: options.limit }),
});

/** How the file is to be read, and the hash of that. Throws UsageError for a schema that cannot be used. */
export const readProfile = (options: RunOptions): { readonly profile: Profile; readonly profileHash: string } => {
  const profile = toProfile(options);
  try {
    return { profile, profileHash: hashProfile(profile).profileHash };
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw thrown;
    const complaint = toTerminalText(thrown.message.replace(/^schema: /, ''));
    throw new UsageError(`--schema: ${pathText(options.schema ?? '')}: ${complaint}`);
  }
};

/** What S3 would say of the file. */
export const uploadEvent = ({ key, head }: InboxFile): string => serialiseUpload({ bucket: inboxBucket, key, ...head });
