import type { Condition, Operand } from './scripted-condition.ts';
import { parseCondition } from './scripted-condition.ts';
import { refuse } from './scripted-error.ts';
import type { Update } from './scripted-expression.ts';
import type { Attribute, Item } from './scripted-item.ts';
import { readAttribute } from './scripted-item.ts';
import type { Tokens } from './scripted-tokens.ts';
import { readTokens } from './scripted-tokens.ts';

// Statements of DynamoDB's PartiQL.
//
// Models: INSERT INTO table VALUE {...}; UPDATE table with SET and REMOVE clauses, several of them, and WHERE; text, whole
// numbers and parameters as values. Does not model: SELECT, DELETE, RETURNING, SET to anything but a value.
// Source: DynamoDB developer guide, "PartiQL insert statements" and "PartiQL update statements".

export type Statement =
  | { readonly kind: 'insert'; readonly table: string; readonly item: Item }
  | { readonly kind: 'update'; readonly table: string; readonly update: Update; readonly where: Condition };

/** Characters of a statement. Source: BatchStatementRequest API reference. */
const statementCharactersMax = 8192;

const token = /"[^"]+"|'(?:[^']|'')*'|-?\d+|\w+|<=|>=|[?=<>(){},:]/y;

export const parseStatement = (text: string, parameters: readonly unknown[] = []): Statement => {
  if (text.length > statementCharactersMax) refuse('ValidationException', 'Statement is too long');
  const tokens = readTokens('statement', text, token);
  let used = 0;

  /** Undefined when the next word is no value. */
  const acceptValue = (): Attribute | undefined => {
    if (tokens.accept('?')) {
      if (used === parameters.length)
        refuse('ValidationException', 'Number of parameters in request and statement differ');
      return readAttribute(parameters[used++]);
    }
    const word = tokens.peek() ?? '';
    if (word.startsWith("'")) return { S: tokens.next().slice(1, -1).replaceAll("''", "'") };
    return /^-?\d/.test(word) ? readAttribute({ N: tokens.next() }) : undefined;
  };
  const readValue = (): Attribute =>
    acceptValue() ?? refuse('ValidationException', `Expected a value; token: ${tokens.peek()}`);
  const readName = (): string => {
    const word = tokens.next();
    if (word.startsWith('"')) return word.slice(1, -1);
    return /^[a-z_]\w*$/i.test(word) ? word : refuse('ValidationException', `Expected an identifier; token: ${word}`);
  };
  const readOperand = (_: Tokens): Operand => {
    const value = acceptValue();
    return value === undefined ? { kind: 'name', name: readName() } : { kind: 'value', value };
  };

  const readInsert = (): Statement => {
    tokens.expect('INTO');
    const table = readName();
    tokens.expect('VALUE');
    tokens.expect('{');
    const item = new Map<string, Attribute>();
    do {
      const name = readValue();
      if (!('S' in name)) return refuse('ValidationException', 'Expected an attribute name in single quotes');
      tokens.expect(':');
      item.set(name.S, readValue());
    } while (tokens.accept(','));
    tokens.expect('}');
    return { kind: 'insert', table, item: Object.fromEntries(item) };
  };

  const readUpdate = (): Statement => {
    const table = readName();
    const set = new Map<string, Attribute>();
    const remove = new Set<string>();
    while (!tokens.accept('WHERE')) {
      if (tokens.accept('REMOVE')) remove.add(readName());
      else {
        tokens.expect('SET');
        const name = readName();
        tokens.expect('=');
        set.set(name, readValue());
      }
    }
    return { kind: 'update', table, update: { set, remove }, where: parseCondition(tokens, readOperand) };
  };

  let statement: Statement;
  if (tokens.accept('INSERT')) statement = readInsert();
  else {
    tokens.expect('UPDATE');
    statement = readUpdate();
  }
  tokens.expectEnd();
  if (used < parameters.length) refuse('ValidationException', 'Number of parameters in request and statement differ');
  return statement;
};
