import { conjuncts, holds } from './scripted-condition.ts';
import { refuse, ScriptedError } from './scripted-error.ts';
import { applyUpdate } from './scripted-expression.ts';
import type { Item } from './scripted-item.ts';
import type { Statement } from './scripted-partiql.ts';
import { parseStatement } from './scripted-partiql.ts';
import type { ScriptedTable } from './scripted-table.ts';

/** Statements of a call. Source: DynamoDB developer guide, "Running batch operations with PartiQL". */
const statementsMax = 25;

/** The code of the error that a statement on the item with this key meets instead of its effect. */
export type StatementFault = (key: Item) => string | undefined;

type Request = {
  readonly Statement: string;
  readonly Parameters?: readonly unknown[];
  readonly ReturnValuesOnConditionCheckFailure?: string;
};

/** Codes of a single statement's errors, by the exception that the operation for it alone would throw. */
const codes: Readonly<Record<string, string>> = {
  ValidationException: 'ValidationError',
  ResourceNotFoundException: 'ResourceNotFound',
  DuplicateItemException: 'DuplicateItem',
  ConditionalCheckFailedException: 'ConditionalCheckFailed',
};

/** The key that an update is for: its WHERE must say so by equality, for every attribute of the key. */
const keyIn = (statement: Statement & { readonly kind: 'update' }, table: ScriptedTable): Item => {
  const equalities = (conjuncts(statement.where) ?? []).flatMap((part) =>
    part.kind === 'compare' && part.operator === '=' && part.left.kind === 'name' && part.right.kind === 'value'
      ? [[part.left.name, part.right.value] as const]
      : [],
  );
  return table.keyOf(Object.fromEntries(equalities));
};

const keyOf = (statement: Statement, table: ScriptedTable): Item =>
  statement.kind === 'insert' ? table.keyOf(statement.item) : keyIn(statement, table);

const execute = (statement: Statement, key: Item, table: ScriptedTable, showsOld: boolean): void => {
  const found = table.get(key);
  if (statement.kind === 'insert') {
    if (found !== undefined) refuse('DuplicateItemException', 'Duplicate primary key exists in table');
    table.put(statement.item);
    return;
  }
  // An update never creates an item.
  if (found === undefined || !holds(statement.where, found)) {
    refuse('ConditionalCheckFailedException', 'The conditional request failed', showsOld ? found : undefined);
    return;
  }
  for (const name of Object.keys(key)) {
    if (statement.update.set.has(name)) refuse('ValidationException', `Cannot update attribute ${name} of the key`);
  }
  table.put(applyUpdate(found, statement.update));
};

/**
 * Runs the statements of one call, each for itself: what one meets is no other's affair. Two statements on one item are
 * refused as a whole; what DynamoDB does with them is not documented.
 */
export const executeBatch = (
  input: { readonly Statements?: readonly Request[] },
  tableOf: (name: string) => ScriptedTable,
  fault: StatementFault,
): object => {
  const requests = input.Statements ?? [];
  if (requests.length === 0 || requests.length > statementsMax) {
    refuse('ValidationException', `Member must have length between 1 and ${statementsMax}`);
  }
  const seen = new Set<string>();
  const responses = requests.map((request) => {
    let tableName = '';
    try {
      const statement = parseStatement(request.Statement, request.Parameters);
      tableName = statement.table;
      const table = tableOf(statement.table);
      const key = keyOf(statement, table);
      return { request, statement, table, key };
    } catch (thrown) {
      if (thrown instanceof ScriptedError) return { error: thrown, tableName };
      throw thrown;
    }
  });
  for (const response of responses) {
    if (response.key === undefined) continue;
    const key = JSON.stringify([response.table.name, Object.entries(response.key).sort()]);
    if (seen.has(key)) refuse('ValidationException', 'Two statements of a call are for the same item');
    seen.add(key);
  }
  return {
    Responses: responses.map((response) => {
      if (response.error !== undefined) return errorOf(response.error, response.tableName);
      const { request, statement, table, key } = response;
      const code = fault(key);
      if (code !== undefined) return { TableName: table.name, Error: { Code: code, Message: `scripted ${code}` } };
      try {
        execute(statement, key, table, request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD');
        return { TableName: table.name };
      } catch (thrown) {
        if (thrown instanceof ScriptedError) return errorOf(thrown, table.name);
        throw thrown;
      }
    }),
  };
};

const errorOf = ({ type, message, item }: ScriptedError, table: string): object => ({
  TableName: table,
  Error: {
    Code: codes[type] ?? 'InternalServerError',
    Message: message,
    ...(item === undefined ? {} : { Item: item }),
  },
});
