import { basename } from 'node:path';
import type { Category } from './categories.ts';
import { categoryOf } from './categories.ts';
import type { CpuProfile, Frame } from './cpu-profile.ts';
import { selfTimesOf } from './cpu-profile.ts';

export type FunctionTime = { readonly name: string; readonly microseconds: number };

/** What one thread's time went to; sums to the whole. */
export type ThreadTimes = {
  readonly thread: string;
  readonly microseconds: number;
  readonly byCategory: ReadonlyMap<Category, number>;
  /** Functions of each category, the largest first. */
  readonly functions: ReadonlyMap<Category, readonly FunctionTime[]>;
};

const nameOf = ({ functionName, url, lineNumber }: Frame): string =>
  url === '' ? functionName || '(native)' : `${functionName || '(anonymous)'} ${basename(url)}:${lineNumber + 1}`;

/** Native code is told by who called it. */
const leafName = (frames: readonly Frame[]): string => {
  const script = frames.find(({ url }) => url !== '' && !url.startsWith('node:'));
  const leaf = frames[0];
  if (leaf === undefined) return '(root)';
  return script === undefined || script === leaf ? nameOf(leaf) : `${nameOf(leaf)} in ${nameOf(script)}`;
};

export const sumProfile = (thread: string, profile: CpuProfile): ThreadTimes => {
  const byCategory = new Map<Category, number>();
  const byFunction = new Map<Category, Map<string, number>>();
  let sum = 0;
  for (const { frames, microseconds } of selfTimesOf(profile)) {
    const category = categoryOf(frames);
    const name = leafName(frames);
    sum += microseconds;
    byCategory.set(category, (byCategory.get(category) ?? 0) + microseconds);
    const own = byFunction.get(category) ?? new Map<string, number>();
    byFunction.set(category, own.set(name, (own.get(name) ?? 0) + microseconds));
  }
  const functions = new Map<Category, readonly FunctionTime[]>();
  for (const [category, times] of byFunction) {
    const sorted = [...times].map(([name, microseconds]) => ({ name, microseconds }));
    functions.set(
      category,
      sorted.sort((a, b) => b.microseconds - a.microseconds),
    );
  }
  return { thread, microseconds: sum, byCategory, functions };
};

/** The thread of a local run that a worker's profile is of, by what it did most; a worker that did nothing has no other name. */
export const workerName = ({ byCategory }: Pick<ThreadTimes, 'byCategory'>): string => {
  const sum = (...names: readonly Category[]): number =>
    names.reduce((total, name) => total + (byCategory.get(name) ?? 0), 0);
  const reading = sum(
    'csv-parse',
    'splitting into fields',
    'cleaning',
    'cleaning stage',
    'schema',
    'scan',
    'splitting stage',
  );
  const processing = sum('processor (user code)', 'calling of the processor');
  if (reading === processing) return 'worker';
  return reading > processing ? 'reading' : 'processing';
};
