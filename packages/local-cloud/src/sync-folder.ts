import { closeSync, fsyncSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** A file system that cannot do it for folders, or a folder that cannot be listed: there is no more to be had. */
const unable: readonly unknown[] = ['EACCES', 'EPERM', 'EISDIR', 'EINVAL', 'ENOTSUP'];

const ignoreUnable = (thrown: unknown): void => {
  if (!unable.includes((thrown as { readonly code?: string }).code)) throw thrown;
};

/** Makes what was added to a folder, renamed or removed in it outlast a power cut, where the file system can. */
export const syncFolder = async (folder: string): Promise<void> => {
  try {
    const handle = await open(folder);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    ignoreUnable(thrown);
  }
};

/** The same, for whoever cannot wait. */
export const syncFolderNow = (folder: string): void => {
  try {
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch (thrown) {
    ignoreUnable(thrown);
  }
};
