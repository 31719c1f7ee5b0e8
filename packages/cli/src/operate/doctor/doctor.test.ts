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

const allOf = (inspect: Inspector, call: () => Promise<never>): Inspector =>
  Object.fromEntries(Object.keys(inspect).map((name) => [name, call])) as unknown as Inspector;

async function* failing(): AsyncGenerator<never> {
  yield await refuse();
}

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
    expect(lines().at(-1)).toMatch(/^sluice-test: 0 errors, 0 warnings, 0 notes, 0 not checked, \d\d ok$/);
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

  it('counts what it tells, and not each thing that it is told of', async () => {
    const { lines } = await diagnose({ recovery: async () => false, versioning: async () => 'Suspended' });
    const told = lines().filter((line) => /^ {2}(?:error|warning) /.test(line));
    expect(told).toHaveLength(3);
    expect(lines().at(-1)).toMatch(/^sluice-test: 2 errors, 1 warning, /);
  });

  it('never takes for well what it may not read', async () => {
    const { status, lines, value, notes } = await diagnose({ recovery: refuse });
    expect(status).toBe(1);
    expect(notes.at(-1)).toBe('what endangers data was not all looked for: see what is not checked');
    expect((value() as Finding[]).filter(({ id }) => id === 'table-recovery')).toMatchObject([
      { result: 'not checked', reason: 'expected it to succeed, found AccessDenied with status 403' },
      { result: 'not checked' },
    ]);
    expect(lines().join('\n')).toContain(
      'not checked  table-recovery        sluice-test-rows, sluice-test-jobs: expected it to succeed',
    );
  });

  it('ends with 0 when only what endangers no data could not be read', async () => {
    const { status, lines } = await diagnose({ subscriptions: refuse });
    expect(status).toBe(0);
    expect(lines().at(-1)).toContain(' 1 not checked, ');
  });

  it.each([
    ['read', 0],
    ['of which no answer told', undefined],
  ])('ends as any command does when nothing can be read but a clock that is right, %s', async (_, difference) => {
    const harness = createOperateHarness();
    const { operator } = harness.session;
    const session = {
      ...harness.session,
      operator: {
        ...operator,
        jobs: { ...operator.jobs, listDueJobs: failing },
        inspect: { ...allOf(operator.inspect, refuse), clockDifference: () => difference },
      },
    };
    await expect(harness.run(doctor(session))).rejects.toThrow('found AccessDenied with status 403');
    expect(() => harness.lines()).toThrow('found 0');
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

  it.each([
    ['no answer comes', 'found TimeoutError', 1],
    ['there are no credentials', 'found CredentialsProviderError', 1],
    ['answers are refusals', 'found AccessDenied with status 403', 48],
  ])('are asked for as often as is of use where %s', async (_, found, calls) => {
    let asked = 0;
    const { operator } = createOperateHarness();
    const inspect = {
      ...allOf(operator.inspect, async () => {
        asked++;
        throw new SluiceError('UNKNOWN', `expected it to succeed, ${found}`);
      }),
      clockDifference: () => undefined,
    };
    const facts = await readFacts({ ...operator, inspect });
    expect(asked).toBe(calls);
    expect(facts.functions['audit-job']).toEqual({ kind: 'unread', reason: `expected it to succeed, ${found}` });
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
