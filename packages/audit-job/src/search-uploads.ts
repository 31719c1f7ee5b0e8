import { SluiceError } from '@sluice/core/errors';
import { searchKey } from '@sluice/core/identity';
import type { Invocation } from '@sluice/core/invocation';
import type { ListCursor, ListedVersion } from '@sluice/core/ports/object-store';
import { readObject } from '@sluice/core/read-object';
import { sendOrThrow } from '@sluice/core/send';
import { serialiseUpload } from '@sluice/core/upload-event';
import { waitForAll } from '@sluice/core/wait-for-all';
import type { AuditPorts } from './audit-job.ts';

/** An event that has not come by now does not come by itself. Source: S3 delivers most of them in seconds, some in a minute or more. */
const lateMilliseconds = 15 * 60_000;
/** What is older was processed, or somebody has missed it by now. */
const oldMilliseconds = 3 * 24 * 60 * 60_000;
/** Pages of one search, of 1,000 versions each: an inbox of 72 million is gone through before a version becomes too old. */
const pagesMax = 1_000;
/** Versions looked up at once. */
const lookupsInFlightMax = 16;
/** Far more than a cursor takes; what is larger is another object. */
const cursorBytesMax = 16 * 1024;

const isCursor = (value: unknown): value is ListCursor => {
  const { key, versionId } = (value ?? {}) as { readonly key?: unknown; readonly versionId?: unknown };
  return typeof key === 'string' && (versionId === undefined || typeof versionId === 'string');
};

/** Where the search before this one stopped; undefined when it came to the end, or what it left cannot be read. */
const readCursor = async (ports: AuditPorts, bucket: string): Promise<ListCursor | undefined> => {
  const head = await ports.objects.head(bucket, searchKey);
  if (head === undefined || head.bytes > cursorBytesMax) return undefined;
  const pieces: Buffer[] = [];
  try {
    for await (const piece of readObject(ports, { bucket, key: searchKey, ...head }, 0, head.bytes)) pieces.push(piece);
    const { after } = JSON.parse(Buffer.concat(pieces).toString('utf8')) as { readonly after?: unknown };
    return isCursor(after) ? after : undefined;
  } catch (thrown) {
    if (thrown instanceof SyntaxError || thrown instanceof TypeError) return undefined;
    if (thrown instanceof SluiceError && thrown.code === 'OBJECT_CHANGED') return undefined;
    throw thrown;
  }
};

const writeCursor = async (ports: AuditPorts, bucket: string, after: ListCursor | undefined): Promise<void> => {
  await ports.objects.put(bucket, searchKey, `${JSON.stringify(after === undefined ? {} : { after })}\n`);
};

/** Those of the versions that were put lately, whose event should have come, and did not. */
const findLost = async (versions: readonly ListedVersion[], ports: AuditPorts): Promise<readonly ListedVersion[]> => {
  const now = ports.clock.now();
  const due = versions.filter(
    ({ modifiedAt }) => modifiedAt < now - lateMilliseconds && modifiedAt > now - oldMilliseconds,
  );
  const lost: ListedVersion[] = [];
  for (let from = 0; from < due.length; from += lookupsInFlightMax) {
    const some = due.slice(from, from + lookupsInFlightMax);
    const known = await waitForAll(some.map(({ bytes: _, modifiedAt: __, ...version }) => ports.jobs.hasFile(version)));
    lost.push(...some.filter((_, index) => !known[index]));
  }
  return lost;
};

/**
 * Looks through the inbox for uploads whose event was lost, and sends it. As far as the pages and the time of one search go; the
 * next one goes on from there, and begins anew once the end was reached.
 */
export const searchUploads = async (
  ports: AuditPorts,
  { bucket, inbox }: { readonly bucket: string; readonly inbox: string },
  invocation: Invocation,
): Promise<void> => {
  const before = await readCursor(ports, bucket);
  let stoppedAt = before;
  let pages = 0;
  let files = 0;
  try {
    for await (const { versions, next } of ports.objects.list(inbox, before)) {
      const lost = await findLost(versions, ports);
      await sendOrThrow(ports.queues.uploads, lost.map(serialiseUpload), ports);
      files += lost.length;
      stoppedAt = next;
      pages++;
      if (pages >= pagesMax || invocation.isShort()) break;
    }
  } catch (thrown) {
    // A place that the store does not know any more must not end every search to come.
    if (pages === 0 && before !== undefined) stoppedAt = undefined;
    await writeCursor(ports, bucket, stoppedAt);
    throw thrown;
  }
  await writeCursor(ports, bucket, stoppedAt);
  if (files > 0) ports.logger.warn('events of uploads were lost, and are sent', { files });
};
