import { SluiceError } from '@sluice/core/errors';
import { describe, expect, it } from 'vitest';
import { createOperateHarness } from '../operate-harness.ts';
import type { Finding } from './check.ts';
import { doctor } from './doctor.ts';
import type { Inspector } from './inspect.ts';
import { readFacts } from './read-facts.ts';

const refuse = async () => {
  throw new SluiceError('UNKNOWN', 'expected it to succeed, found AccessDenied with status 403');
};

const diagnose = async (inspect: Partial<Inspector> = {}) => {
  const harness = createOperateHarness({ inspect });
  const status = await harness.run(doctor(harness.session));
  return { ...harness, status };
};

describe('doctor', () => {
  it('ends with 0 and a line for each check when all is well', async () => {
    const { status, lines, value, notes } = await diagnose();
    expect(status).toBe(0);
    expect(notes).toEqual(['reading the settings of sluice-test ...']);
    expect(lines()[0]).toMatch(/^ {2}ok {11}queue /);
    expect(lines().at(-1)).toMatch(/^sluice-test: 0 errors, 0 warnings, 0 notes, 0 not checked, \d\d\d ok$/);
    expect((value() as Finding[]).every(({ result }) => result === 'ok')).toBe(true);
  });

  it('ends with 1 when something endangers data, and says what, where and what to do last', async () => {
    const { status, lines } = await diagnose({ versioning: async () => 'Suspended' });
    expect(status).toBe(1);
    expect(lines().slice(-8)).toEqual([
      '',
      '  error        bucket-versioning     inbox',
      '               found     Suspended',
      '               expected  Enabled',
      '               to do     infra/with-terraform -chdir=infra apply',
      '               see       docs/runbook.md, "Settings that endanger data"',
      '',
      expect.stringMatching(/^sluice-test: 1 error, 1 warning, /),
    ]);
  });

  it('tells of no check as passed that only some things passed', async () => {
    const { lines } = await diagnose({
      versioning: async (bucket) => (bucket === 'inbox' ? 'Suspended' : 'Enabled'),
    });
    expect(lines().filter((line) => line.includes(' bucket-versioning '))).toEqual([
      '  error        bucket-versioning     inbox',
    ]);
  });

  it('ends with 0 when there are warnings alone', async () => {
    const { status, lines } = await diagnose({ subscriptions: async () => ({ confirmed: 0, pending: 1 }) });
    expect(status).toBe(0);
    expect(lines().join('\n')).toContain('warning      alarm-subscription    sluice-test-alarms');
  });

  it('never takes for well what it may not read', async () => {
    const { status, lines, value } = await diagnose({ recovery: refuse });
    expect(status).toBe(0);
    expect((value() as Finding[]).filter(({ id }) => id === 'table-recovery')).toMatchObject([
      { result: 'not checked', reason: 'expected it to succeed, found AccessDenied with status 403' },
      { result: 'not checked' },
    ]);
    expect(lines().join('\n')).toContain(
      'not checked  table-recovery        sluice-test-rows, sluice-test-jobs: expected it to succeed',
    );
  });

  it('shows what services say as text that no terminal obeys', async () => {
    const { lines } = await diagnose({
      alarms: async (names) =>
        names.map((name) => ({
          name,
          state: 'ALARM',
          description: 'docs/runbook.md, "\u001b[2J"',
          hasActionsEnabled: true,
          actions: ['arn:x'],
        })),
    });
    expect(lines().join('')).not.toContain('\u001b');
    expect(lines().join('')).toContain('\\u{1b}[2J');
  });

  it('says that alarms were not checked where the deployment names none', async () => {
    const harness = createOperateHarness({ stack: { alarmNames: [], alarmTopicArn: undefined } });
    await harness.run(doctor(harness.session));
    const text = harness.lines().join('\n');
    expect(text).toContain('not checked  alarm-state           alarms of sluice-test: the deployment names no alarms');
    expect(text).toContain('not checked  alarm-subscription    alarm topic: no topic of alarms is known');
  });
});

describe('the facts', () => {
  it('are read a few at once', async () => {
    let running = 0;
    let most = 0;
    const answer = async () => {
      running++;
      most = Math.max(most, running);
      await Promise.resolve();
      await Promise.resolve();
      running--;
      return undefined;
    };
    await readFacts(
      createOperateHarness({ inspect: { queue: answer, function: answer, mappings: answer, table: answer } }).operator,
    );
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(6);
  });

  it('find the topic of the alarms by their actions where the deployment does not name it', async () => {
    const asked: string[] = [];
    const { operator } = createOperateHarness({
      stack: { alarmTopicArn: undefined },
      inspect: {
        subscriptions: async (topicArn) => {
          asked.push(topicArn);
          return { confirmed: 1, pending: 0 };
        },
      },
    });
    await readFacts(operator);
    expect(asked).toEqual(['arn:aws:sns:eu-central-1:000000000000:sluice-test-alarms']);
  });

  it('hold the jobs that are not at their end', async () => {
    const harness = createOperateHarness();
    await harness.addJob({ csv: 'a\n1\n', job: { jobId: 'held', state: 'HELD' } });
    await harness.addJob({ csv: 'a\n1\n', job: { jobId: 'over', state: 'COMPLETE', announcedAt: 1 } });
    const { openJobs } = await readFacts(harness.operator);
    expect(openJobs).toEqual({
      kind: 'read',
      value: { jobs: [{ jobId: 'held', state: 'HELD', auditAt: harness.clock.now() }], isCut: false },
    });
  });
});
