import type { Fact } from '../facts.ts';
import type { Shadow, ShadowFile } from './shadow.ts';
import { fullVersionKey, versionKey } from './shadow.ts';
import { violate } from './violate.ts';

// The versions of the inbox's objects: which there are, which could not be read for a while, and who reads what (I11).

type FactOf<Kind extends Fact['kind']> = Extract<Fact, { kind: Kind }>;

const goFrom = (shadow: Shadow, bucket: string, key: string, stays?: ShadowFile): void => {
  for (const file of shadow.files.values()) {
    if (file === stays || file.version.bucket !== bucket || file.version.key !== key) continue;
    file.isThere = false;
    file.wasGone = true;
  }
};

/** Where the bucket keeps versions they stay readable, whatever happens to their key. */
export const noteUploaded = (shadow: Shadow, isVersioned: boolean, fact: FactOf<'uploaded'>): void => {
  const { version, bytes } = fact;
  const key = versionKey(version);
  const known = shadow.files.get(key);
  const file = known ?? { version, bytes, isThere: true, wasGone: false, isTold: false, deliveries: 0 };
  file.isThere = true;
  shadow.files.set(key, file);
  if (!isVersioned) goFrom(shadow, version.bucket, version.key, file);
};

export const noteObjectDeleted = (shadow: Shadow, isVersioned: boolean, fact: FactOf<'object deleted'>): void => {
  if (!isVersioned) goFrom(shadow, fact.bucket, fact.key);
};

/** A read of the inbox names the version of a job; clean-rows reads what a job's layout names. */
export const checkRead = (shadow: Shadow, inbox: string, fact: FactOf<'read'>): void => {
  const { version, by } = fact;
  const key = fullVersionKey(version);
  const isFile = (): boolean => {
    const job = shadow.jobsByFile.get(versionKey(version));
    return job !== undefined && fullVersionKey(job.file) === key;
  };
  const isRight = by.stage === 'clean-rows' ? shadow.sources.has(key) : version.bucket !== inbox || isFile();
  if (!isRight) {
    violate('I11', 'expected a read of the one version that a job names, found another', { key: version.key }, fact);
  }
};
