import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { SluiceError } from '@sluice/core/errors';
import type { Profile } from '@sluice/core/ports/job-store';
import type { ObjectHead } from '@sluice/core/ports/object-store';
import { hashProfile } from '@sluice/core/profile';
import { noFaults } from '@sluice/local-cloud/faults';
import { createLocalObjects } from '@sluice/local-cloud/object-store';
import { inboxBucket } from './buckets.ts';
import type { RunOptions } from './run-options.ts';
import { toTerminalText } from './terminal-text.ts';
import { UsageError } from './usage-error.ts';

/** The user's file, as an object of the inbox. */
export type InboxFile = { readonly folder: string; readonly key: string; readonly head: ObjectHead };

/** Throws UsageError for anything but a file that is there. */
export const readInboxFile = async (file: string): Promise<InboxFile> => {
  const shown = toTerminalText(file);
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) throw new UsageError(`expected a CSV file, found nothing at ${shown}`);
  if (!stats.isFile()) throw new UsageError(`expected a CSV file, found something else at ${shown}`);
  const path = realpathSync(file);
  const [folder, key] = [dirname(path), basename(path)];
  const head = await createLocalObjects({ [inboxBucket]: folder }, noFaults)('runner').head(inboxBucket, key);
  if (head === undefined) throw new UsageError(`expected a CSV file, found nothing at ${shown}`);
  return { folder, key, head };
};

const readSchema = (file: string): unknown => {
  const shown = toTerminalText(file);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    const code = (thrown as { readonly code?: string }).code ?? 'error';
    throw new UsageError(`--schema: expected a JSON file, found ${shown} unreadable (${code})`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (thrown) {
    const complaint = toTerminalText(thrown instanceof Error ? thrown.message : '');
    throw new UsageError(`--schema: expected JSON in ${shown}, found: ${complaint}`);
  }
};

const toProfile = (options: RunOptions): Profile => ({
  prefix: '',
  header: options.header,
  ...(options.schema === undefined ? {} : { schema: readSchema(options.schema) }),
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
    if (thrown instanceof SluiceError) throw new UsageError(`--schema: ${toTerminalText(thrown.message)}`);
    throw thrown;
  }
};

/** What S3 would say of the file. */
export const uploadEvent = ({ key, head }: InboxFile): string =>
  JSON.stringify({
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        eventName: 'ObjectCreated:Put',
        s3: {
          bucket: { name: inboxBucket },
          object: { key: encodeURIComponent(key), size: head.bytes, eTag: head.etag },
        },
      },
    ],
  });
