const begin = '<!-- bench:begin -->';
const end = '<!-- bench:end -->';

const boundsOf = (page: string): readonly [from: number, to: number] => {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new Error(`expected a page with ${begin} and ${end} behind it, found none`);
  return [from + begin.length, to];
};

/** The page with the section between its markers. Throws when there are none. */
export const replaceSection = (page: string, section: string): string => {
  const [from, to] = boundsOf(page);
  return `${page.slice(0, from)}\n${section.trim()}\n${page.slice(to)}`;
};

/** What stands between the markers. */
export const sectionOf = (page: string): string => page.slice(...boundsOf(page)).trim();
