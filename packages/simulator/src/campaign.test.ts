import { describe, expect, it } from 'vitest';
import { type Campaign, openCampaign, type Run } from './campaign.ts';

const runsOf = (campaign: Campaign): Run[] => {
  const { runs, at } = openCampaign(campaign);
  return Array.from({ length: runs }, (_, index) => at(index));
};
const killsOf = (campaign: Campaign): string[] =>
  runsOf(campaign).map(({ kills }) => kills.map(({ call, phase }) => `${call} ${phase}`).join(', '));

describe('a campaign', () => {
  it('of seeds goes through them in order', () => {
    expect(runsOf({ kind: 'seeds', from: 7, count: 2, scenario: 'small' })).toEqual([
      { seed: 7, knobs: {}, scenario: 'small', kills: [] },
      { seed: 8, knobs: {}, scenario: 'small', kills: [] },
    ]);
  });

  it('of deaths strikes every call in both phases', () => {
    expect(killsOf({ kind: 'kills', calls: 2 })).toEqual(['1 before', '1 after', '2 before', '2 after']);
    expect(runsOf({ kind: 'kills', calls: 1 })[0]).toMatchObject({ seed: 1, scenario: 'small' });
  });

  it('of pairs strikes every later call of each run with one death, those too that the death brought about', () => {
    expect(killsOf({ kind: 'pairs of kills', calls: [2, 3, 2, 2, 0] })).toEqual([
      '1 before, 2 before',
      '1 before, 2 after',
      '1 after, 2 before',
      '1 after, 2 after',
      '1 after, 3 before',
      '1 after, 3 after',
    ]);
  });

  it('of pairs holds each pair once', () => {
    const kills = killsOf({ kind: 'pairs of kills', calls: Array.from({ length: 24 }, (_, n) => 12 + (n % 5)) });
    expect(new Set(kills).size).toBe(kills.length);
    expect(kills.length).toBe(
      Array.from({ length: 24 }, (_, n) => 2 * Math.max(0, 12 + (n % 5) - 1 - Math.floor(n / 2))).reduce(
        (a, b) => a + b,
      ),
    );
  });
});
