import type { ColumnType } from './column.ts';

/** What other tools call our types, without a length (`varchar(20)`) or width (`int64`). */
const otherTypeNames: ReadonlyMap<string, ColumnType> = new Map<string, ColumnType>([
  ['text', 'string'],
  ['str', 'string'],
  ['char', 'string'],
  ['varchar', 'string'],
  ['character varying', 'string'],
  ['uuid', 'string'],
  ['int', 'integer'],
  ['long', 'integer'],
  ['bigint', 'integer'],
  ['smallint', 'integer'],
  ['number', 'decimal'],
  ['numeric', 'decimal'],
  ['float', 'decimal'],
  ['double', 'decimal'],
  ['double precision', 'decimal'],
  ['real', 'decimal'],
  ['money', 'decimal'],
  ['bool', 'boolean'],
  ['timestamp', 'datetime'],
  ['timestamptz', 'datetime'],
  ['timestamp with time zone', 'datetime'],
  ['timestamp without time zone', 'datetime'],
  ['category', 'enum'],
]);

/** The type that another tool's name of one means. */
export const typeMeant = (name: string): ColumnType | undefined =>
  otherTypeNames.get(
    name
      .toLowerCase()
      .replace(/\(.*\)/, '')
      .replace(/\d+$/, '')
      .trim(),
  );

const emptyHint = 'a column may be empty unless "required" is true';

/** What other tools call a column's properties, and what to write here. Names are folded. */
const otherPropertyNames: ReadonlyMap<string, string> = new Map([
  ...Object.entries({
    values: ['enum', 'allowed', 'allowedvalues', 'choices', 'oneof'],
    min: ['minimum', 'minvalue', 'gte'],
    max: ['maximum', 'maxvalue', 'lte'],
    pattern: ['regex', 'regexp', 'match'],
    maxLength: ['length', 'size'],
    format: ['dateformat', 'datetimeformat'],
    required: ['mandatory', 'notnull'],
    rename: ['name', 'alias'],
    drop: ['ignore', 'exclude', 'skip'],
  }).flatMap(([meant, names]) => names.map((name): [string, string] => [name, `did you mean "${meant}"?`])),
  ['nullable', emptyHint],
  ['optional', emptyHint],
  ['minlength', 'write a "pattern" such as ".{3,}"'],
  ['trim', 'fields are trimmed unless "clean" is false'],
]);

/** What to write instead of a property that another tool has. */
export const propertyHint = (name: string): string | undefined =>
  otherPropertyNames.get(name.toLowerCase().replace(/[\s_-]+/g, ''));

/** What to write instead of a list of types, with which other tools say that a value may be missing. */
export const typeListHint = (found: unknown, types: readonly ColumnType[]): string | undefined => {
  if (!Array.isArray(found)) return undefined;
  const type = types.find((known) => found.includes(known));
  return type === undefined ? undefined : `write "${type}" alone, ${emptyHint}`;
};

const asJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** A value as it was most likely meant, of those that `isFine` accepts: without its quotes, with a decimal point, as a list. */
export const valueMeant = (found: unknown, isFine: (value: unknown) => boolean): unknown => {
  if (typeof found !== 'string') return undefined;
  return [asJson(found), found.replace(',', '.'), found.trim().split(/\s*[,;|]\s*/)].find((value) => {
    try {
      return value !== undefined && isFine(value);
    } catch {
      return false;
    }
  });
};
