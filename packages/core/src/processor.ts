import { hash } from 'node:crypto';

/** A cleaned value, as a processor sees it. Decimals, dates and datetimes are text. */
export type FieldValue = string | number | boolean | null;

/** One row of the file: `row` is its number, `line` its first physical line, both from 1; `data` has every column. */
export type Row<Data = Readonly<Record<string, FieldValue>>> = {
  readonly row: number;
  readonly line: number;
  readonly data: Data;
};

export type Context = {
  readonly jobId: string;
  /** The same for every try of a row and for no other row: the idempotency key for effects elsewhere. */
  readonly rowId: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Aborts when the row's time is up. */
  readonly signal: AbortSignal;
};

/** A plain JSON object that is kept with the row, or nothing. */
export type Result = Readonly<Record<string, unknown>> | null | undefined;

export type Processor<Data = Readonly<Record<string, FieldValue>>> = {
  readonly name: string;
  /**
   * Called at least once for each row. What it returns is kept with the row. `throw permanent(code, message)` fails the row for
   * good; any other error is tried again, at most four times more.
   */
  readonly process: (row: Row<Data>, context: Context) => Result | void | Promise<Result> | Promise<void>;
};

// A processor is bundled with its own copy of this module, so the mark is one that copies share.
const permanentMark: unique symbol = Symbol.for('sluice.permanent');

/** What `permanent` makes: an error that trying again cannot mend. */
export type PermanentError = Error & { readonly [permanentMark]: string };

/** Names a processor and checks that it is one. A module's default export is to be what this returns. */
export const defineProcessor = <Data = Readonly<Record<string, FieldValue>>>(
  processor: Processor<Data>,
): Processor<Data> => {
  const complaint = complainAboutProcessor(processor);
  if (complaint !== undefined) throw new TypeError(`defineProcessor: ${complaint}`);
  return processor;
};

/** An error that fails the row for good, with a code of your own: `throw permanent('UNKNOWN_CURRENCY', '...')`. */
export const permanent = (code: string, message: string): PermanentError =>
  Object.assign(new Error(message), { [permanentMark]: code });

/** The code and message of an error made by `permanent`; undefined for any other value. */
export const readPermanent = (thrown: unknown): { readonly code: string; readonly message: string } | undefined => {
  if (typeof thrown !== 'object' || thrown === null || !(permanentMark in thrown)) return undefined;
  return { code: String(thrown[permanentMark]), message: String((thrown as { message?: unknown }).message ?? '') };
};

/** What is wrong with a module's default export as a processor; undefined when it is one. */
export const complainAboutProcessor = (exported: unknown): string | undefined => {
  const found = typeof exported === 'object' && exported !== null ? (exported as Partial<Processor>) : undefined;
  if (found === undefined) return 'expected the default export to be defineProcessor({ name, process }), found none';
  if (typeof found.name !== 'string' || found.name === '') return 'expected a name, found none';
  if (typeof found.process !== 'function') return 'expected process to be a function, found none';
  return undefined;
};

/** Levels of a result: far more than any result needs, and a cycle has no end. */
const resultDepthMax = 32;

const complainAboutValue = (value: unknown, depth: number): string | undefined => {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'a number that is not finite';
  if (typeof value !== 'object') return `a value of type ${typeof value}`;
  if (depth === 0) return `more than ${resultDepthMax} levels (a cycle?)`;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const complaint = complainAboutValue(value[i], depth - 1);
      if (complaint !== undefined) return complaint;
    }
    return complainAboutToJson(value);
  }
  return complainAboutObject(value, depth - 1);
};

// JSON would call it, and keep what it returns instead.
const complainAboutToJson = (value: object): string | undefined =>
  'toJSON' in value && typeof value.toJSON === 'function' ? 'an object with a toJSON method' : undefined;

const complainAboutObject = (value: object, depth: number): string | undefined => {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return 'an object of a class of its own';
  for (const key in value) {
    const complaint = complainAboutValue((value as Readonly<Record<string, unknown>>)[key], depth);
    if (complaint !== undefined) return complaint;
  }
  return complainAboutToJson(value);
};

/**
 * What keeps a result from being kept as JSON exactly as it is: anything but null, booleans, finite numbers, text, arrays and
 * plain objects of these, and at the top anything but a plain object or nothing. Undefined when all is well.
 */
export const checkResult = (result: unknown): string | undefined => {
  if (result === undefined || result === null) return undefined;
  const isObject = typeof result === 'object' && !Array.isArray(result);
  const complaint = isObject
    ? complainAboutObject(result, resultDepthMax - 1)
    : `a result that is ${Array.isArray(result) ? 'an array' : `a ${typeof result}`}`;
  return complaint === undefined ? undefined : `expected a plain JSON object or nothing, found ${complaint}`;
};

/** Works on any columns: says how many values of the row are there, and a digest of them. */
export const defaultProcessor: Processor = defineProcessor({
  name: 'digest',
  process({ data }) {
    const values = Object.values(data);
    let filled = 0;
    for (const value of values) if (value !== null) filled++;
    return { filled, digest: hash('sha256', JSON.stringify(values), 'base64url').slice(0, 16) };
  },
});
