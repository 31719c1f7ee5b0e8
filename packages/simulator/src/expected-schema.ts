import type { ColumnRule, Value } from '@sluice/core/clean/column';
import { readColumnNaively } from '@sluice/core/clean/column-oracle';
import { naiveClean } from '@sluice/core/clean/field-oracle';

// The oracle's reading of a schema and of rows under it. It takes a schema for valid: what is not has no workload.

export type CleanedRow = { readonly values: readonly Value[] } | { readonly code: string };

export type ExpectedSchema = {
  readonly outputColumns: readonly string[];
  readonly clean: (fields: readonly string[]) => CleanedRow;
};

type SchemaJson = {
  readonly columns?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly ragged?: string;
  readonly unknown?: string;
};

/** A column's rule with bounds and default as they come out: decimals as text, a default as what the column makes of it. */
const toRule = (json: Readonly<Record<string, unknown>>): ColumnRule => {
  const { default: given, redact, format, ...rest } = json;
  const type = rest['type'] ?? 'string';
  const bounds = ['min', 'max'].filter((name) => type === 'decimal' && rest[name] !== undefined);
  const plain = { ...rest, type, ...Object.fromEntries(bounds.map((name) => [name, String(rest[name])])) };
  const shaping = { ...(redact === undefined ? {} : { redact }), ...(format === undefined ? {} : { format }) };
  if (given === undefined) return { ...plain, ...shaping } as ColumnRule;
  const read = readColumnNaively(plain as ColumnRule, String(given));
  if ('code' in read) throw new Error('expected a default that the column takes, found another');
  return { ...plain, ...shaping, default: read.value } as ColumnRule;
};

// Most fields are clean as they are.
const clean = (field: string): string | null => (/^[!-~]+(?: [!-~]+)*$/.test(field) ? field : naiveClean(field));

/** Undefined when a file with these columns does not fit the schema. */
export const expectSchema = (json: unknown, columns: readonly string[]): ExpectedSchema | undefined => {
  const { columns: rulesJson = {}, ragged, unknown } = (json ?? {}) as SchemaJson;
  const rules = new Map(Object.entries(rulesJson).map(([name, rule]) => [name, toRule(rule)]));
  for (const [name, rule] of rules) {
    if (rule.required === true && rule.default === undefined && !columns.includes(name)) return undefined;
  }
  const kept = columns.map((name) => {
    const rule = rules.get(name);
    return rule === undefined ? unknown !== 'drop' : rule.drop !== true;
  });
  const outputColumns = columns.map((name) => rules.get(name)?.rename ?? name).filter((_, index) => kept[index]);
  if (new Set(outputColumns).size < outputColumns.length) return undefined;

  return {
    outputColumns,
    clean(fields) {
      if (fields.length !== columns.length) {
        const isPadded = ragged === 'pad' && fields.slice(columns.length).every((field) => clean(field) === null);
        if (!isPadded) return { code: 'FIELD_COUNT' };
      }
      const values: Value[] = [];
      for (const [index, name] of columns.entries()) {
        const field = fields[index] ?? '';
        const rule = rules.get(name);
        if (rule === undefined && kept[index] !== true) continue;
        const read = rule === undefined ? { value: clean(field) } : readColumnNaively(rule, field);
        if ('code' in read) return read;
        if (kept[index] === true) values.push(read.value);
      }
      return { values };
    },
  };
};
