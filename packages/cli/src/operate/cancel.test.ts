import { emptyAuditNote } from '@sluice/core/ledger';
import { parseAuditMessage } from '@sluice/core/messages';
import type { AuditNote } from '@sluice/core/ports/job-store';
import { jobStates, terminalStates } from '@sluice/core/ports/job-store';
import { describe, expect, it } from 'vitest';
import { cancel } from './cancel.ts';
import { createOperateHarness, jobId } from './operate-harness.ts';

const csv = 'a\n1\n2\n3\n4\n';
/** What an audit found of the one chunk: a row is done, one is dead, and the others are open. */
const audited: AuditNote = { ...emptyAuditNote, witnesses: [[0, 2, 1, 1, 0, 1]] };
const fates = { 2: 'PENDING', 3: 'PENDING', 4: 'ABSENT' } as const;

describe('cancel', () => {
  it.each(jobStates.filter((state) => !terminalStates.includes(state)))('ends a job that is %s', async (state) => {
    const { addJob, session, jobs, clock, queues, value, questions } = createOperateHarness({ answers: [true] });
    await addJob({
      csv,
      fates,
      marks: [{ chunk: 0, row: 3 }],
      job: { state, auditAt: 0, announcedAt: undefined as never, audited },
    });
    clock.pass(5_000);
    expect(await cancel(session, jobId)).toBe(0);
    expect(jobs.jobOf(jobId)).toMatchObject({ state: 'REFUSED', reason: { code: 'CANCELLED' }, auditAt: clock.now() });
    expect(queues.audits.bodies.map(parseAuditMessage)).toEqual([{ v: 1, kind: 'audit', jobId }]);
    const left =
      state === 'HELD' || state === 'STALLED' ? '0 of 4 rows are open, 3 dead' : '2 of 4 rows are open, 1 dead';
    expect(questions).toEqual([`Cancel ${jobId} for good? It is ${state}: ${left}, as its last audit found them.`]);
    expect(value()).toMatchObject({ state: 'REFUSED', isCancelled: true });
  });

  it('reads no row of a job, which may have very many', async () => {
    const { addJob, session, rows } = createOperateHarness({ answers: [true] });
    await addJob({ csv, fates });
    const before = rows.calls.length;
    await cancel(session, jobId);
    expect(rows.calls.slice(before)).toEqual([]);
  });

  it('says so when nobody knows the rows yet', async () => {
    const { addJob, session, questions } = createOperateHarness({ answers: [true] });
    await addJob({ csv, job: { state: 'PLANNING', plan: undefined as never } });
    await cancel(session, jobId);
    expect(questions[0]).toMatch(/It is PLANNING: its file is not planned to the end\.$/);
  });

  it('changes nothing when the answer is no', async () => {
    const { addJob, session, jobs, queues, lines } = createOperateHarness({ answers: [false] });
    await addJob({ csv });
    expect(await cancel(session, jobId)).toBe(1);
    expect([jobs.jobOf(jobId).state, queues.audits.sends, lines()]).toEqual(['OPEN', [], ['nothing was changed']]);
  });

  it.each(terminalStates)('is refused for a job that is %s, and nobody is asked', async (state) => {
    const { addJob, session, queues } = createOperateHarness();
    await addJob({ csv, job: { state } });
    await expect(cancel(session, jobId)).rejects.toThrow(
      `cancel: expected a job that is not at its end, found it ${state}`,
    );
    expect(queues.audits.sends).toEqual([]);
  });

  it('is refused when the job ends while the question is open', async () => {
    const { addJob, session, jobs } = createOperateHarness();
    await addJob({ csv });
    const asking = {
      ...session,
      ask: async () => jobs.changeJob(jobId, ['OPEN'], { state: 'COMPLETE' }),
    };
    await expect(cancel(asking, jobId)).rejects.toThrow('found it COMPLETE');
    expect(jobs.jobOf(jobId).state).toBe('COMPLETE');
  });
});
