/** Log levels a function can be told to write from. */
const logLevels = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What a variable of each kind holds once it is read. */
type Values = {
  readonly text: string;
  readonly url: string;
  readonly whole: number;
  readonly share: number;
  readonly level: LogLevel;
};
type Kind = keyof Values;

/** What a variable must hold; `optional` ones may be missing or empty. */
export type Declared = Kind | `optional ${Kind}`;

export type Environment<Declarations extends Readonly<Record<string, Declared>>> = {
  readonly [Name in keyof Declarations]: Declarations[Name] extends `optional ${infer Of extends Kind}`
    ? Values[Of] | undefined
    : Declarations[Name] extends Kind
      ? Values[Declarations[Name]]
      : never;
};

const parseUrl = (text: string): string | undefined =>
  /^https?:\/\//.test(text) && URL.canParse(text) ? text : undefined;

const parseWhole = (text: string): number | undefined => {
  const value = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0 ? value : undefined;
};

const parseShare = (text: string): number | undefined => {
  const value = Number(text);
  return /^\d+(\.\d+)?$/.test(text) && value <= 1 ? value : undefined;
};

type Parse<Value> = { readonly expected: string; readonly parse: (text: string) => Value | undefined };

const kinds: { readonly [Name in Kind]: Parse<Values[Name]> } = {
  text: { expected: 'text without spaces', parse: (text) => (/\s/.test(text) ? undefined : text) },
  url: { expected: 'a URL that begins with http:// or https://', parse: parseUrl },
  whole: { expected: 'a whole number above 0', parse: parseWhole },
  share: { expected: 'a share from 0 to 1', parse: parseShare },
  level: {
    expected: `one of ${logLevels.join(', ')}`,
    parse: (text) => logLevels.find((level) => level === text),
  },
};

/**
 * Reads the variables of a function's environment, once, at its cold start. A name that is missing or holds something else
 * throws one Error that names every such name and what was expected of it, and never what it holds: it may be a secret that
 * went astray.
 */
export const parseEnvironment = <const Declarations extends Readonly<Record<string, Declared>>>(
  variables: Readonly<Record<string, string | undefined>>,
  declarations: Declarations,
): Environment<Declarations> => {
  const values: Record<string, string | number | undefined> = {};
  const complaints: string[] = [];
  for (const [name, declared] of Object.entries(declarations)) {
    const isOptional = declared.startsWith('optional ');
    const { expected, parse } = kinds[declared.replace('optional ', '') as Kind];
    const text = variables[name] ?? '';
    if (text === '') {
      if (!isOptional) complaints.push(`${name}: expected ${expected}, found nothing`);
      continue;
    }
    const value = parse(text);
    if (value === undefined) complaints.push(`${name}: expected ${expected}, found something else`);
    else values[name] = value;
  }
  if (complaints.length > 0) throw new Error(`environment: ${complaints.join('; ')}`);
  return values as Environment<Declarations>;
};
