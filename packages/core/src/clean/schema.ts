import { hash } from 'node:crypto';
import { SluiceError } from '../errors.ts';
import type { ColumnRule } from './column.ts';
import { entriesOf, parseColumnRule, proposal, showJson } from './column-rule.ts';
import { cleanField } from './field.ts';
import { nearestName } from './nearest-name.ts';

/** What a row with fewer or more fields than the header has gets: `reject`, or `pad` with missing values. */
export type Ragged = 'reject' | 'pad';
/** What becomes of the file's columns that the schema does not name. */
export type Unknown = 'keep' | 'drop';

/** A schema in its normal form. Columns are keyed by their cleaned name in the file, which may be any text. */
export type Schema = {
  readonly columns: ReadonlyMap<string, ColumnRule>;
  readonly ragged: Ragged;
  readonly unknown: Unknown;
};

/** The rules of a file without a schema: every value is text or null, ragged rows are rejected, every column stays. */
export const emptySchema: Schema = { columns: new Map(), ragged: 'reject', unknown: 'keep' };

const refuse = (problem: string): never => {
  throw new SluiceError('SCHEMA_INVALID', `schema: ${problem}`);
};

const properties = ['columns', 'ragged', 'unknown'];

/**
 * Reads a schema from JSON: `{"columns": {"<cleaned name>": {...}}, "ragged": "reject" | "pad",
 * "unknown": "keep" | "drop"}`, each property optional; `reject`, `keep` and type `string` are the defaults.
 * `min`, `max` and `default` are written as values come out: numbers for integers, numbers or strings of digits for
 * decimals, ISO for dates. Throws SCHEMA_INVALID with one line that says where, what was expected and what was found.
 */
export const parseSchema = (json: unknown): Schema => {
  const entries = entriesOf(json) ?? refuse(`expected an object such as {"columns": {...}}, found ${showJson(json)}`);
  const found = new Map(entries);
  for (const [name, value] of entries) {
    if (properties.includes(name)) continue;
    const isColumn = entriesOf(value) !== undefined && nearestName(name, properties) === undefined;
    const hint = isColumn ? '; columns belong under "columns"' : proposal(name, properties);
    refuse(`the property ${showJson(name)} is not known${hint}`);
  }
  const columns = parseColumns(found.get('columns'));
  checkOutputNames(columns);
  return {
    columns,
    ragged: parseChoice(found.get('ragged'), 'ragged', ['reject', 'pad']),
    unknown: parseChoice(found.get('unknown'), 'unknown', ['keep', 'drop']),
  };
};

const parseColumns = (json: unknown): ReadonlyMap<string, ColumnRule> => {
  const columns = new Map<string, ColumnRule>();
  if (json === undefined) return columns;
  const entries =
    entriesOf(json) ??
    refuse(`expected "columns" to be an object such as {"id": {"type": "integer"}}, found ${showJson(json)}`);
  for (const [name, rule] of entries) {
    const cleaned = cleanField(name);
    if (cleaned === null)
      refuse(
        'expected a column name, found an empty one; a column without a name is column_1, column_2, ... by its position',
      );
    else if (cleaned !== name) refuse(`column ${showJson(name)} is not a cleaned name; write ${showJson(cleaned)}`);
    columns.set(name, parseColumnRule(name, rule));
  }
  return columns;
};

const parseChoice = <Choice extends string>(
  found: unknown,
  name: string,
  choices: readonly [Choice, Choice],
): Choice => {
  if (found === undefined) return choices[0];
  return (
    choices.find((choice) => choice === found) ??
    refuse(`expected "${name}" to be "${choices[0]}" or "${choices[1]}", found ${showJson(found)}`)
  );
};

const checkOutputNames = (columns: ReadonlyMap<string, ColumnRule>): void => {
  const takenBy = new Map<string, string>();
  for (const [name, rule] of columns) {
    if (rule.drop === true) continue;
    const output = rule.rename ?? name;
    const other = takenBy.get(output);
    if (other !== undefined) {
      refuse(
        `columns ${showJson(other)} and ${showJson(name)} would both come out as ${showJson(output)}; rename or drop one of them`,
      );
    }
    takenBy.set(output, name);
  }
};

/**
 * The schema as JSON text, the same for every schema that means the same: names sorted by code unit, defaults written
 * out. `parseSchema(JSON.parse(text))` gives an equal schema.
 */
export const serializeSchema = (schema: Schema): string => {
  const columns = [...schema.columns].map(([name, rule]): [string, string] => [
    name,
    canonicalObject(Object.entries(rule).map(([property, value]) => [property, JSON.stringify(value)])),
  ]);
  return canonicalObject([
    ['columns', canonicalObject(columns)],
    ['ragged', JSON.stringify(schema.ragged)],
    ['unknown', JSON.stringify(schema.unknown)],
  ]);
};

// Written by hand, because an object would put names that look like array indexes first.
const canonicalObject = (members: [string, string][]): string =>
  `{${members
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
    .map(([name, json]) => `${JSON.stringify(name)}:${json}`)
    .join(',')}}`;

/** The SHA-256 of the canonical JSON, 64 hex digits: equal for schemas that mean the same. No schema and an empty one mean the same. */
export const schemaHash = (schema: Schema | undefined): string =>
  hash('sha256', serializeSchema(schema ?? emptySchema));
