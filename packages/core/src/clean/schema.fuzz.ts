import { SluiceError } from '../errors.ts';
import { drawText } from '../fuzz/dirty-text.ts';
import { drawColumn, formats } from '../fuzz/draw-rule.ts';
import { mutate } from '../fuzz/mutate.ts';
import type { Random } from '../fuzz/random.ts';
import { attempt, type FuzzTarget, hold, holdOneLine, holdSame } from '../fuzz/target.ts';
import { compileSchema } from './row-cleaner.ts';
import { parseSchema, schemaHash, serializeSchema } from './schema.ts';

/** Names that objects, JavaScript and the schema itself give a meaning to. */
const hostileNames = [
  ...['__proto__', 'constructor', 'toString', 'valueOf', 'toJSON', 'hasOwnProperty', 'length', '0', '1', ''],
  ...[
    'columns',
    'colums',
    'ragged',
    'unknown',
    'type',
    'min',
    'max',
    'values',
    'format',
    'default',
    'clean',
    'redact',
    'Typ',
  ],
];

const nested = (random: Random, depth: number): string => {
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['{"type":', '}'],
  ] as const);
  return `${open.repeat(depth)}1${close.repeat(depth)}`;
};

/** JSON text of any value: often one that a schema may have at such a place. */
const drawJson = (random: Random, depth: number): string => {
  const text = (): string => JSON.stringify(random.oneIn(2) ? random.pick(hostileNames) : drawText(random, 5));
  const number = (): string =>
    random.pick(['0', '-0', '1', '-1', '2.5', '1e400', '1e21', '9007199254740993', '1e-7', '20']);
  const members = (): string => random.list(0, 4, () => `${text()}:${drawJson(random, depth - 1)}`).join(',');
  if (random.oneIn(60)) return nested(random, random.pick([10, 1_000, 30_000]));
  if (random.oneIn(30)) return JSON.stringify('x'.repeat(random.pick([100, 1_000, 100_000])));
  if (random.oneIn(200))
    return JSON.stringify(Array.from({ length: random.pick([1_000, 30_000]) }, (_, index) => `v${index}`));
  if (depth <= 0 || random.oneIn(2))
    return random.pick([text, text, number, () => 'true', () => 'false', () => 'null'])();
  return random.oneIn(3) ? `[${random.list(0, 4, () => drawJson(random, depth - 1)).join(',')}]` : `{${members()}}`;
};

/** Long, nested and odd patterns and formats. */
const drawOddText = (random: Random): string => {
  const depth = random.pick([3, 300, 5_000, 40_000]);
  return random.pick([
    () => `${'('.repeat(depth)}a${')'.repeat(depth)}`,
    () => '(?:a|'.repeat(depth) + ')'.repeat(depth),
    () => `yyyy-MM-dd${'['.repeat(depth)}${']'.repeat(depth)}`,
    () => 'q'.repeat(depth),
    () =>
      random.pick([...formats.date, ...formats.datetime]) +
      random.pick(['\n', "'\r\n'", '\u2028', '[', ']', "'", 'YYYY', 'TT']),
    () => drawText(random, 8),
  ])();
};

const drawRule = (random: Random): string => {
  const { json } = drawColumn(random);
  const { type } = json;
  const odd = random.pick([
    'type',
    'min',
    'max',
    'values',
    'default',
    'rename',
    'pattern',
    'format',
    'maxLength',
    ...hostileNames,
  ]);
  const oddMember = random.oneIn(3) ? `,${JSON.stringify(odd)}:${drawJson(random, 2)}` : '';
  const isText = random.oneIn(3) && (type === 'string' || type === 'date' || type === 'datetime');
  const oddText = isText ? `,"${type === 'string' ? 'pattern' : 'format'}":${JSON.stringify(drawOddText(random))}` : '';
  return JSON.stringify(json).replace(/\}$/, () => `${oddMember}${oddText}}`);
};

const drawSchemaText = (random: Random): string => {
  const name = (): string =>
    JSON.stringify(random.oneIn(3) ? drawText(random, 4) : random.pick([...hostileNames, 'a', 'b', 'c d']));
  const rules = random.list(0, 4, () => `${name()}:${random.oneIn(8) ? drawJson(random, 3) : drawRule(random)}`);
  const more = random.oneIn(4) ? `,${name()}:${drawJson(random, 3)}` : '';
  return `{"columns":{${rules.join(',')}},"ragged":${random.pick(['"pad"', '"reject"', '1'])}${more}}`;
};

/** The same JSON with the members of every object in the opposite order. */
const reversed = (json: unknown, levels: number): unknown => {
  if (typeof json !== 'object' || json === null || Array.isArray(json) || levels === 0) return json;
  const entries = Object.entries(json).map(([name, value]) => [name, reversed(value, levels - 1)] as const);
  return Object.fromEntries(entries.reverse());
};

/** An object, its columns, and the rule of each. */
const schemaLevels = 3;

export const target: FuzzTarget = {
  name: 'schema',
  weight: 20,
  secondsMax: 2,
  outcomes: ['parsed', 'SCHEMA_INVALID', 'SCHEMA_MISMATCH', 'cleaned', 'rejected', 'no JSON'],
  draw(random) {
    const drawToken = (): Buffer =>
      Buffer.from(random.pick(['"', '{', '}', ':', ',', '[', ']', '1', '-', 'null', '\\u0000', ' ']));
    const kind = random.pick(['schema', 'schema', 'any JSON', 'mutated']);
    // Columns of the file: some of the schema's may be missing, others may be there.
    const extra = random.list(0, 3, () => random.pick([...hostileNames.filter((name) => name !== ''), 'other', 'a']));
    const options = { missing: random.oneIn(2) ? 0 : random.below(3), extra };
    const text = kind === 'any JSON' ? drawJson(random, 5) : drawSchemaText(random);
    return {
      kind,
      input: kind === 'mutated' ? mutate(Buffer.from(text), random, drawToken, 3) : Buffer.from(text),
      options,
      check(input, note) {
        let json: unknown;
        try {
          json = JSON.parse(input.toString());
        } catch {
          return note('no JSON');
        }
        const schema = attempt('parseSchema throws SluiceErrors only', () => parseSchema(json));
        if (schema instanceof SluiceError) {
          hold('a refused schema is invalid', schema.code === 'SCHEMA_INVALID', () => schema.code);
          return note(schema.code);
        }
        note('parsed');
        const written = serializeSchema(schema);
        const again = parseSchema(JSON.parse(written));
        holdSame('a schema comes back from its text', again, schema);
        hold('the text of a schema is stable', serializeSchema(again) === written, () => written);
        hold('schemas that are equal have one hash', schemaHash(again) === schemaHash(schema), () => written);
        const reordered = serializeSchema(parseSchema(reversed(json, schemaLevels)));
        holdSame('the order of columns and properties means nothing', reordered, written);
        const columns = [...new Set([...[...schema.columns.keys()].slice(options.missing), ...options.extra])];
        const cleaner = attempt('compileSchema throws SluiceErrors only', () => compileSchema(schema, columns));
        if (cleaner instanceof SluiceError) return note(cleaner.code);
        const row = cleaner.clean(columns.map(() => 'a'));
        note(Array.isArray(row) ? 'cleaned' : 'rejected');
        if (!Array.isArray(row)) holdOneLine('a reason is one line', row.message);
        else holdSame('a row has the columns told', row.length, cleaner.outputColumns.length);
      },
    };
  },
};
