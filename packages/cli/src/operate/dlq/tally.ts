import { type QueueName, queueNames } from '@sluice/core/ports/queue';
import type { Letter } from './letter.ts';
import type { Part } from './letter-parts.ts';

/** Groups that are told apart: codes are a processor's, and could be as many as there are rows. */
const groupsMax = 1_000;
const otherCodes = 'OTHER_CODES';

/** Letters of a queue that were given up for the same reason. A pack can be in several groups. */
export type Group = {
  readonly queue: QueueName;
  readonly stage: string;
  readonly code: string;
  letters: number;
  rows: number;
  readonly jobs: Set<string>;
  oldest: number;
  newest: number;
};

export type Tally = {
  add(letter: Letter, parts: readonly Part[]): void;
  /** Queue by queue in flow order, the largest first. */
  groups(): readonly Group[];
  readonly letters: number;
  readonly rows: number;
  readonly jobs: ReadonlySet<string>;
};

/** Counts letters by queue, stage and code. Memory holds ids of jobs, and nothing of the letters. */
export const createTally = (): Tally => {
  const groups = new Map<string, Group>();
  const jobs = new Set<string>();
  let letters = 0;
  let rows = 0;

  const groupOf = (queue: QueueName, stage: string, code: string): Group => {
    const key = JSON.stringify([queue, stage, code]);
    const found = groups.get(key);
    if (found !== undefined) return found;
    if (groups.size >= groupsMax && code !== otherCodes) return groupOf(queue, stage, otherCodes);
    const none = { letters: 0, rows: 0, oldest: Number.POSITIVE_INFINITY, newest: Number.NEGATIVE_INFINITY };
    const group: Group = { queue, stage, code, jobs: new Set(), ...none };
    groups.set(key, group);
    return group;
  };

  return {
    add(letter, parts) {
      letters++;
      const counted = new Set<Group>();
      for (const { error, jobId, rows: ofPart } of parts) {
        const group = groupOf(letter.queue, error.stage, error.code);
        if (!counted.has(group)) group.letters++;
        counted.add(group);
        group.rows += ofPart;
        rows += ofPart;
        group.oldest = Math.min(group.oldest, letter.sentAt);
        group.newest = Math.max(group.newest, letter.sentAt);
        if (jobId === undefined) continue;
        group.jobs.add(jobId);
        jobs.add(jobId);
      }
    },
    groups() {
      return [...groups.values()].sort(
        (a, b) => queueNames.indexOf(a.queue) - queueNames.indexOf(b.queue) || b.letters - a.letters,
      );
    },
    get letters() {
      return letters;
    },
    get rows() {
      return rows;
    },
    jobs,
  };
};
