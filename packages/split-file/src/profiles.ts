import { parseDelimiter } from '@sluice/core/csv/delimiter';
import { SluiceError } from '@sluice/core/errors';
import type { Profile } from '@sluice/core/ports/job-store';
import type { ObjectStore } from '@sluice/core/ports/object-store';
import { schemaOf } from '@sluice/core/profile';
import { readObject } from '@sluice/core/read-object';
import type { Seams } from '@sluice/core/stage';

/** Far more than any set of schemas; what is larger is another object. */
const profilesBytesMax = 4 * 1024 * 1024;

/** What a property of a profile must be; undefined when all is well. What was found is not told: a schema may name people. */
type Rule = { readonly expected: string; readonly holds: (value: unknown) => boolean };

const isAccepted = (parse: () => unknown): boolean => {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
};

const rules: Readonly<Record<Exclude<keyof Profile, 'schema'>, Rule>> = {
  prefix: { expected: 'text', holds: (value) => typeof value === 'string' },
  delimiter: {
    expected: 'one ASCII character other than NUL, quote, CR and LF',
    holds: (value) => typeof value === 'string' && isAccepted(() => parseDelimiter(value)),
  },
  encoding: {
    expected: 'a name of the Encoding Standard',
    holds: (value) => typeof value === 'string' && isAccepted(() => new TextDecoder(value)),
  },
  header: { expected: 'true or false', holds: (value) => typeof value === 'boolean' },
  maxRejectedRatio: {
    expected: 'a share from 0 to 1',
    holds: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  },
  limit: { expected: 'a whole number above 0', holds: (value) => Number.isSafeInteger(value) && Number(value) > 0 },
};

const complainAboutSchema = (profile: Profile): string | undefined => {
  try {
    schemaOf(profile);
    return undefined;
  } catch (thrown) {
    // Its messages end in what was found.
    return thrown instanceof SluiceError ? thrown.message.split(', found ')[0] : 'schema: expected a schema';
  }
};

const complaintsAbout = (profile: Readonly<Record<string, unknown>>): string[] => {
  const complaints = Object.keys(profile)
    .filter((name) => name !== 'schema' && !Object.hasOwn(rules, name))
    .map((name) => `the property ${JSON.stringify(name)} is not known`);
  for (const [name, { expected, holds }] of Object.entries(rules)) {
    const value = profile[name];
    if (value === undefined ? name === 'prefix' : !holds(value)) complaints.push(`${name}: expected ${expected}`);
  }
  const complaint = complainAboutSchema(profile as Profile);
  return complaint === undefined ? complaints : [...complaints, complaint];
};

const refuse = (problem: string): never => {
  throw new SluiceError('SCHEMA_INVALID', `profiles: ${problem}`);
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own complaint quotes the text.
    return refuse('expected a JSON array, found text that is not JSON');
  }
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Profiles from their JSON: an array of objects; properties that are null count as not given (Terraform writes them so).
 * Throws SluiceError SCHEMA_INVALID, once for all of them: each names its prefix and what was expected, and no value.
 */
export const parseProfiles = (text: string): readonly Profile[] => {
  const json = parseJson(text);
  if (!Array.isArray(json)) return refuse('expected a JSON array, found something else');
  const prefixes = new Set<unknown>();
  const complaints: string[] = [];
  const profiles = json.map((entry: unknown, index): Profile => {
    if (!isObject(entry)) {
      complaints.push(`entry ${index + 1}: expected an object, found something else`);
      return { prefix: '' };
    }
    const profile = Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== null));
    const { prefix } = profile;
    const name = typeof prefix === 'string' ? `prefix ${JSON.stringify(prefix)}` : `entry ${index + 1}`;
    for (const complaint of complaintsAbout(profile)) complaints.push(`${name}: ${complaint}`);
    if (prefixes.has(prefix)) complaints.push(`${name}: expected one profile, found several`);
    prefixes.add(prefix);
    return profile as Profile;
  });
  if (complaints.length > 0) return refuse(complaints.join('; '));
  return profiles;
};

type ProfilePorts = { readonly objects: Pick<ObjectStore, 'head' | 'readRange'> } & Pick<Seams, 'clock'>;

/** Reads the profiles from their object. Throws SluiceError: SCHEMA_INVALID for good, anything else for now. */
export const loadProfiles = async (ports: ProfilePorts, bucket: string, key: string): Promise<readonly Profile[]> => {
  const head = await ports.objects.head(bucket, key);
  // Perhaps gone for a newer one, which the next process is told of.
  if (head === undefined) {
    throw new SluiceError(
      'READ_INCOMPLETE',
      'expected the profiles under PROFILES_KEY in WORK_BUCKET, found no object',
    );
  }
  if (head.bytes > profilesBytesMax) {
    return refuse(`expected at most ${profilesBytesMax} bytes, found ${head.bytes}`);
  }
  const pieces: Buffer[] = [];
  for await (const piece of readObject(ports, { bucket, key, ...head }, 0, head.bytes)) pieces.push(piece);
  return parseProfiles(Buffer.concat(pieces).toString('utf8'));
};

/** Gives the profiles to an invocation. Throws while they cannot be read. */
export type Profiles = () => Promise<readonly Profile[]>;

/**
 * Loads the profiles at the cold start, once. Profiles that are wrong end it: no invocation could do anything with them. When they
 * cannot be read, a function that did not start would keep its messages away for the queue's whole visibility timeout; so it
 * starts, and each invocation tries again and hands its messages back until they can.
 */
export const startProfiles = async (load: Profiles): Promise<Profiles> => {
  let loaded: readonly Profile[] | undefined;
  const profiles: Profiles = async () => {
    loaded ??= await load();
    return loaded;
  };
  try {
    await profiles();
  } catch (thrown) {
    if (thrown instanceof SluiceError && thrown.code === 'SCHEMA_INVALID') throw thrown;
  }
  return profiles;
};
