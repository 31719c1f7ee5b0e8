import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the repository, and where its bundles lie. */
export const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
export const dist = join(root, 'dist');
