import type { JobState } from '@sluice/core/ports/job-store';

// The design's states of a job, and how it may move between them.

export const terminalStates: ReadonlySet<JobState> = new Set(['COMPLETE', 'SUPERSEDED', 'REFUSED']);

/** What a job may do without a plan; every other state needs one. */
export const unplannedStates: ReadonlySet<JobState> = new Set(['PLANNING', 'HELD', 'SUPERSEDED', 'REFUSED']);

/** INCONSISTENT stands nowhere: a pipeline that works never comes to it. */
export const nextStates: Readonly<Record<JobState, readonly JobState[]>> = {
  PLANNING: ['OPEN', 'HELD', 'SUPERSEDED', 'REFUSED'],
  OPEN: ['COMPLETE', 'HELD', 'STALLED', 'SUPERSEDED', 'REFUSED'],
  HELD: ['OPEN', 'COMPLETE', 'STALLED', 'SUPERSEDED', 'REFUSED'],
  STALLED: ['OPEN', 'COMPLETE', 'HELD', 'SUPERSEDED', 'REFUSED'],
  INCONSISTENT: [],
  COMPLETE: [],
  SUPERSEDED: [],
  REFUSED: [],
};
