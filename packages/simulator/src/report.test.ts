import { describe, expect, it } from 'vitest';
import { faultCells } from './fault-cells.ts';
import { type FaultClass, faultClasses } from './fault-classes.ts';
import { commandOf, describeHits, oddCells } from './report.ts';
import { addSums, noSums } from './sums.ts';

const lineOf = (lines: readonly string[], fault: string): string[] =>
  lines.find((line) => line.startsWith(`${fault} `))?.split(/\s+/) ?? [];

describe('the matrix of faults and places', () => {
  it('tells cells that were not hit from cells that cannot be', () => {
    const lines = describeHits({ 'index-stale': { 'audit-job': 1_200 }, 'slow-down': { 'split-file': 3 } });
    expect(lines).toHaveLength(faultClasses.length + 1);
    expect(lineOf(lines, 'index-stale')).toEqual(['index-stale', '-', '-', '-', '-', '-', '-', '-', '1,200']);
    expect(lineOf(lines, 'slow-down')).toEqual(['slow-down', '-', '3', '0', '-', '-', '-', '-', '0']);
    expect(new Set(lines.map(({ length }) => length)).size).toBe(1);
  });

  it('shows a hit where none can be', () => {
    const hits = { 'index-stale': { 'split-file': 2 } };
    expect(lineOf(describeHits(hits), 'index-stale')).toContain('2!');
    expect(oddCells(hits)).toContain('index-stale at split-file: struck, and could not: it alone asks an index');
    expect(oddCells(hits)).toContain('index-stale at audit-job: never struck');
  });

  it('has a place for every fault class', () => {
    for (const fault of faultClasses) expect(faultCells[fault].at).not.toEqual([]);
  });
});

describe('sums', () => {
  it('add up, cell by cell, and leave what they add as it was', () => {
    const sums = noSums();
    const more = { ...noSums(), runs: 2, rows: 5, hits: { crash: { 'split-file': 1 } } };
    addSums(sums, more);
    addSums(sums, { ...more, hits: { crash: { 'split-file': 2, 'audit-job': 4 }, zombie: { 'clean-rows': 1 } } });
    expect(sums).toMatchObject({ runs: 4, rows: 10 });
    expect(sums.hits).toEqual({ crash: { 'split-file': 3, 'audit-job': 4 }, zombie: { 'clean-rows': 1 } });
    expect(more.hits).toEqual({ crash: { 'split-file': 1 } });
  });
});

describe('the command that repeats a run', () => {
  it('names what is not as usual', () => {
    expect(commandOf({ seed: 7, knobs: {}, scenario: 'swarm', kills: [] })).toBe('make sim SEED=7');
    expect(
      commandOf({
        seed: 1,
        knobs: { uploads: 2, records: 9, without: ['crash', 'zombie'] },
        scenario: 'small',
        kills: [
          { call: 3, phase: 'before' },
          { call: 40, phase: 'after' },
        ],
      }),
    ).toBe('make sim SEED=1 SCENARIO=small UPLOADS=2 RECORDS=9 KILLS=3-before,40-after WITHOUT=crash,zombie');
  });

  it('names the fault classes that are left when they are fewer', () => {
    const left = (faults: readonly FaultClass[]) =>
      commandOf({
        seed: 7,
        knobs: { without: faultClasses.filter((fault) => !faults.includes(fault)) },
        scenario: 'swarm',
        kills: [],
      });
    expect(left(['zombie', 'crash'])).toBe('make sim SEED=7 FAULTS=crash,zombie');
    expect(left([])).toBe('make sim SEED=7 FAULTS=none');
  });
});
