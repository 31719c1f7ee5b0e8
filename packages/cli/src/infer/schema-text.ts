import type { ColumnRule } from '@sluice/core/clean/column';

// Written where a terminal may show it: what could act there, or hide, is escaped, which JSON reads as the same.
const toSafeJson = (value: unknown): string =>
  JSON.stringify(value, undefined, 2).replace(/[\p{Cf}\p{Zl}\p{Zp}\u007f-\u009f]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );

/** The schema of these columns as JSON text, indented by two spaces, with a line end. Columns stand in the order given, whatever their names. */
export const schemaText = (columns: readonly (readonly [name: string, rule: ColumnRule])[]): string => {
  // By hand, because an object would put names that look like array indexes first.
  const members = columns.map(([name, rule]) => `${toSafeJson(name)}: ${toSafeJson(rule)}`.replaceAll('\n', '\n    '));
  const object = members.length === 0 ? '{}' : `{\n    ${members.join(',\n    ')}\n  }`;
  return `{\n  "columns": ${object},\n  "ragged": "reject"\n}\n`;
};
