import type { Stats } from 'node:fs';
import { toTerminalText } from './terminal-text.ts';

/** A path as a message shows it. */
export const pathText = (path: string): string => (path === '' ? '""' : toTerminalText(path));

/** What a message says was found when a file could not be read, by what reading it threw. */
export const foundInstead = (thrown: unknown, path: string): string => {
  const { code = 'error' } = thrown as { readonly code?: string };
  if (code === 'ENOENT' || code === 'ENOTDIR') return `nothing at ${pathText(path)}`;
  if (code === 'EISDIR') return `a folder at ${pathText(path)}`;
  if (code === 'EACCES' || code === 'EPERM') return `no permission to read ${pathText(path)}`;
  return `${pathText(path)} unreadable (${code})`;
};

/** What a message calls a thing that is no file. */
export const kindText = (stats: Stats): string => {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
};
