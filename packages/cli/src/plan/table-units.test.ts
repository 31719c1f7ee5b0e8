import { describe, expect, it } from 'vitest';
import { createTableUnits } from './table-units.ts';

describe('what a table takes', () => {
  it('doubles after half an hour in which it was full, up to its quota', () => {
    const table = createTableUnits(4_000);
    table.pass(1_000, 4_000);
    table.pass(5_000, 3_000);
    expect(table.perSecond()).toBe(4_000);
    expect(table.secondsLeft(4_000)).toBe(800);
    table.pass(800, 4_000);
    expect(table.perSecond()).toBe(8_000);
    for (let hour = 0; hour < 12; hour++) table.pass(1_800, table.perSecond());
    expect(table.perSecond()).toBe(40_000);
  });

  it('never has less than it was warmed to', () => {
    const table = createTableUnits(100_000);
    table.pass(7_200, 100_000);
    expect(table.perSecond()).toBe(100_000);
    expect(table.secondsLeft(100_000)).toBe(Number.POSITIVE_INFINITY);
  });

  it('gives what it saved up before it says no', () => {
    const table = createTableUnits(10, 300);
    expect(table.perSecond()).toBeGreaterThan(1e6);
    expect(table.secondsLeft(110)).toBe(30);
    table.pass(30, 110);
    expect(table.perSecond()).toBe(10);
  });
});
