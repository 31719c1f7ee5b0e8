/** A DynamoDB value as JSON carries it, e.g. `{"S": "text"}`. */
export type Value = Readonly<Record<string, unknown>>;

/** A statement that writes one item, its parameters filled in. `where` are equalities that must all hold. */
export type Write =
  | { readonly kind: 'insert'; readonly table: string; readonly item: Readonly<Record<string, Value>> }
  | {
      readonly kind: 'update';
      readonly table: string;
      readonly set: Readonly<Record<string, Value>>;
      readonly where: Readonly<Record<string, Value>>;
    };

const tokenPattern = /\s*("(?:[^"]|"")*"|'(?:[^']|'')*'|[A-Za-z_][A-Za-z0-9_.-]*|[?{}:,=])/y;

const toTokens = (statement: string): string[] => {
  const tokens: string[] = [];
  const text = statement.trimEnd();
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < text.length) {
    const at = tokenPattern.lastIndex;
    const token = tokenPattern.exec(text)?.[1];
    if (token === undefined)
      throw new Error(`expected a word, a name, a text or one of ?{}:,= at ${at}, found another`);
    tokens.push(token);
  }
  return tokens;
};

/**
 * Reads `INSERT INTO "t" VALUE {'a': ?, 'b': 'text'}` and `UPDATE "t" SET "a" = ? SET "b" = ? WHERE "c" = ? AND "d" = 'text'`,
 * which is all of PartiQL that writes here. Throws an Error for anything else: what is not understood must not pass for done.
 */
export const parseWrite = (statement: string, parameters: readonly Value[]): Write => {
  const tokens = toTokens(statement);
  let next = 0;
  let used = 0;
  const is = (word: string): boolean => tokens[next]?.toUpperCase() === word;
  const take = (word: string): void => {
    if (!is(word)) throw new Error(`expected ${word}, found ${tokens[next] ?? 'the end'}`);
    next++;
  };
  const takeName = (quote: '"' | "'"): string => {
    const token = tokens[next++] ?? '';
    if (token.startsWith(quote)) return token.slice(1, -1).replaceAll(quote + quote, quote);
    if (quote === '"' && /^\w/.test(token)) return token;
    throw new Error(`expected a name, found ${token || 'the end'}`);
  };
  const takeValue = (): Value => {
    if (!is('?')) return { S: takeName("'") };
    next++;
    const value = parameters[used++];
    if (value === undefined) throw new Error(`expected a parameter for every ?, found ${parameters.length}`);
    return value;
  };
  const takeEqual = (into: Record<string, Value>): void => {
    const name = takeName('"');
    take('=');
    into[name] = takeValue();
  };
  const end = <Parsed extends Write>(write: Parsed): Parsed => {
    if (next < tokens.length) throw new Error(`expected the end, found ${tokens[next]}`);
    if (used !== parameters.length) throw new Error(`expected ${used} parameters, found ${parameters.length}`);
    return write;
  };

  if (is('INSERT')) {
    next++;
    take('INTO');
    const table = takeName('"');
    take('VALUE');
    take('{');
    const item: Record<string, Value> = {};
    do {
      if (is(',')) next++;
      const name = takeName("'");
      take(':');
      item[name] = takeValue();
    } while (is(','));
    take('}');
    return end({ kind: 'insert', table, item });
  }
  take('UPDATE');
  const table = takeName('"');
  const set: Record<string, Value> = {};
  const where: Record<string, Value> = {};
  do {
    take('SET');
    takeEqual(set);
  } while (is('SET'));
  take('WHERE');
  takeEqual(where);
  while (is('AND')) {
    next++;
    takeEqual(where);
  }
  return end({ kind: 'update', table, set, where });
};
