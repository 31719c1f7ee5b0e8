import type { Condition } from './scripted-condition.ts';
import { conjuncts, holds } from './scripted-condition.ts';
import { refuse } from './scripted-error.ts';
import type { Expressions } from './scripted-expression.ts';
import { project } from './scripted-expression.ts';
import type { Attribute, Item } from './scripted-item.ts';
import { itemBytes, readItem } from './scripted-item.ts';
import type { KeySchema, ScriptedTable } from './scripted-table.ts';

type QueryInput = {
  readonly IndexName?: string;
  readonly ConsistentRead?: boolean;
  readonly KeyConditionExpression?: string;
  readonly FilterExpression?: string;
  readonly ProjectionExpression?: string;
  readonly ExclusiveStartKey?: object;
  readonly Limit?: number;
  readonly ScanIndexForward?: boolean;
};

/** The name of the one attribute that a part of a key condition speaks of. */
const nameIn = (part: Condition): string | undefined => {
  if (part.kind === 'compare')
    return part.left.kind === 'name' && part.right.kind === 'value' ? part.left.name : undefined;
  if (part.kind !== 'between' && part.kind !== 'begins') return undefined;
  return part.operand.kind === 'name' ? part.operand.name : undefined;
};

/** The partition a key condition asks for; refuses all but one equality on it and at most one condition on the sort key. */
const partitionIn = (condition: Condition | undefined, keys: KeySchema): Attribute => {
  const parts = condition === undefined ? [] : (conjuncts(condition) ?? []);
  const onHash = parts.filter((part) => nameIn(part) === keys.hash);
  const onRange = parts.filter((part) => keys.range !== undefined && nameIn(part) === keys.range);
  const [equality] = onHash;
  const isKeyCondition = onHash.length === 1 && onRange.length <= 1 && parts.length === onHash.length + onRange.length;
  if (isKeyCondition && equality?.kind === 'compare' && equality.operator === '=' && equality.right.kind === 'value') {
    return equality.right.value;
  }
  return refuse('ValidationException', 'Query key condition not supported');
};

/** The attributes that say where the next page begins. */
const startOf = (item: Item, table: ScriptedTable, keys: KeySchema): Item =>
  project(item, [keys.hash, keys.range ?? '', table.keys.hash, table.keys.range ?? '']);

/**
 * One page of a query: it ends where it went through `pageBytes` of items, or `Limit` of them, before filter and projection.
 * A page that ends with the last item still says that there may be more, as DynamoDB does.
 */
export const queryPage = (
  table: ScriptedTable,
  input: QueryInput,
  expressions: Expressions,
  pageBytes: number,
): object => {
  const { IndexName, ConsistentRead, Limit = Number.POSITIVE_INFINITY, ExclusiveStartKey, ScanIndexForward } = input;
  const keys = IndexName === undefined ? table.keys : table.indexes.get(IndexName);
  if (keys === undefined)
    return refuse('ValidationException', `The table does not have the specified index: ${IndexName}`);
  if (IndexName !== undefined && ConsistentRead === true) {
    refuse('ValidationException', 'Consistent reads are not supported on global secondary indexes');
  }
  const keyCondition = expressions.condition(input.KeyConditionExpression);
  const filter = expressions.condition(input.FilterExpression);
  const names = expressions.projection(input.ProjectionExpression);
  expressions.expectAllUsed();

  const inOrder = table
    .partition(keys, partitionIn(keyCondition, keys))
    .filter((item) => keyCondition !== undefined && holds(keyCondition, item));
  const items = ScanIndexForward === false ? inOrder.toReversed() : inOrder;
  const startKey = ExclusiveStartKey === undefined ? undefined : readItem(ExclusiveStartKey);
  const isStart = (item: Item): boolean =>
    startKey !== undefined &&
    Object.entries(startKey).every(([name, value]) => JSON.stringify(item[name]) === JSON.stringify(value));
  const from = startKey === undefined ? 0 : items.findIndex(isStart) + 1;
  if (startKey !== undefined && from === 0) refuse('ValidationException', 'The provided starting key is invalid');

  let to = from;
  let bytes = 0;
  while (to < items.length && to - from < Limit && bytes < pageBytes) bytes += itemBytes(items[to++] ?? {});
  const last = items[to - 1];
  const hasMore = to < items.length || to - from === Limit;
  // An index that projects keys alone holds nothing else.
  const shown = items
    .slice(from, to)
    .filter((item) => filter === undefined || holds(filter, item))
    .map((item) => project(IndexName === undefined ? item : startOf(item, table, keys), names));
  return {
    Items: shown,
    Count: shown.length,
    ScannedCount: to - from,
    ...(hasMore && last !== undefined ? { LastEvaluatedKey: startOf(last, table, keys) } : {}),
  };
};
