import type { Run } from './campaign.ts';

/** A run that once broke an invariant: what it was, and where it was put right. */
export type Regression = Pick<Run, 'seed' | 'knobs'> &
  Partial<Pick<Run, 'scenario' | 'kills'>> & { readonly found: string; readonly fixed: string };

/** `make test` runs them all. A seed draws other faults once the draws themselves change; the knobs say what it needed. */
export const regressions: readonly Regression[] = [
  {
    seed: 3,
    knobs: {},
    scenario: 'small-table',
    found:
      'a table that was full for 49 minutes had finish-rows mark a pack of 254 rows dead: all of its deliveries had been throttled',
    fixed: 'core/src/settle.ts sends again what only waited for its turn',
  },
  {
    seed: 1,
    knobs: {},
    scenario: 'outage',
    found:
      'in an outage of six hours every row died within minutes: packs came back split, and singles were blamed one by one',
    fixed: 'core/src/outage.ts remembers what failed in a row; packs come again as packs',
  },
  {
    seed: 64,
    knobs: {},
    found:
      'merged rejects without a header lost the U+FEFF that their first row began with, once they were uploaded again',
    fixed: 'audit-job/src/merge-rejects.ts puts a mark before it',
  },
  {
    seed: 19_212,
    knobs: {},
    found: 'messages of five jobs in one batch: process-rows looked all of them up at once, up to twenty-five',
    fixed: 'process-rows/src/cancelled-jobs.ts looks four up at a time',
  },
  {
    seed: 100_734,
    knobs: {},
    found:
      'a job ended while a slower planner read the head of its file; that one sent chunks all the same, of a job without a layout, and clean-rows handed them back for ever',
    fixed: 'split-file.ts stops where the job has ended, clean-rows.ts leaves chunks of an ended job alone',
  },
  {
    seed: 109_945,
    knobs: {},
    found: 'of sixteen lookups at once one failed, the audit ended, and the others went on into the next invocation',
    fixed: 'core/src/wait-for-all.ts rejects only when nothing is under way any more',
  },
  {
    seed: 262_255,
    knobs: {},
    found: 'where one invocation was too short to merge the rejects of a job it died over them, again and again',
    fixed: 'audit-job/src/merge-rejects.ts lists them instead once the time runs short',
  },
  {
    seed: 354_851,
    knobs: {},
    found:
      'an upload whose ten deliveries all failed before its job could be created was marked, and the auditor took the mark for one of a stranger',
    fixed:
      'auditors/row-history.ts: a planner that heard of no answer cannot know whether there is a job, and marks the file',
  },
];
