/** As many entries as are told of one by one, and how many there are besides. */
export type BoundedList<Entry> = { readonly listed: Entry[]; more: number };

/** Chunks and objects that a command lists one by one. Unit: entries. */
const listedMax = 1_000;

export const createBoundedList = <Entry>(): BoundedList<Entry> => ({ listed: [], more: 0 });

export const addEntry = <Entry>(list: BoundedList<Entry>, entry: Entry): void => {
  if (list.listed.length < listedMax) list.listed.push(entry);
  else list.more++;
};

export const countEntries = ({ listed, more }: BoundedList<unknown>): number => listed.length + more;
