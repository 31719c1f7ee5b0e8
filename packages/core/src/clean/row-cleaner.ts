import { SluiceError } from '../errors.ts';
import type { RejectReason } from '../rejects.ts';
import { type ColumnReader, compileColumn, type Value } from './column.ts';
import { cleanField } from './field.ts';
import { nearestName } from './nearest-name.ts';
import { emptySchema, type Schema } from './schema.ts';

/**
 * Cleans the rows of one file. `outputColumns` name the values that `clean` returns, in file order, after rename and
 * drop. `clean` returns those values as a new array, or the reason to reject the row: that of the first failing column
 * in file order. Tell them apart with `Array.isArray`. A cleaner holds scratch memory, so it belongs to one thread.
 */
export type RowCleaner = {
  readonly outputColumns: readonly string[];
  readonly clean: (fields: readonly string[]) => Value[] | RejectReason;
};

type FileColumn = {
  readonly name: string;
  readonly output: string;
  readonly kept: boolean;
  readonly read?: ColumnReader;
};

/**
 * Compiles a schema for a file with these columns (their cleaned, distinct names in file order). Without a schema every
 * value is text or null. A dropped column is still checked. Columns of the schema that the file lacks are ignored,
 * unless they are `required` without a `default`: then this throws SCHEMA_MISMATCH, as it does when a renamed column
 * would get the name of another one in the file.
 */
export const compileSchema = (schema: Schema | undefined, columns: readonly string[]): RowCleaner => {
  const { columns: rules, ragged, unknown } = schema ?? emptySchema;
  checkRequired(schema ?? emptySchema, columns);
  const fileColumns = columns.map((name): FileColumn => {
    const rule = rules.get(name);
    if (rule === undefined && unknown === 'drop') return { name, output: name, kept: false };
    if (rule === undefined) return { name, output: name, kept: true, read: cleanField };
    return { name, output: rule.rename ?? name, kept: rule.drop !== true, read: compileColumn(name, rule) };
  });
  const kept = fileColumns.filter((column) => column.kept);
  checkDistinct(kept);

  const width = columns.length;
  const readers = fileColumns.map((column) => column.read);
  const isKept = fileColumns.map((column) => column.kept);
  const clean = (fields: readonly string[]): Value[] | RejectReason => {
    if (fields.length !== width && !(ragged === 'pad' && isSurplusEmpty(fields, width))) {
      return {
        code: 'FIELD_COUNT',
        message: `expected ${width} field${width === 1 ? '' : 's'}, found ${fields.length}`,
      };
    }
    const values: Value[] = [];
    for (let index = 0; index < width; index += 1) {
      const read = readers[index];
      if (read === undefined) continue;
      const value = read(fields[index] ?? '');
      if (typeof value === 'object' && value !== null) return value;
      if (isKept[index] === true) values.push(value);
    }
    return values;
  };
  return { outputColumns: kept.map((column) => column.output), clean };
};

const isSurplusEmpty = (fields: readonly string[], width: number): boolean => {
  for (let index = width; index < fields.length; index += 1) {
    if (cleanField(fields[index] ?? '') !== null) return false;
  }
  return true;
};

/** Names that a message lists before it only counts. */
const listedNamesMax = 5;
const shownNameLengthMax = 60;

const show = (name: string): string =>
  JSON.stringify(name.length > shownNameLengthMax ? `${name.slice(0, shownNameLengthMax)}...` : name);

const checkRequired = (schema: Schema, columns: readonly string[]): void => {
  const present = new Set(columns);
  const missing: string[] = [];
  for (const [name, rule] of schema.columns) {
    if (rule.required === true && rule.default === undefined && !present.has(name)) missing.push(name);
  }
  if (missing.length === 0) return;
  const listed = missing.slice(0, listedNamesMax).map((name) => {
    const nearest = nearestName(name, columns);
    return nearest === undefined ? show(name) : `${show(name)} (the file has ${show(nearest)})`;
  });
  const others = missing.length > listed.length ? ` and ${missing.length - listed.length} more` : '';
  const plural = missing.length === 1 ? '' : 's';
  throw new SluiceError(
    'SCHEMA_MISMATCH',
    `expected the required column${plural} ${listed.join(', ')}${others}, found ${columns.length} column${columns.length === 1 ? '' : 's'} without ${plural === '' ? 'it' : 'them'}; ` +
      'correct the file or the schema, or give the column a default',
  );
};

const checkDistinct = (columns: readonly FileColumn[]): void => {
  const takenBy = new Map<string, string>();
  for (const { name, output } of columns) {
    const other = takenBy.get(output);
    if (other !== undefined) {
      throw new SluiceError(
        'SCHEMA_MISMATCH',
        `expected distinct column names, found that the file's columns ${show(other)} and ${show(name)} would both come out as ${show(output)}; rename or drop one of them in the schema`,
      );
    }
    takenBy.set(output, name);
  }
};
