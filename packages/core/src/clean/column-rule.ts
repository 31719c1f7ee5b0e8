import { SluiceError } from '../errors.ts';
import { boundParts, type ColumnRule, type ColumnType, columnTypes, compileColumn } from './column.ts';
import { compareDates } from './date.ts';
import { compareDecimals, readDecimal } from './decimal.ts';
import { cleanField } from './field.ts';
import { nearestName } from './nearest-name.ts';
import { redactions } from './redact.ts';
import { propertyHint, typeListHint, typeMeant, valueMeant } from './schema-hints.ts';

/** Which types a property works with. */
const propertyTypes: ReadonlyMap<string, readonly ColumnType[]> = new Map<string, readonly ColumnType[]>([
  ['type', columnTypes],
  ['required', columnTypes],
  ['default', columnTypes],
  ['rename', columnTypes],
  ['drop', columnTypes],
  ['clean', columnTypes],
  ['redact', columnTypes.filter((type) => type !== 'boolean')],
  ['min', ['integer', 'decimal', 'date', 'datetime']],
  ['max', ['integer', 'decimal', 'date', 'datetime']],
  ['maxLength', ['string']],
  ['pattern', ['string']],
  ['values', ['enum']],
  ['format', ['date', 'datetime']],
]);

const shownLengthMax = 60;

// Every level and every entry takes a character at least, so what lies beyond is never shown; nor may it fill the stack.
const shown = (value: unknown, levels: number): unknown => {
  if (typeof value !== 'object' || value === null || levels === 0) return levels === 0 ? null : value;
  if (Array.isArray(value)) return value.slice(0, shownLengthMax).map((each) => shown(each, levels - 1));
  const entries = Object.entries(value).slice(0, shownLengthMax);
  return Object.fromEntries(entries.map(([name, each]) => [name, shown(each, levels - 1)]));
};

/** A value of a schema as a message shows it: JSON, shortened. */
export const showJson = (value: unknown): string => {
  const json = JSON.stringify(shown(value, shownLengthMax)) ?? typeof value;
  return json.length > shownLengthMax ? `${json.slice(0, shownLengthMax)}...` : json;
};

/** The entries of a JSON object, or undefined for anything else. Names may be any text, `__proto__` too: look them up in a Map. */
export const entriesOf = (json: unknown): [string, unknown][] | undefined =>
  typeof json === 'object' && json !== null && !Array.isArray(json) ? Object.entries(json) : undefined;

/** `; did you mean "x"?`, or what is known when nothing is near. */
export const proposal = (name: string, known: readonly string[]): string => {
  const nearest = nearestName(name, known);
  return nearest === undefined ? `; known are ${known.join(', ')}` : `; did you mean ${showJson(nearest)}?`;
};

/**
 * Reads what a schema says of one column. Throws SCHEMA_INVALID with the column, the property, what was expected, what
 * was found, and the nearest known name for a mistyped one; also for what contradicts itself: `min` above `max`, a
 * `default` that the column would reject, a property that does not go with the type, or `drop` beside what shapes a value.
 */
export const parseColumnRule = (column: string, json: unknown): ColumnRule => {
  const where = `schema: column ${showJson(column)}:`;
  const refuse = (problem: string): never => {
    throw new SluiceError('SCHEMA_INVALID', `${where} ${problem}`);
  };
  const entries = entriesOf(json) ?? refuse(`expected an object such as {"type": "integer"}, found ${showJson(json)}`);
  const properties = new Map(entries);
  const type = parseType(properties.get('type'), refuse);
  for (const name of properties.keys()) {
    const types = propertyTypes.get(name);
    if (types === undefined) {
      const hint = propertyHint(name);
      const known = [...propertyTypes.keys()];
      refuse(`the property ${showJson(name)} is not known${hint === undefined ? proposal(name, known) : `; ${hint}`}`);
    } else if (!types.includes(type)) {
      const [only, ...others] = types;
      const wanted = others.length === 0 ? `"type": "${only}"` : 'a type';
      refuse(
        `"${name}" works with type ${types.join(', ')}, found ${
          properties.has('type')
            ? `type ${type}; remove it or change the type`
            : `none, which means ${type}; add ${wanted}, or remove it`
        }`,
      );
    }
  }
  const reading: Reading = { properties, refuse };
  const rule: ColumnRule = { ...parseShared(reading), ...parseTyped(type, reading) };
  compileColumn(column, rule);
  return withDefault(column, rule, reading);
};

type Refuse = (problem: string) => never;
type Reading = { readonly properties: ReadonlyMap<string, unknown>; readonly refuse: Refuse };

const parseType = (found: unknown, refuse: Refuse): ColumnType => {
  if (found === undefined) return 'string';
  const type = columnTypes.find((known) => known === found);
  if (type !== undefined) return type;
  const name = typeof found === 'string' ? found : '';
  const other = typeMeant(name);
  const hint = other === undefined ? typeListHint(found, columnTypes) : `did you mean "${other}"?`;
  return refuse(
    `expected "type" to be one of the known types, found ${showJson(found)}${
      hint === undefined ? proposal(name, columnTypes) : `; ${hint}`
    }`,
  );
};

const writeInstead = (meant: unknown): string => (meant === undefined ? '' : `; write ${showJson(meant)}`);

const readProperty = <Wanted>(
  { properties, refuse }: Reading,
  name: string,
  expected: string,
  read: (found: unknown) => Wanted | undefined,
): Wanted | undefined => {
  const found = properties.get(name);
  if (found === undefined) return undefined;
  const value = read(found);
  if (value !== undefined) return value;
  const meant = valueMeant(found, (other) => read(other) !== undefined);
  return refuse(`expected "${name}" to be ${expected}, found ${showJson(found)}${writeInstead(meant)}`);
};

const asBoolean = (found: unknown): boolean | undefined => (typeof found === 'boolean' ? found : undefined);
const asText = (found: unknown): string | undefined => (typeof found === 'string' && found !== '' ? found : undefined);
const asInteger = (found: unknown): number | undefined => (Number.isSafeInteger(found) ? Number(found) + 0 : undefined);
const asDecimal = (found: unknown): string | undefined => {
  // A JSON number beyond 2^53 may have lost digits before we saw it.
  if (typeof found === 'number' && Math.abs(found) > Number.MAX_SAFE_INTEGER) return undefined;
  return typeof found === 'string' || typeof found === 'number' ? (readDecimal(String(found)) ?? undefined) : undefined;
};

const present = <Name extends string, Found>(name: Name, found: Found | undefined): { [Key in Name]?: Found } =>
  found === undefined ? {} : ({ [name]: found } as { [Key in Name]?: Found });

const parseShared = (reading: Reading) => {
  const { properties, refuse } = reading;
  const flag = (name: string): boolean | undefined => readProperty(reading, name, 'true or false', asBoolean);
  const rename = readProperty(reading, 'rename', 'a name without spaces at its ends or control characters', (found) =>
    typeof found === 'string' && found !== '' && cleanField(found) === found ? found : undefined,
  );
  const redact = readProperty(reading, 'redact', '"hash" or "mask"', (found) =>
    redactions.find((known) => known === found),
  );
  const drop = flag('drop') === true;
  for (const name of ['rename', 'default', 'redact']) {
    if (drop && properties.has(name))
      refuse(`"drop" leaves the column out, so "${name}" has no effect; remove one of them`);
  }
  return {
    ...(flag('required') === true ? { required: true as const } : {}),
    ...(drop ? { drop: true as const } : {}),
    ...(flag('clean') === false ? { clean: false as const } : {}),
    ...present('rename', rename),
    ...present('redact', redact),
  };
};

const parseTyped = (type: ColumnType, reading: Reading): ColumnRule => {
  const { refuse } = reading;
  switch (type) {
    case 'string': {
      const maxLength = readProperty(reading, 'maxLength', 'an integer of at least 1', (found) =>
        Number.isSafeInteger(found) && Number(found) >= 1 ? Number(found) : undefined,
      );
      const pattern = readProperty(reading, 'pattern', 'a regular expression in a string', asText);
      return { type, ...present('maxLength', maxLength), ...present('pattern', pattern) };
    }
    case 'integer': {
      const expected = 'an integer within +-9007199254740991';
      const min = readProperty(reading, 'min', expected, asInteger);
      const max = readProperty(reading, 'max', expected, asInteger);
      if (min !== undefined && max !== undefined && min > max) refuse(crossed(min, max));
      return { type, ...present('min', min), ...present('max', max) };
    }
    case 'decimal': {
      const expected = 'a decimal number (beyond +-9007199254740991 as a string of digits)';
      const min = readProperty(reading, 'min', expected, asDecimal);
      const max = readProperty(reading, 'max', expected, asDecimal);
      if (min !== undefined && max !== undefined && compareDecimals(min, max) > 0) refuse(crossed(min, max));
      return { type, ...present('min', min), ...present('max', max) };
    }
    case 'date':
    case 'datetime':
      return parseDated(type, reading);
    case 'enum': {
      const values = readProperty(reading, 'values', 'a list of different non-empty strings', (found) =>
        asValues(found, reading),
      );
      return values === undefined
        ? refuse('type enum needs "values", a list of the allowed texts such as ["a", "b"]')
        : { type, values };
    }
    default:
      return { type };
  }
};

const crossed = (min: unknown, max: unknown): string =>
  `"min" ${showJson(min)} is above "max" ${showJson(max)}; no value fits`;

const parseDated = (type: 'date' | 'datetime', reading: Reading): ColumnRule => {
  const expected = `a ${type} in ISO form such as "${type === 'date' ? '2010-12-01' : '2010-12-01T08:26:00'}"`;
  const asBound = (found: unknown): string | undefined =>
    typeof found === 'string' && boundParts(type, found) !== undefined ? found : undefined;
  const format = readProperty(reading, 'format', 'a format such as "yyyy-MM-dd"', asText);
  const min = readProperty(reading, 'min', expected, asBound);
  const max = readProperty(reading, 'max', expected, asBound);
  const minParts = boundParts(type, min);
  const maxParts = boundParts(type, max);
  if (minParts !== undefined && maxParts !== undefined && compareDates(minParts, maxParts) > 0) {
    reading.refuse(crossed(min, max));
  }
  return { type, ...present('format', format), ...present('min', min), ...present('max', max) };
};

const textHint = (value: unknown): string => {
  if (value === null || value === '') return '; remove it, an empty field is a missing value';
  return typeof value === 'number' || typeof value === 'boolean' ? `; write "${value}"` : '';
};

const asValues = (found: unknown, { properties, refuse }: Reading): readonly string[] | undefined => {
  if (!Array.isArray(found) || found.length === 0) return undefined;
  const values = new Set<string>();
  for (const value of found) {
    const text = asText(value) ?? refuse(`"values" has ${showJson(value)}, which is no text${textHint(value)}`);
    if (values.has(text)) refuse(`"values" has ${showJson(text)} twice; remove one of them`);
    if (properties.get('clean') !== false && cleanField(text) !== text) {
      refuse(
        `"values" has ${showJson(text)}, which no cleaned field equals; write ${showJson(cleanField(text))}, or set "clean": false`,
      );
    }
    values.add(text);
  }
  return [...values];
};

const withDefault = (column: string, rule: ColumnRule, { properties, refuse }: Reading): ColumnRule => {
  const found = properties.get('default');
  if (found === undefined) return rule;
  const wanted = rule.type === 'integer' ? 'number' : rule.type === 'boolean' ? 'boolean' : 'string';
  const isWanted = (value: unknown): boolean =>
    (typeof value === wanted || (rule.type === 'decimal' && asDecimal(value) !== undefined)) && value !== '';
  if (!isWanted(found)) {
    const expected = wanted === 'boolean' ? 'true or false' : `a ${wanted}${hintOf(rule)}`;
    const meant = writeInstead(valueMeant(found, isWanted));
    refuse(`expected "default" to be ${expected}, found ${showJson(found)}${meant}`);
  }

  // A default is written as values come out, so a date's own format does not apply to it.
  const { redact: _redact, ...plain } = rule;
  const { format: _format, ...asWritten } = { format: undefined, ...plain };
  const value = compileColumn(column, asWritten)(String(found));
  if (value === null) return refuse(`"default" ${showJson(found)} is empty once it is cleaned; remove it`);
  if (typeof value === 'object') {
    return refuse(`"default" ${showJson(found)} is a value that the column itself rejects: ${value.message}`);
  }
  return { ...rule, default: value } as ColumnRule;
};

const hintOf = (rule: ColumnRule): string =>
  rule.type === 'date' || rule.type === 'datetime'
    ? ` in ISO form`
    : rule.type === 'decimal'
      ? ' of digits or a number'
      : '';
