import { createHash } from 'node:crypto';
import type { Schema } from './clean/schema.ts';
import { parseSchema, schemaHash } from './clean/schema.ts';
import type { Profile } from './ports/job-store.ts';

/** The profile's schema in its normal form; undefined when it has none. Throws SluiceError SCHEMA_INVALID. */
export const schemaOf = (profile: Profile): Schema | undefined =>
  profile.schema === undefined ? undefined : parseSchema(profile.schema);

/** The schema's hash, and one over everything that decides what rows a file under this profile has. */
export const hashProfile = (profile: Profile): { readonly schemaHash: string; readonly profileHash: string } => {
  const schema = schemaHash(schemaOf(profile));
  const { delimiter = null, encoding = null, header = true, limit = null } = profile;
  const profileHash = createHash('sha256')
    .update(JSON.stringify([schema, delimiter, encoding, header, limit]))
    .digest('hex');
  return { schemaHash: schema, profileHash };
};
