import { refuse } from './scripted-error.ts';
import type { Attribute, Item } from './scripted-item.ts';
import { compare, hashBytesMax, itemBytes, itemBytesMax, rangeBytesMax } from './scripted-item.ts';

/** The attributes that make a key: of the table, or of an index. */
export type KeySchema = { readonly hash: string; readonly range: string | undefined };

/** What a table was created with. */
export type TableSchema = {
  readonly name: string;
  readonly keys: KeySchema;
  readonly indexes: ReadonlyMap<string, KeySchema>;
  /** Type of each attribute that is part of a key. */
  readonly types: ReadonlyMap<string, 'S' | 'N'>;
};

/** One table: its items by key, each partition in order of its sort key. */
export type ScriptedTable = TableSchema & {
  readonly items: () => readonly Item[];
  /** The key of an item, and nothing else of it. Refuses what is no key of this table. */
  keyOf(item: Item): Item;
  get(key: Item): Item | undefined;
  /** Writes an item, over the one with its key. Refuses what DynamoDB would. */
  put(item: Item): void;
  /** Nothing happens when there is none. */
  remove(key: Item): void;
  /** Every item of a partition in order, of the table or of an index that holds it. */
  partition(keys: KeySchema, hash: Attribute): readonly Item[];
};

const textOf = (attribute: Attribute | undefined): string => JSON.stringify(attribute ?? null);

/** Orders items of one partition by its sort key; an index may hold equal ones, which it orders by the table's key. */
const byRange =
  (...names: readonly (string | undefined)[]) =>
  (a: Item, b: Item): number => {
    for (const name of names) {
      const [left, right] = name === undefined ? [] : [a[name], b[name]];
      const order = left === undefined || right === undefined ? 0 : compare(left, right);
      if (order !== undefined && order !== 0) return order;
    }
    return 0;
  };

export const createScriptedTable = (schema: TableSchema): ScriptedTable => {
  const { keys, indexes, types } = schema;
  type Partition = { readonly items: Map<string, Item>; sorted: readonly Item[] | undefined };
  const partitions = new Map<string, Partition>();
  const allItems = (): Item[] => [...partitions.values()].flatMap(({ items }) => [...items.values()]);

  const checkKey = (name: string, value: Attribute | undefined, bytesMax: number): void => {
    const type = types.get(name);
    if (value === undefined || type === undefined || !(type in value)) {
      refuse('ValidationException', `One or more parameter values were invalid: Missing or mistyped key ${name}`);
    } else if ('S' in value && (value.S === '' || Buffer.byteLength(value.S) > bytesMax)) {
      refuse('ValidationException', `One or more parameter values were invalid: Size of key ${name}`);
    }
  };

  const keyOf = (item: Item): Item => {
    const { hash, range } = keys;
    checkKey(hash, item[hash], hashBytesMax);
    if (range !== undefined) checkKey(range, item[range], rangeBytesMax);
    const names = Object.keys(item).filter((name) => name === hash || name === range);
    return Object.fromEntries(names.flatMap((name) => (item[name] === undefined ? [] : [[name, item[name]]])));
  };

  const rangeOf = (item: Item): string => (keys.range === undefined ? '' : textOf(item[keys.range]));

  return {
    ...schema,
    items: allItems,
    keyOf,
    get: (key) => partitions.get(textOf(key[keys.hash]))?.items.get(rangeOf(key)),
    put(item) {
      keyOf(item);
      for (const { hash, range } of indexes.values()) {
        if (item[hash] !== undefined) checkKey(hash, item[hash], hashBytesMax);
        if (range !== undefined && item[range] !== undefined) checkKey(range, item[range], rangeBytesMax);
      }
      if (itemBytes(item) > itemBytesMax) {
        refuse('ValidationException', 'Item size has exceeded the maximum allowed size');
      }
      const hash = textOf(item[keys.hash]);
      const partition = partitions.get(hash) ?? { items: new Map<string, Item>(), sorted: undefined };
      partition.items.set(rangeOf(item), item);
      partition.sorted = undefined;
      partitions.set(hash, partition);
    },
    remove(key) {
      const partition = partitions.get(textOf(key[keys.hash]));
      if (partition?.items.delete(rangeOf(key)) === true) partition.sorted = undefined;
    },
    partition(within, hash) {
      if (within !== keys) {
        return allItems()
          .filter((item) => textOf(item[within.hash]) === textOf(hash))
          .filter((item) => within.range === undefined || item[within.range] !== undefined)
          .sort(byRange(within.range, keys.hash, keys.range));
      }
      const found = partitions.get(textOf(hash));
      if (found === undefined) return [];
      found.sorted ??= [...found.items.values()].sort(byRange(keys.range));
      return found.sorted;
    },
  };
};
