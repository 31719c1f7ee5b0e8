import { readdirSync, statSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Need } from './estimate-need.ts';
import { countText, toTerminalText } from './terminal-text.ts';
import { UsageError } from './usage-error.ts';

/** Share of the estimate that must be free: rows that were not looked at may be other than those that were. */
const sureShare = 0.8;

/** The disk a folder is on, and how much is free there; undefined where the file system does not tell. */
export type FreeSpace = { readonly device: number; readonly bytes: number } | undefined;
export type FreeSpaceOf = (folder: string) => Promise<FreeSpace>;

export const freeSpaceOf: FreeSpaceOf = async (folder) => {
  const [{ dev }, { blocks, bfree, bavail, bsize }] = await Promise.all([stat(folder), statfs(folder)]);
  // Some blocks are kept for the superuser.
  const free = process.getuid?.() === 0 ? bfree : bavail;
  return blocks === 0 ? undefined : { device: dev, bytes: free * bsize };
};

const bytesIn = (folder: string): number =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

const mebibytes = (bytes: number): string => `${countText(Math.round(bytes / 1024 / 1024))} MiB`;

/**
 * Refuses a run that cannot fit: throws UsageError when less is free than it will write besides what its state holds by now.
 * `state` and `out` are folders that are there.
 */
export const checkFreeSpace = async (
  need: Need,
  { state, out }: { readonly state: string; readonly out: string },
  freeIn: FreeSpaceOf,
): Promise<void> => {
  const [inState, inOut] = await Promise.all([freeIn(state), freeIn(out)]);
  const stateBytes = Math.max(0, need.state * sureShare - bytesIn(state));
  const resultBytes = need.results * sureShare;
  const refuse = (bytes: number, free: FreeSpace): void => {
    if (free === undefined || bytes <= free.bytes) return;
    throw new UsageError(
      `--out: expected at least ${mebibytes(bytes)} free for the rows and the results, found ${mebibytes(free.bytes)} in ${toTerminalText(out)} (--force goes on anyway)`,
    );
  };
  if (inState?.device === inOut?.device) refuse(stateBytes + resultBytes, inOut);
  else {
    refuse(stateBytes, inState);
    refuse(resultBytes, inOut);
  }
};
