import { SluiceError } from '@sluice/core/errors';
import type { Profile } from '@sluice/core/ports/job-store';
import type { ObjectVersion } from '@sluice/core/ports/object-store';
import * as z from 'zod/mini';

/** One object that was put, as the S3 event says. */
export type Upload = ObjectVersion & { readonly bytes: number };

const s3Record = z.object({
  eventName: z.string(),
  s3: z.object({
    bucket: z.object({ name: z.string().check(z.minLength(1)) }),
    object: z.object({
      key: z.string().check(z.minLength(1)),
      size: z.optional(z.int().check(z.nonnegative())),
      eTag: z.optional(z.string()),
      versionId: z.optional(z.string()),
    }),
  }),
});

const s3Event = z.object({ Records: z.array(z.unknown()) });
/** What S3 sends once when a notification is set up: it has no Records. */
const testEvent = z.object({ Event: z.literal('s3:TestEvent') });

/** Keys in events are form-encoded. Source: AWS, "Event message structure". */
const decodeKey = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '));

const invalid = (): never => {
  throw new SluiceError('MESSAGE_INVALID', 'expected an S3 event notification, found another message');
};

const parseUpload = (json: unknown): Upload | undefined => {
  const parsed = z.safeParse(s3Record, json);
  if (!parsed.success) return invalid();
  const { eventName, s3 } = parsed.data;
  // Deletions and the like may be subscribed too; they bring no rows.
  if (!eventName.startsWith('ObjectCreated:')) return undefined;
  const { key, size, eTag, versionId } = s3.object;
  if (size === undefined || eTag === undefined) return invalid();
  try {
    const version = versionId === undefined ? {} : { versionId };
    return { bucket: s3.bucket.name, key: decodeKey(key), etag: eTag, bytes: size, ...version };
  } catch {
    return invalid();
  }
};

/** The objects of an S3 event notification as it stands in a message; none for the test event. Throws MESSAGE_INVALID. */
export const parseUploads = (body: string): readonly Upload[] => {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return invalid();
  }
  if (z.safeParse(testEvent, json).success) return [];
  const event = z.safeParse(s3Event, json);
  if (!event.success) return invalid();
  return event.data.Records.map(parseUpload).filter((upload) => upload !== undefined);
};

/** The profile with the longest prefix of the key; undefined for a key under no profile. */
export const findProfile = <Prefixed extends Pick<Profile, 'prefix'>>(
  profiles: readonly Prefixed[],
  key: string,
): Prefixed | undefined => {
  let found: Prefixed | undefined;
  for (const profile of profiles) {
    if (key.startsWith(profile.prefix) && profile.prefix.length >= (found?.prefix.length ?? 0)) found = profile;
  }
  return found;
};
