import type { AttributeValue } from '@aws-sdk/client-dynamodb';

// What marshall and unmarshall of @aws-sdk/util-dynamodb do, for the values that JSON has; without their options and their classes for
// sets and numbers, so a little cheaper.

export const marshall = (value: unknown): AttributeValue => {
  if (value === null) return { NULL: true };
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  if (typeof value === 'boolean') return { BOOL: value };
  if (Array.isArray(value)) return { L: value.map(marshall) };
  return { M: marshallItem(value as object) };
};

export const marshallItem = (item: object): Record<string, AttributeValue> => {
  const marshalled: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(item)) marshalled[name] = marshall(value);
  return marshalled;
};

/** Attribute values as the SDK has them, and as an event has them. */
type Held = {
  readonly S?: string | undefined;
  readonly N?: string | undefined;
  readonly BOOL?: boolean | undefined;
  readonly L?: readonly Held[] | undefined;
  readonly M?: Readonly<Record<string, Held>> | undefined;
};

const unmarshall = ({ S, N, BOOL, L, M }: Held): unknown => {
  if (S !== undefined) return S;
  if (N !== undefined) return Number(N);
  if (BOOL !== undefined) return BOOL;
  if (L !== undefined) return L.map(unmarshall);
  if (M !== undefined) return unmarshallItem(M);
  return null;
};

export const unmarshallItem = (item: Readonly<Record<string, Held>>): Record<string, unknown> => {
  const unmarshalled: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(item)) unmarshalled[name] = unmarshall(value);
  return unmarshalled;
};
