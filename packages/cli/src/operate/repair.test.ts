import { isRepairAsked } from '@sluice/audit-job/audit-planned';
import { emptyAuditNote } from '@sluice/core/ledger';
import { parseAuditMessage } from '@sluice/core/messages';
import { createScriptedQueue, refuse } from '@sluice/core/scripted-queue';
import { describe, expect, it } from 'vitest';
import { createOperateHarness, jobId } from './operate-harness.ts';
import { repair } from './repair.ts';

const csv = 'a\n1\n2\n';

describe('repair', () => {
  it.each(['OPEN', 'HELD', 'STALLED'] as const)('is asked for of the audit of a job that is %s', async (state) => {
    const { addJob, session, queues, value, jobs, clock } = createOperateHarness();
    await addJob({ csv, job: { state } });
    clock.pass(5_000);
    expect(await repair(session, jobId)).toBe(0);
    expect(queues.audits.bodies.map(parseAuditMessage)).toEqual([{ v: 1, kind: 'audit', jobId }]);
    expect(jobs.jobOf(jobId)).toMatchObject({ state, askedAt: clock.now(), auditAt: clock.now() });
    expect(value()).toEqual({ jobId, state, isAsked: true });
  });

  it('is known of a job from the moment it was asked for', async () => {
    const { addJob, session, jobs } = createOperateHarness();
    await addJob({ csv, job: { state: 'HELD' } });
    await repair(session, jobId);
    expect(isRepairAsked(jobs.jobOf(jobId))).toBe(true);
  });

  it('is another one where one was made at the same moment', async () => {
    const { addJob, session, jobs, clock } = createOperateHarness();
    await addJob({ csv, job: { state: 'HELD', audited: { ...emptyAuditNote, answeredAt: clock.now() } } });
    await repair(session, jobId);
    expect(isRepairAsked(jobs.jobOf(jobId))).toBe(true);
  });

  it('is refused where the job ends meanwhile', async () => {
    const { addJob, session, jobs, queues } = createOperateHarness();
    await addJob({ csv });
    const changeJob: typeof jobs.changeJob = async (...change) => {
      await jobs.changeJob(jobId, ['OPEN'], { state: 'COMPLETE' });
      return jobs.changeJob(...change);
    };
    const operator = { ...session.operator, jobs: { ...jobs, changeJob } };
    await expect(repair({ ...session, operator }, jobId)).rejects.toThrow('found it COMPLETE, which is its end');
    expect(queues.audits.sends).toEqual([]);
  });

  it.each([
    ['COMPLETE', {}, /found it COMPLETE, which is its end; sluice retry .* --failed .*; sluice rejects /],
    ['REFUSED', { reason: { code: 'CANCELLED', message: 'x' } }, /found it REFUSED \(CANCELLED\), which is its end$/],
    ['SUPERSEDED', {}, /SUPERSEDED, which is its end$/],
    ['PLANNING', {}, /being planned; sluice wait /],
    ['HELD', { plan: undefined as never }, /planning given up, .*sluice dlq redrive --queue uploads/],
    ['INCONSISTENT', {}, /found it INCONSISTENT: .*sluice verify /],
  ] as const)('is refused for a job that is %s, with what helps', async (state, job, expected) => {
    const { addJob, session, queues } = createOperateHarness();
    await addJob({ csv, job: { state, ...job } });
    await expect(repair(session, jobId)).rejects.toThrow(expected);
    expect(queues.audits.sends).toEqual([]);
  });

  it('fails when the queue does not take it', async () => {
    const audits = createScriptedQueue((entries) => refuse(['0'], entries));
    const { addJob, session, run, hasResult } = createOperateHarness({ queues: { audits } });
    await addJob({ csv });
    await expect(run(repair(session, jobId))).rejects.toThrow(/expected the queue to confirm 1 messages/);
    expect(hasResult()).toBe(false);
  });
});
