import type { ObjectVersion } from './ports/object-store.ts';

/** Keys in events are form-encoded; slashes stay. Source: AWS, "Event message structure". */
const encodeKey = (key: string): string => encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');

/** The body of the message by which S3 tells of an object version, as far as split-file reads it. */
export const serialiseUpload = ({
  bucket,
  key,
  etag,
  versionId,
  bytes,
}: ObjectVersion & { readonly bytes: number }): string =>
  JSON.stringify({
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        eventName: 'ObjectCreated:Put',
        s3: {
          bucket: { name: bucket },
          object: {
            key: encodeKey(key),
            size: bytes,
            eTag: etag,
            ...(versionId === undefined ? {} : { versionId }),
          },
        },
      },
    ],
  });
