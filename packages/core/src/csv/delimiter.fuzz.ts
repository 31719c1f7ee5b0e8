import type { Random } from '../fuzz/random.ts';
import { type FuzzTarget, hold } from '../fuzz/target.ts';
import { sniffDelimiter } from './delimiter.ts';

const delimiters = [',', ';', '\t', '|'] as const;

/** A table of equally wide rows, which holds no other delimiter but in its first row, and its own in quotes too. */
const drawPlainTable = (random: Random, delimiter: string): string => {
  const columns = random.between(2, 8);
  const field = (): string => {
    const text = random.pick(['', 'a', '12.5', 'two words', 'é€', '\u{1f600}', '\0', '\r', "'", '"', '\n', delimiter]);
    const isQuoted = ['"', '\r', '\n', delimiter].includes(text) || random.oneIn(5);
    return isQuoted ? `"${text.replaceAll('"', '""').repeat(random.between(1, 30))}"` : text;
  };
  const rows = random.list(1, random.pick([4, 20, 300]), () => Array.from({ length: columns }, field));
  const [first] = rows;
  // More often than the delimiter itself, though not more often than there are rows.
  const others = Math.min(rows.length - 1, columns + random.below(4));
  const other = random.pick(delimiters.filter((each) => each !== delimiter));
  if (first !== undefined && random.oneIn(2)) first[columns - 1] = `x${`${other}x`.repeat(Math.max(0, others))}`;
  const lines = rows.map((fields) => fields.join(delimiter));
  return lines.join(random.pick(['\n', '\r\n'])) + random.pick(['', '\n', '\r\n', '\n\n']);
};

export const target: FuzzTarget = {
  name: 'delimiter',
  weight: 3,
  outcomes: ['found'],
  draw(random) {
    const delimiter = random.pick(delimiters);
    return {
      kind: 'plain table',
      input: Buffer.from(drawPlainTable(random, delimiter)),
      options: { delimiter },
      check(input, note) {
        const found = sniffDelimiter(input, true);
        // A smaller input need not be a table any more.
        const isTable = input.includes(delimiter);
        hold('the delimiter of a plain table is found', !isTable || found === delimiter, () => found);
        note('found');
      },
    };
  },
};
