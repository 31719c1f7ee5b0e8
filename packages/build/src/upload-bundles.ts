import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { StageName } from '@sluice/core/wiring';
import { keyOf } from './artifacts.ts';
import type { Bundle, Manifest } from './manifest.ts';

/** Bytes of the object under a key; undefined when there is none. */
const bytesAt = async (client: S3Client, Bucket: string, Key: string): Promise<number | undefined> => {
  try {
    return (await client.send(new HeadObjectCommand({ Bucket, Key }))).ContentLength;
  } catch (thrown) {
    const status = (thrown as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode;
    if (status === 404) return undefined;
    throw thrown;
  }
};

/**
 * Uploads every bundle of `dist` that is not in the bucket yet, under its hash. What is there under that key with as many bytes is
 * the same bundle. Throws what the SDK throws.
 */
export const uploadBundles = async (
  client: S3Client,
  bucket: string,
  dist: string,
  { functions }: Manifest,
  onBundle: (stage: StageName, key: string, isNew: boolean) => void,
): Promise<void> => {
  for (const [stage, bundle] of Object.entries(functions) as [StageName, Bundle][]) {
    const key = keyOf(stage, bundle);
    const isNew = (await bytesAt(client, bucket, key)) !== bundle.bytes;
    if (isNew) {
      const body = readFileSync(join(dist, bundle.file));
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: 'application/zip' }));
    }
    onBundle(stage, key, isNew);
  }
};
