import type { Run } from './campaign.ts';
import { faultCells, places } from './fault-cells.ts';
import { type FaultClass, faultClasses } from './fault-classes.ts';
import type { MutationResult } from './mutation-runs.ts';
import type { Outcome } from './simulate.ts';
import type { Sums } from './sums.ts';
import { alignLeft, alignRight } from './text-table.ts';
import type { Hits } from './world.ts';

const count = (number: number): string => Math.round(number).toLocaleString('en-US');

/** What came of simulations, in two lines. */
export const describeSums = (sums: Sums, seconds: number): string[] => {
  const { runs, busyMilliseconds, virtualMilliseconds, calls, rows } = sums;
  return [
    `${count(runs)} simulations in ${seconds.toFixed(1)} s, ${(busyMilliseconds / Math.max(1, runs)).toFixed(1)} ms each on one core`,
    `${count(virtualMilliseconds / 3_600_000)} h of virtual time, ${count(calls)} port calls, ${count(rows)} rows planned`,
  ];
};

/** Hits of every fault class by place: `-` where it cannot strike, `!` where it did all the same. */
export const describeHits = (hits: Hits): string[] => {
  const rows = faultClasses.map((fault) => [
    fault,
    ...places.map((place) => {
      const found = hits[fault]?.[place] ?? 0;
      if (faultCells[fault].at.includes(place)) return count(found);
      return found === 0 ? '-' : `${count(found)}!`;
    }),
  ]);
  return alignRight([['fault', ...places], ...rows]);
};

/** Cells that could have been hit and were not, and such as were hit and could not have been. */
export const oddCells = (hits: Hits): string[] =>
  faultClasses.flatMap((fault) =>
    places.flatMap((place) => {
      const isHit = (hits[fault]?.[place] ?? 0) > 0;
      const canBe = faultCells[fault].at.includes(place);
      if (isHit === canBe) return [];
      return [
        `${fault} at ${place}: ${canBe ? 'never struck' : `struck, and could not: ${faultCells[fault].because}`}`,
      ];
    }),
  );

/** The command that repeats a run. */
export const commandOf = ({ seed, knobs, scenario, kills }: Run): string =>
  [
    `make sim SEED=${seed}`,
    ...(scenario === 'swarm' ? [] : [`SCENARIO=${scenario}`]),
    ...(knobs.uploads === undefined ? [] : [`UPLOADS=${knobs.uploads}`]),
    ...(knobs.records === undefined ? [] : [`RECORDS=${knobs.records}`]),
    ...(kills.length === 0 ? [] : [`KILLS=${kills.map(({ call, phase }) => `${call}-${phase}`).join(',')}`]),
    ...faultsOf(knobs.without ?? []),
  ].join(' ');

/** The shorter of what is left out and what is left in. */
const faultsOf = (without: readonly FaultClass[]): string[] => {
  if (without.length === 0) return [];
  const left = faultClasses.filter((fault) => !without.includes(fault));
  return without.length <= left.length ? [`WITHOUT=${without.join(',')}`] : [`FAULTS=${left.join(',') || 'none'}`];
};

/** What a simulation came to, for whoever is to understand it. */
export const describeOutcome = (outcome: Outcome): string[] => {
  const { faults, violation, digest, virtualMilliseconds, calls, rows } = outcome;
  return [
    `drawn    ${faults.join(', ') || 'nothing'}`,
    `came to  ${(virtualMilliseconds / 3_600_000).toFixed(1)} h of virtual time, ${count(calls)} port calls, ${count(rows)} rows planned, digest ${digest}`,
    `found    ${violation?.message ?? 'that every invariant holds'}`,
  ];
};

export const describeTrace = ({ trace }: Outcome): string[] => [
  'trace    its end, in seconds of virtual time',
  ...trace.map((line) => `  ${line}`),
];

export const describeMutations = (results: readonly MutationResult[]): string[] =>
  alignLeft([
    ['id', 'caught by', 'seeds', 'seconds', 'the bug'],
    ...results.map(({ mutation, caughtBy, seeds, seconds }) => [
      mutation.id,
      caughtBy ?? 'SURVIVES',
      count(seeds),
      seconds.toFixed(1),
      mutation.text,
    ]),
  ]);
