import { jobIdOf } from '@sluice/core/identity';
import type { Profile } from '@sluice/core/ports/job-store';
import type { ObjectHead, ObjectVersion } from '@sluice/core/ports/object-store';
import { hashProfile } from '@sluice/core/profile';
import { loadProfiles } from '@sluice/split-file/profiles';
import { findProfile } from '@sluice/split-file/upload';
import { countText, toTerminalText } from '../terminal-text.ts';
import { type OpenUpload, openUpload } from './open-upload.ts';
import type { Session } from './session.ts';
import { keyOf } from './upload-key.ts';
import { createUploadProgress } from './upload-progress.ts';
import { tellWaited, type WaitFlags, waitForEnd } from './wait.ts';

export type UploadFlags = WaitFlags & {
  readonly key?: string;
  readonly prefix?: string;
  readonly wait?: boolean;
};

const prefixesText = (profiles: readonly Profile[]): string =>
  profiles.map(({ prefix }) => toTerminalText(JSON.stringify(prefix), 60)).join(', ') || 'none';

/** Puts the file. One that was written meanwhile leaves nothing behind: its version is deleted again. */
const put = async (session: Session, file: string, key: string, opened: OpenUpload): Promise<ObjectHead> => {
  const { operator, signal } = session;
  const { inboxBucket } = operator.stack;
  const progress = createUploadProgress(session, file, opened.bytes);
  try {
    const head = await operator.putFile(inboxBucket, key, opened, { signal, onSent: progress.onSent });
    try {
      await opened.checkUnchanged();
    } catch (thrown) {
      const version = head.versionId === undefined ? {} : { versionId: head.versionId };
      await operator.objects.removeVersion({ bucket: inboxBucket, key, ...version });
      throw thrown;
    }
    return head;
  } finally {
    progress.end();
  }
};

/**
 * Uploads a file to the inbox, says which job it becomes and, with `wait`, waits for its end. Exit status 1 when no profile fits the
 * key, so that no job comes of it, or the job ended otherwise than COMPLETE. Throws UsageError for what is no file or no key, and
 * CommandFailed when the file was written meanwhile.
 */
export const upload = async (session: Session, file: string, flags: UploadFlags): Promise<number> => {
  const { operator, output } = session;
  const { inboxBucket: bucket, workBucket, profilesKey } = operator.stack;
  const key = keyOf(file, flags);
  const opened = await openUpload(file);
  try {
    const profiles = await loadProfiles(operator, workBucket, profilesKey);
    const profile = findProfile(profiles, key);
    const shown = toTerminalText(key);
    if (profile === undefined) {
      output.note(
        `no profile fits the key ${shown} (prefixes: ${prefixesText(profiles)}): the file will be left alone, and no job comes of it; --prefix gives it another`,
      );
    }
    if ((await operator.objects.head(bucket, key)) !== undefined) {
      output.note(`the inbox has ${shown} already: this is a new version of it, and a job of its own`);
    }
    const { etag, versionId } = await put(session, file, key, opened);
    const version: ObjectVersion = { bucket, key, etag, ...(versionId === undefined ? {} : { versionId }) };
    const jobId = profile === undefined ? null : jobIdOf(version, hashProfile(profile).profileHash);
    const sha256 = opened.sha256();
    const value = { bucket, key, versionId: versionId ?? null, etag, bytes: opened.bytes, sha256, jobId };
    const lines = [
      `s3://${bucket}/${shown}${versionId === undefined ? '' : `  version ${toTerminalText(versionId)}`}`,
      `  ${countText(opened.bytes)} bytes, SHA-256 ${sha256}`,
      jobId === null ? '  no job: no profile fits the key' : `  job ${jobId}`,
    ];
    if (jobId === null || flags.wait !== true) {
      output.result(value, lines);
      return jobId === null ? 1 : 0;
    }
    for (const line of lines) output.note(line);
    const waited = await tellWaited(session, await waitForEnd(session, jobId, flags), flags);
    output.result({ ...value, job: waited.value }, waited.lines);
    return waited.isComplete ? 0 : 1;
  } finally {
    await opened.close();
  }
};
