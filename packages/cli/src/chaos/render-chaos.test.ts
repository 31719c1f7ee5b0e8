import { describe, expect, it } from 'vitest';
import { holds, renderChaos } from './render-chaos.ts';
import type { Findings } from './verdict.ts';

const report = (findings: Findings | undefined) => ({
  seed: 7,
  calls: 12_345,
  rounds: 2,
  hits: { crash: { 'store-rows': 1_200 }, zombie: { service: 1, 'audit-job': 2 } },
  findings,
});

describe('what is told of a run under faults', () => {
  it('is its seed, what struck where, and that all holds', () => {
    const text = renderChaos(report(new Map()));
    expect(text).toContain('chaos, seed 7: 1,203 faults struck 12,345 port calls; redriven and repaired 2 times\n');
    expect(text).toMatch(/ {2}fault {3}service {2}store-rows {2}audit-job\n/);
    expect(text).toMatch(/ {2}crash +- +1,200 +-\n {2}zombie +1 +- +2\n/);
    expect(text.match(/ holds /g)).toHaveLength(11);
    expect(text).not.toContain('BROKEN');
    expect(holds(report(new Map()))).toBe(true);
  });

  it('names what is broken, and repeats it in one line', () => {
    const found = report(
      new Map([
        ['I3', { isBroken: true, text: 'expected a row, found none' }],
        ['files', { isBroken: false, text: 'not known: I3 broke first' }],
      ]),
    );
    const text = renderChaos(found);
    expect(text).toMatch(/ {2}I3 +BROKEN +expected a row, found none\n/);
    expect(text).toMatch(/ {2}files +- +not known: I3 broke first\n/);
    expect(text).toContain('sluice: broken under faults: I3; please report it with the seed and report.json\n');
    expect(holds(found)).toBe(false);
  });

  it('says of a run that was interrupted that nothing was looked at', () => {
    const text = renderChaos(report(undefined));
    expect(text.match(/not looked at/g)).toHaveLength(11);
    expect(holds(report(undefined))).toBe(false);
  });
});
