import { parseAuditMessage } from '@sluice/core/messages';
import { jobStates, terminalStates } from '@sluice/core/ports/job-store';
import { describe, expect, it } from 'vitest';
import { cancel } from './cancel.ts';
import { createOperateHarness, jobId } from './operate-harness.ts';

const csv = 'a\n1\n2\n3\n4\n';
const fates = { 2: 'PENDING', 3: 'PENDING', 4: 'ABSENT' } as const;

describe('cancel', () => {
  it.each(jobStates.filter((state) => !terminalStates.includes(state)))('ends a job that is %s', async (state) => {
    const { addJob, session, jobs, clock, queues, value, questions } = createOperateHarness({ answers: [true] });
    await addJob({
      csv,
      fates,
      marks: [{ chunk: 0, row: 3 }],
      job: { state, auditAt: 0, announcedAt: undefined as never },
    });
    clock.pass(5_000);
    expect(await cancel(session, jobId)).toBe(0);
    expect(jobs.jobOf(jobId)).toMatchObject({ state: 'REFUSED', reason: { code: 'CANCELLED' }, auditAt: clock.now() });
    expect(queues.audits.bodies.map(parseAuditMessage)).toEqual([{ v: 1, kind: 'audit', jobId }]);
    expect(questions).toEqual([`Cancel ${jobId} for good? It is ${state}: 2 of 4 rows are open, 1 dead.`]);
    expect(value()).toMatchObject({ state: 'REFUSED', isCancelled: true });
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
