import { refuse } from './scripted-error.ts';
import type { Attribute, Item } from './scripted-item.ts';
import { compare } from './scripted-item.ts';
import type { Tokens } from './scripted-tokens.ts';

// Conditions, as condition, filter and key expressions and the WHERE of a statement have them.
//
// Models: comparisons, BETWEEN, IN, attribute_exists, attribute_not_exists, begins_with, AND, OR, NOT, parentheses, top-level
// attributes. Does not model: <>, contains, size, attribute_type, paths into documents.

export type Operand =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'value'; readonly value: Attribute };

const operators = ['=', '<', '<=', '>', '>='] as const;
export type Operator = (typeof operators)[number];

export type Condition =
  | { readonly kind: 'compare'; readonly operator: Operator; readonly left: Operand; readonly right: Operand }
  | { readonly kind: 'between'; readonly operand: Operand; readonly low: Operand; readonly high: Operand }
  | { readonly kind: 'in'; readonly operand: Operand; readonly list: readonly Operand[] }
  | { readonly kind: 'exists'; readonly operand: Operand; readonly expected: boolean }
  | { readonly kind: 'begins'; readonly operand: Operand; readonly prefix: Operand }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly part: Condition };

export type ReadOperand = (tokens: Tokens) => Operand;

const parseList = (tokens: Tokens, readOperand: ReadOperand): Operand[] => {
  tokens.expect('(');
  const list = [readOperand(tokens)];
  while (tokens.accept(',')) list.push(readOperand(tokens));
  tokens.expect(')');
  return list;
};

const parseComparison = (tokens: Tokens, readOperand: ReadOperand): Condition => {
  const operand = readOperand(tokens);
  if (tokens.accept('BETWEEN')) {
    const low = readOperand(tokens);
    tokens.expect('AND');
    return { kind: 'between', operand, low, high: readOperand(tokens) };
  }
  if (tokens.accept('IN')) return { kind: 'in', operand, list: parseList(tokens, readOperand) };
  const word = tokens.next();
  const operator = operators.find((known) => known === word);
  if (operator === undefined) return refuse('ValidationException', `Invalid condition: Syntax error; token: ${word}`);
  return { kind: 'compare', operator, left: operand, right: readOperand(tokens) };
};

const parsePart = (tokens: Tokens, readOperand: ReadOperand): Condition => {
  if (tokens.accept('NOT')) return { kind: 'not', part: parsePart(tokens, readOperand) };
  if (tokens.accept('(')) {
    const condition = parseCondition(tokens, readOperand);
    tokens.expect(')');
    return condition;
  }
  for (const [name, expected] of [
    ['attribute_exists', true],
    ['attribute_not_exists', false],
  ] as const) {
    if (!tokens.accept(name)) continue;
    tokens.expect('(');
    const operand = readOperand(tokens);
    tokens.expect(')');
    return { kind: 'exists', operand, expected };
  }
  if (tokens.accept('begins_with')) {
    const [operand, prefix] = parseList(tokens, readOperand);
    if (operand !== undefined && prefix !== undefined) return { kind: 'begins', operand, prefix };
    return refuse('ValidationException', 'Invalid condition: begins_with takes two operands');
  }
  return parseComparison(tokens, readOperand);
};

const parseAll = (tokens: Tokens, readOperand: ReadOperand): Condition => {
  const parts = [parsePart(tokens, readOperand)];
  while (tokens.accept('AND')) parts.push(parsePart(tokens, readOperand));
  return { kind: 'and', parts };
};

/** Reads a condition up to the first word that cannot belong to it. OR binds weaker than AND, AND weaker than NOT. */
export const parseCondition = (tokens: Tokens, readOperand: ReadOperand): Condition => {
  const parts = [parseAll(tokens, readOperand)];
  while (tokens.accept('OR')) parts.push(parseAll(tokens, readOperand));
  return { kind: 'or', parts };
};

const attributeOf = (operand: Operand, item: Item): Attribute | undefined =>
  operand.kind === 'value' ? operand.value : item[operand.name];

/** True when the comparison holds; an attribute that is not there compares with nothing. */
const compares = (a: Attribute | undefined, operator: Operator, b: Attribute | undefined): boolean => {
  const order = a === undefined || b === undefined ? undefined : compare(a, b);
  if (order === undefined) return false;
  if (operator === '=') return order === 0;
  if (operator.startsWith('<')) return order < 0 || (operator === '<=' && order === 0);
  return order > 0 || (operator === '>=' && order === 0);
};

/** Whether the condition holds for an item; where there is none, for one without attributes. */
export const holds = (condition: Condition, item: Item): boolean => {
  switch (condition.kind) {
    case 'and':
      return condition.parts.every((part) => holds(part, item));
    case 'or':
      return condition.parts.some((part) => holds(part, item));
    case 'not':
      return !holds(condition.part, item);
    case 'exists':
      return (attributeOf(condition.operand, item) !== undefined) === condition.expected;
    case 'compare':
      return compares(attributeOf(condition.left, item), condition.operator, attributeOf(condition.right, item));
    case 'in':
      return condition.list.some((one) => compares(attributeOf(condition.operand, item), '=', attributeOf(one, item)));
    case 'between': {
      const value = attributeOf(condition.operand, item);
      return (
        compares(value, '>=', attributeOf(condition.low, item)) &&
        compares(value, '<=', attributeOf(condition.high, item))
      );
    }
    case 'begins': {
      const value = attributeOf(condition.operand, item);
      const prefix = attributeOf(condition.prefix, item);
      return (
        value !== undefined && prefix !== undefined && 'S' in value && 'S' in prefix && value.S.startsWith(prefix.S)
      );
    }
  }
};

/** The parts of a condition that is nothing but parts joined by AND; undefined for any other. */
export const conjuncts = (condition: Condition): readonly Condition[] | undefined => {
  if (condition.kind === 'not') return undefined;
  if (condition.kind !== 'and' && condition.kind !== 'or') return [condition];
  if (condition.kind === 'or' && condition.parts.length > 1) return undefined;
  const parts = condition.parts.map(conjuncts);
  return parts.some((part) => part === undefined) ? undefined : parts.flatMap((part) => part ?? []);
};
