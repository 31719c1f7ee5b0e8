import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Edit, type Mutation, mutations } from './mutations.ts';

const packages = new URL('../../', import.meta.url);

const urlOf = (file: string): string => new URL(file, packages).href;

const apply = (source: string, { file, find, replace }: Edit): string => {
  const places = source.split(find);
  if (places.length !== 2) {
    throw new Error(`${file}: expected the text of a mutation once, found it ${places.length - 1} times:\n${find}`);
  }
  return places.join(replace);
};

/** Throws when one of its texts does not stand in its file exactly once, or makes no difference. */
export const checkMutation = ({ edits }: Mutation): void => {
  const sources = new Map<string, string>();
  for (const edit of edits) {
    const before = sources.get(edit.file) ?? readFileSync(fileURLToPath(urlOf(edit.file)), 'utf8');
    const after = apply(before, edit);
    if (after === before) throw new Error(`${edit.file}: expected a mutation to change something, found it does not`);
    sources.set(edit.file, after);
  }
};

/**
 * Puts a deliberate bug into everything that this thread loads from now on: the sources are changed on their way from disk, before
 * their types are stripped.
 */
export const applyMutation = (id: string): void => {
  const mutation = mutations.find((candidate) => candidate.id === id);
  if (mutation === undefined) {
    throw new Error(`expected one of ${mutations.map((known) => known.id).join(', ')}, found ${id}`);
  }
  checkMutation(mutation);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const edits = mutation.edits.filter(({ file }) => urlOf(file) === url);
      if (edits.length === 0) return loaded;
      const source = Buffer.from(loaded.source as Uint8Array).toString('utf8');
      return { ...loaded, source: edits.reduce(apply, source) };
    },
  });
};
