import type { Profile } from '@sluice/core/ports/job-store';
import { type CellType, enumValues } from './draw-cells.ts';
import type { Draws } from './random.ts';

export type DrawnColumn = { readonly name: string; readonly type: CellType };

/** A profile, and the columns that files under it mostly have; the first ones are those that its schema requires. */
export type DrawnProfile = {
  readonly profile: Profile;
  readonly columns: readonly DrawnColumn[];
  readonly delimiter: string;
};

type ColumnWithRules = DrawnColumn & {
  /** What a schema may say of it, one of these. */
  readonly rules: readonly Readonly<Record<string, unknown>>[];
};

const integer = { type: 'integer' };
const decimal = { type: 'decimal' };
const date = { type: 'date', format: 'dd.MM.yyyy' };

const columns: readonly ColumnWithRules[] = [
  {
    name: 'id',
    type: 'integer',
    rules: [
      { ...integer, required: true },
      { ...integer, required: true, min: 0 },
    ],
  },
  {
    name: 'amount',
    type: 'decimal',
    rules: [
      { ...decimal, required: true },
      { ...decimal, min: 0.5, max: '2718281829000000' },
      { ...decimal, default: 1.5 },
    ],
  },
  {
    name: 'note',
    type: 'text',
    rules: [
      {},
      { maxLength: 20 },
      { clean: false },
      { required: true },
      { pattern: 'cnry[^0]*.{0,30}', default: 'cnry!' },
    ],
  },
  {
    name: 'size',
    type: 'enum',
    rules: [
      { type: 'enum', values: enumValues },
      { type: 'enum', values: enumValues, default: 'small' },
    ],
  },
  { name: 'day', type: 'date', rules: [date, { ...date, min: '2001-05-05' }, { ...date, default: '2000-01-01' }] },
  {
    name: 'secret',
    type: 'text',
    rules: [{ redact: 'hash' }, { redact: 'mask' }, { drop: true }, { drop: true, maxLength: 12 }],
  },
  { name: '__proto__', type: 'text', rules: [{}, { rename: 'constructor' }, { required: true }] },
  {
    name: '2020',
    type: 'integer',
    rules: [integer, { ...integer, rename: 'toString' }, { ...integer, max: 2718281828500 }],
  },
  { name: 'name of two words', type: 'text', rules: [{ rename: 'name' }, { maxLength: 30 }] },
];

const prefixes = ['', 'in/', 'in/orders/', 'in/../', 'übung +1/', 'a b/'];
const delimiters = [',', ',', ',', ';', '\t', '|', '^'];

const drawProfile = (draws: Draws, prefix: string): DrawnProfile => {
  const count = draws.whole(1, 5);
  const from = draws.whole(0, columns.length - 1);
  const chosen = Array.from(
    { length: count },
    (_, index) => columns[(from + index) % columns.length] ?? columns[0],
  ).filter((column) => column !== undefined);
  const ruled = chosen.map(({ name, rules }): [string, unknown] => [name, draws.pick(rules)]);
  const hasSchema = draws.next() < 0.6;
  const isPadding = draws.next() < 0.3;
  const isDropping = draws.next() < 0.3;
  const hasDelimiter = draws.next() < 0.3;
  const delimiter = draws.pick(delimiters);
  const isHeaderless = draws.next() < 0.15;
  const encoding = draws.pick([
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    'utf-8',
    'windows-1252',
    'utf-16le',
  ]);
  const maxRejectedRatio = draws.pick([undefined, undefined, undefined, undefined, 0, 0.1, 0.5, 1]);
  const limit = draws.pick([undefined, undefined, undefined, undefined, undefined, undefined, 1, draws.whole(1, 30)]);
  // Numbers stand for names in a file without a header, so a schema of names would leave it as it is.
  const numbered = ruled.map(([, rule], index): [string, unknown] => [`column_${index + 1}`, rule]);
  const isSniffed = !hasDelimiter && delimiter !== '^';
  const profile: Profile = {
    prefix,
    ...(hasSchema
      ? {
          schema: {
            columns: Object.fromEntries(isHeaderless ? numbered : ruled),
            ...(isPadding ? { ragged: 'pad' } : {}),
            ...(isDropping ? { unknown: 'drop' } : {}),
          },
        }
      : {}),
    ...(isSniffed ? {} : { delimiter }),
    ...(isHeaderless ? { header: false } : {}),
    ...(encoding === undefined ? {} : { encoding }),
    ...(maxRejectedRatio === undefined ? {} : { maxRejectedRatio }),
    ...(limit === undefined ? {} : { limit }),
  };
  return { profile, columns: chosen.map(({ name, type }) => ({ name, type })), delimiter };
};

/** One to three profiles; prefixes may begin one another. */
export const drawProfiles = (draws: Draws): readonly DrawnProfile[] => {
  const count = draws.pick([1, 2, 2, 3]);
  const from = draws.whole(0, prefixes.length - 1);
  return Array.from({ length: count }, (_, index) =>
    drawProfile(draws, prefixes[(from + index) % prefixes.length] ?? ''),
  );
};
