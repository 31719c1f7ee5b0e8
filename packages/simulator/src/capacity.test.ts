import { describe, expect, test } from 'vitest';
import { createCapacity } from './capacity.ts';

const setUp = (unitsPerSecond: number, hasMaximum = false) => {
  let now = 0;
  const clock = { now: () => now, sleep: () => Promise.resolve() };
  const capacity = createCapacity(clock, unitsPerSecond, hasMaximum);
  return {
    pass(seconds: number) {
      now += seconds * 1000;
    },
    /** One unit each for so many keys. */
    take: (units: number, key = 'key') =>
      capacity.take(new Map(Array.from({ length: units }, (_, i) => [`${key} ${i}`, 1]))),
    takeOne: (key: string, units: number) => capacity.take(new Map([[key, units]])),
  };
};

describe('capacity of an on-demand table', () => {
  test('saves five minutes up, then takes what a second brings', () => {
    const table = setUp(10);
    for (let i = 0; i < 300; i++) expect(table.take(10, `${i}`)).toBe(true);
    expect(table.take(10)).toBe(false);
    table.pass(0.5);
    expect([table.take(10), table.take(5), table.take(5)]).toEqual([false, true, false]);
    table.pass(1);
    expect(table.take(10)).toBe(true);
  });

  test('a call that is throttled takes nothing', () => {
    const table = setUp(10);
    for (let i = 0; i < 300; i++) table.take(10, `${i}`);
    table.pass(1);
    for (let i = 0; i < 5; i++) expect(table.takeOne(`large ${i}`, 11)).toBe(i === 0);
  });

  test('doubles half an hour after it was too little', () => {
    const table = setUp(10);
    for (let i = 0; i < 300; i++) table.take(10, `${i}`);
    expect(table.take(10)).toBe(false);
    table.pass(29 * 60);
    expect(table.take(1)).toBe(true);
    let before = 1;
    while (table.take(1, `${before}`)) before++;
    expect(before).toBe(3_000);
    table.pass(60);
    table.take(1);
    table.pass(1_000);
    let after = 0;
    while (table.take(1, `${after}`)) after++;
    expect(after).toBe(6_000);
  });

  test('stays as it is where a maximum is set', () => {
    const table = setUp(10, true);
    for (let i = 0; i < 300; i++) table.take(10, `${i}`);
    expect(table.take(10)).toBe(false);
    table.pass(24 * 3600);
    let taken = 0;
    while (table.take(1, `${taken}`)) taken++;
    expect(taken).toBe(3_000);
  });

  test('one partition key takes a thousand units a second, whatever the table takes', () => {
    const table = setUp(40_000);
    expect(table.takeOne('hot', 1_000)).toBe(true);
    expect([table.takeOne('hot', 1), table.takeOne('cool', 1)]).toEqual([false, true]);
    table.pass(0.1);
    expect([table.takeOne('hot', 100), table.takeOne('hot', 1)]).toEqual([true, false]);
  });
});
