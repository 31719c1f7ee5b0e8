import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FuzzTarget } from './target.ts';

/** The targets of all `*.fuzz.ts` below a folder, by name, so that a seed means the same everywhere. */
export const findTargets = async (folder: string): Promise<readonly FuzzTarget[]> => {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const modules = paths.filter((path) => path.endsWith('.fuzz.ts') && !path.includes('node_modules'));
  const targets: FuzzTarget[] = [];
  for (const path of modules) {
    const { target } = (await import(pathToFileURL(join(folder, path)).href)) as { readonly target: FuzzTarget };
    targets.push(target);
  }
  return targets.sort((left, right) => (left.name < right.name ? -1 : 1));
};
