import { describe, expect, it } from 'vitest';
import { categoryOf } from './categories.ts';
import type { CpuProfile, Frame } from './cpu-profile.ts';
import { renderProfile, renderProfileMarkdown } from './render-profile.ts';
import { sumProfile, workerName } from './sum-profile.ts';

const frame = (functionName: string, url = '', lineNumber = 41): Frame => ({
  functionName,
  url,
  lineNumber,
  columnNumber: 2,
});

const source = (file: string): string => `file:///sluice/packages/${file}`;

/** A scan that searches, a run of SQLite, what nobody knows, and what V8 says of itself. */
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 4, 6, 7, 8] },
    { id: 2, callFrame: frame('scan', source('core/src/csv/scan.ts')), children: [3] },
    { id: 3, callFrame: frame('indexOf') },
    { id: 4, callFrame: frame('write', source('local-cloud/src/database.ts')), children: [5] },
    { id: 5, callFrame: frame('run') },
    { id: 6, callFrame: frame('riddle', 'file:///elsewhere/riddle.ts') },
    { id: 7, callFrame: frame('(garbage collector)') },
    { id: 8, callFrame: frame('(idle)') },
  ],
  startTime: 1_000,
  endTime: 11_000,
  samples: [2, 3, 3, 5, 6, 7, 8],
  timeDeltas: [500, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000],
};

describe('a profile', () => {
  it('is summed by what the time was spent on, native code with its caller, up to its whole length', () => {
    const times = sumProfile('main', profile);
    expect(Object.fromEntries(times.byCategory)).toEqual({
      scan: 3_000,
      'SQLite write': 1_000,
      unknown: 1_000,
      'garbage collection': 1_000,
      // What is left after the last sample.
      idle: 3_500,
    });
    expect(times.microseconds).toBe(9_500);
    expect(times.functions.get('scan')).toEqual([
      { name: 'indexOf in scan scan.ts:42', microseconds: 2_000 },
      { name: 'scan scan.ts:42', microseconds: 1_000 },
    ]);
  });

  it('names the functions that it cannot place, and gives the time of a row', () => {
    const threads = [sumProfile('main', profile), sumProfile('reading', profile)];
    const text = renderProfile(threads, 1_000);
    expect(text).toMatch(/^scan +3 +31\.6 % +3 +31\.6 % +6\.00$/m);
    expect(text).toMatch(/^all but idle +6 +63\.2 % +6 +63\.2 % +12\.00$/m);
    expect(text).toMatch(/^all +10 +100\.0 % +10 +100\.0 %/m);
    expect(text).toContain('unknown: riddle riddle.ts:42 1\n');
    expect(renderProfileMarkdown(threads, 1_000)).toContain('| scan | 3 | 31.6 % | 3 | 31.6 % | 6.00 |\n');
  });
});

it.each([
  ['cleaning', [frame('RegExp: x'), frame('cleanField', source('core/src/clean/field.ts'))]],
  ['schema', [frame('readDate', source('core/src/clean/date.ts'))]],
  ['csv-parse', [frame('parse', 'file:///node_modules/csv-parse/lib/sync.js')]],
  ['messages between threads', [frame('postMessage'), frame('say', source('local-cloud/src/function-worker.ts'))]],
  [
    'SQLite read',
    [
      frame('all'),
      frame('', source('local-cloud/src/database.ts')),
      frame('all', source('local-cloud/src/database.ts')),
    ],
  ],
  [
    'SQLite commit',
    [
      frame('exec'),
      frame('', source('local-cloud/src/database.ts')),
      frame('commit', source('local-cloud/src/database.ts')),
    ],
  ],
  ['processor (user code)', [frame('toMinorUnits', 'file:///tmp/sluice-1/processor.mjs')]],
  ['module loading', [{ ...frame('', source('core/src/pack.ts'), 0), columnNumber: 0 }]],
  [
    'packing and JSON',
    [frame('parse', 'file:///node_modules/zod/v4/core/parse.js'), frame('parse', source('core/src/messages.ts'))],
  ],
  ['settlement', [frame('now', 'node:internal/timers'), frame('settle', source('core/src/settle.ts'))]],
  ['event loop', [frame('processTimers', 'node:internal/timers')]],
  ['unknown', []],
] as const)('what %s is for is told by the function or its callers', (category, frames) => {
  expect(categoryOf(frames)).toBe(category);
});

it('tells the worker that reads from the one that processes', () => {
  const of = (url: string) =>
    workerName(
      sumProfile('', {
        ...profile,
        nodes: profile.nodes.map((node) => (node.id === 6 ? { id: 6, callFrame: frame('work', url) } : node)),
        samples: [6],
        timeDeltas: [0],
      }),
    );
  expect(of(source('process-rows/src/process-rows.ts'))).toBe('processing');
  expect(of(source('core/src/clean/field.ts'))).toBe('reading');
});
