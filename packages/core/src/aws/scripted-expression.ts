import type { Condition, Operand } from './scripted-condition.ts';
import { parseCondition } from './scripted-condition.ts';
import { refuse } from './scripted-error.ts';
import type { Attribute, Item } from './scripted-item.ts';
import { readAttribute } from './scripted-item.ts';
import type { Tokens } from './scripted-tokens.ts';
import { readTokens } from './scripted-tokens.ts';

// Expressions with placeholders.
//
// Models: condition, filter, key condition, projection; updates by SET to a value and by REMOVE; the refusal of placeholders
// that are not given or not used. Does not model: ADD, DELETE, arithmetic, functions in updates, reserved words.

/** What an update writes and takes away. */
export type Update = { readonly set: ReadonlyMap<string, Attribute>; readonly remove: ReadonlySet<string> };

export type Expressions = {
  condition(text: string | undefined): Condition | undefined;
  projection(text: string | undefined): readonly string[] | undefined;
  update(text: string): Update;
  /** Refuses placeholders that no expression used. */
  expectAllUsed(): void;
};

const token = /[#:]\w+|\w+|<=|>=|[=<>(),]/y;

export const readExpressions = (
  names: Readonly<Record<string, string>> = {},
  values: Readonly<Record<string, unknown>> = {},
): Expressions => {
  const unused = new Set([...Object.keys(names), ...Object.keys(values)]);

  const nameOf = (word: string): string => {
    unused.delete(word);
    if (!word.startsWith('#')) return word;
    const name = Object.hasOwn(names, word) ? names[word] : undefined;
    return (
      name ?? refuse('ValidationException', `An expression attribute name used in expression is not defined; ${word}`)
    );
  };
  const attributeOf = (word: string): Attribute => {
    unused.delete(word);
    if (Object.hasOwn(values, word)) return readAttribute(values[word]);
    return refuse('ValidationException', `An expression attribute value used in expression is not defined; ${word}`);
  };
  const readName = (tokens: Tokens): string => {
    const word = tokens.next();
    if (!/^#?\w/.test(word)) refuse('ValidationException', `Invalid expression: Syntax error; token: ${word}`);
    return nameOf(word);
  };
  const readOperand = (tokens: Tokens): Operand =>
    tokens.peek()?.startsWith(':')
      ? { kind: 'value', value: attributeOf(tokens.next()) }
      : { kind: 'name', name: readName(tokens) };

  return {
    condition(text) {
      if (text === undefined) return undefined;
      const tokens = readTokens('condition', text, token);
      const condition = parseCondition(tokens, readOperand);
      tokens.expectEnd();
      return condition;
    },
    projection(text) {
      if (text === undefined) return undefined;
      const tokens = readTokens('ProjectionExpression', text, token);
      const projected = [readName(tokens)];
      while (tokens.accept(',')) projected.push(readName(tokens));
      tokens.expectEnd();
      return projected;
    },
    update(text) {
      const tokens = readTokens('UpdateExpression', text, token);
      const set = new Map<string, Attribute>();
      const remove = new Set<string>();
      while (tokens.peek() !== undefined) {
        if (tokens.accept('SET')) {
          do {
            const name = readName(tokens);
            tokens.expect('=');
            set.set(name, attributeOf(tokens.next()));
          } while (tokens.accept(','));
        } else {
          tokens.expect('REMOVE');
          do remove.add(readName(tokens));
          while (tokens.accept(','));
        }
      }
      return { set, remove };
    },
    expectAllUsed() {
      if (unused.size === 0) return;
      refuse('ValidationException', `Placeholders unused in expressions: {${[...unused].join(', ')}}`);
    },
  };
};

/** The item after an update. */
export const applyUpdate = (item: Item, { set, remove }: Update): Item => ({
  ...Object.fromEntries(Object.entries(item).filter(([name]) => !remove.has(name))),
  ...Object.fromEntries(set),
});

/** The attributes of an item that were asked for, all when nothing says which. */
export const project = (item: Item, names: readonly string[] | undefined): Item =>
  names === undefined ? item : Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name)));
