import type { ColumnRule } from '@sluice/core/clean/column';
import { countText, toTerminalText } from '../terminal-text.ts';
import type { Inference, InferredColumn } from './infer-schema.ts';
import { outsideText, surenessText, valuesMin } from './sureness.ts';

/** Characters of a column's name that are shown. */
const nameMax = 32;

const delimiterNames = new Map([
  [',', 'comma'],
  [';', 'semicolon'],
  ['\t', 'tab'],
  ['|', 'pipe'],
]);

const ruleText = (rule: ColumnRule): string => {
  const what =
    rule.type === 'enum'
      ? `enum of ${rule.values.length}`
      : 'format' in rule && rule.format !== undefined
        ? `${rule.type} ${rule.format}`
        : rule.type;
  return rule.required === true ? `${what}, required` : what;
};

const surenessOf = ({ rule, rejected, evidence: { values } }: InferredColumn): string => {
  if (rejected.count > 0) return `${countText(rejected.count)} rejected`;
  if (rule.type === 'string' && rule.required !== true && values > 0) return 'refuses nothing';
  return surenessText(values);
};

const headings = ['column', 'values', 'missing', 'proposed', 'how sure', 'outside min, max'] as const;
/** These are numbers, so they stand to the right. */
const numbered = [1, 2];

const tableLines = (columns: readonly InferredColumn[]): readonly string[] => {
  const rows = columns.map((column) => [
    toTerminalText(column.name, nameMax),
    countText(column.evidence.values),
    countText(column.evidence.missing.count),
    ruleText(column.rule),
    surenessOf(column),
    'min' in column.rule ? outsideText(column.evidence.values) : '',
  ]);
  const cells = [[...headings], ...rows];
  const widths = headings.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  return cells.map((row) =>
    `  ${row.map((cell, index) => (numbered.includes(index) ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0))).join('  ')}`.trimEnd(),
  );
};

const rejectLines = ({ rows, rejects, paddable }: Inference): readonly string[] => {
  const rejected = [...rejects.values()].reduce((sum, count) => sum + count, 0);
  if (rejected === 0) return [];
  const codes = [...rejects].sort(([, a], [, b]) => b - a).map(([code, count]) => `${code} ${countText(count)}`);
  const lines = [`  ${countText(rejected)} rows tell nothing, every schema rejects them: ${codes.join(', ')}`];
  const ragged = rejects.get('FIELD_COUNT') ?? 0;
  if (paddable > 0 && paddable * 2 >= ragged) {
    lines.push(
      `  "ragged": "pad" would accept ${countText(paddable)} of the ${countText(ragged)} with another number of fields` +
        (paddable * 2 >= rows ? ', which are most of the file: set it, then look again at what is missing' : ''),
    );
  }
  return [...lines, ''];
};

const notesLines = (columns: readonly InferredColumn[]): readonly string[] => {
  const lines = columns.flatMap(({ name, notes }) =>
    notes.map((note) => `  ${toTerminalText(name, nameMax)}: ${note}`),
  );
  return lines.length === 0 ? [] : ['', ...lines];
};

/** What was learnt of a file, as people read it; ends with a line end. No value of the file is in it. */
export const renderInference = (inference: Inference, file: string): string => {
  const { rows, columns, delimiter } = inference;
  const delimiterText = delimiterNames.get(delimiter) ?? toTerminalText(delimiter);
  const hasRange = columns.some(({ rule }) => 'min' in rule);
  const isFew = columns.some(({ evidence: { values } }) => values > 0 && values < valuesMin);
  return [
    '',
    `${toTerminalText(file)}: ${countText(rows)} rows, ${countText(columns.length)} columns, delimiter ${delimiterText}`,
    '',
    ...rejectLines(inference),
    ...(columns.length === 0 ? [] : tableLines(columns)),
    ...notesLines(columns),
    '',
    '  How sure: limits that hold with 95 % confidence, if later rows are like these (rule of three).',
    ...(hasRange ? ['  min and max are what was seen, no more: later values can lie outside, as often as told.'] : []),
    ...(isFew ? [`  Below ${valuesMin} values a type is a guess, and nothing but the type is proposed.`] : []),
    '',
    '',
  ].join('\n');
};
