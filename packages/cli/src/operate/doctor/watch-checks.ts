import { countOf } from '../../terminal-text.ts';
import { applyAgain, type Check, createCheck, createExistenceCheck, type Looked, settingsSection } from './check.ts';
import { type Fact, type Facts, map, scheduleNames } from './facts.ts';
import type { AlarmSettings } from './settings.ts';

/** An audit is due every quarter of an hour at the latest, and found due within a minute. Source: audit-job. */
const overdueMilliseconds = 30 * 60_000;
/** A clock that is further off makes signatures fail before long (at 5 minutes), and times misleading. */
const clockDifferenceMillisecondsMax = 60_000;
/** Jobs that are named. */
const namedMax = 5;

/** By name; where the names are not known, one that says so. */
const ofAlarms = ({ stack, alarms }: Facts): Looked<AlarmSettings> => {
  if (alarms.kind !== 'read') return [[`alarms of ${stack.name}`, alarms]];
  const byName = new Map(alarms.value.map((alarm) => [alarm.name, alarm]));
  return stack.alarmNames.map((name): readonly [string, Fact<AlarmSettings>] => {
    const value = byName.get(name);
    return [name, value === undefined ? { kind: 'absent' } : { kind: 'read', value }];
  });
};

const alarmIsThere = createExistenceCheck({
  id: 'alarm',
  title: 'every alarm exists',
  severity: 'warning',
  section: settingsSection,
  of: ofAlarms,
});

const alarmActions = createCheck({
  id: 'alarm-actions',
  title: 'every alarm tells somebody',
  severity: 'warning',
  section: settingsSection,
  of: ofAlarms,
  judge: ({ name, hasActionsEnabled, actions }) => {
    if (!hasActionsEnabled) {
      const mend = `aws cloudwatch enable-alarm-actions --alarm-names ${name}`;
      return { found: 'its actions are switched off', expected: 'on', mend };
    }
    return actions.length > 0
      ? undefined
      : { found: 'no action', expected: 'the topic of the alarms', mend: applyAgain };
  },
});

const alarmState = createCheck({
  id: 'alarm-state',
  title: 'no alarm speaks',
  severity: 'warning',
  section: 'Which alarm, which section',
  of: ofAlarms,
  judge: ({ state, description }) => {
    if (state !== 'ALARM') return undefined;
    const section = /docs\/runbook\.md, "([^"]+)"/.exec(description)?.[1];
    return { found: 'ALARM', expected: 'OK', mend: `docs/runbook.md, "${section ?? 'Which alarm, which section'}"` };
  },
});

const subscription = createCheck({
  id: 'alarm-subscription',
  title: 'somebody hears the alarms',
  severity: 'warning',
  section: settingsSection,
  of: ({ stack, subscriptions }) => [[stack.alarmTopicArn?.split(':').at(-1) ?? 'alarm topic', subscriptions]],
  judge: ({ confirmed, pending }) =>
    confirmed > 0
      ? undefined
      : {
          found: pending > 0 ? `${countOf(pending, 'subscription')}, none confirmed` : 'no subscription',
          expected: 'one that is confirmed',
          mend:
            pending > 0
              ? 'follow the link in the e-mail from AWS Notifications'
              : 'set alarm_email in infra/terraform.tfvars and apply, or subscribe something to the topic',
        },
});

const schedules = createCheck({
  id: 'schedule',
  title: 'audits are asked for, and lost uploads looked for',
  severity: 'error',
  section: 'Audits do not run',
  of: (facts) =>
    scheduleNames.map((kind) => {
      const name = `${facts.stack.name}-${kind}`;
      const fact = facts.schedules[kind];
      // A rule that is not there asks for nothing either.
      const state: Fact<string> = fact.kind === 'absent' ? { kind: 'read', value: 'no such rule' } : fact;
      return [name, map(state, (found) => ({ found, name }))];
    }),
  judge: ({ found, name }) =>
    found.startsWith('ENABLED')
      ? undefined
      : {
          found,
          expected: 'ENABLED',
          mend: found === 'DISABLED' ? `aws events enable-rule --name ${name}` : applyAgain,
        },
});

const name = (ids: readonly string[]): string =>
  `${ids.slice(0, namedMax).join(', ')}${ids.length > namedMax ? `, and ${ids.length - namedMax} more` : ''}`;

const overdue = createCheck({
  id: 'jobs-overdue',
  title: 'audits run',
  severity: 'error',
  section: 'Audits do not run',
  of: ({ openJobs }) => [['jobs', openJobs]],
  judge: ({ jobs }, { now }) => {
    const late = jobs.filter(({ auditAt }) => now - auditAt > overdueMilliseconds);
    return late.length === 0
      ? undefined
      : {
          found: `${countOf(late.length, 'job')} whose audit has been due for more than 30 minutes: ${name(late.map(({ jobId }) => jobId))}`,
          expected: 'none',
          mend: 'sluice dlq ls --queue audits, and the log of audit-job',
        };
  },
});

const waiting = createCheck({
  id: 'jobs-waiting',
  title: 'no job waits for somebody',
  severity: 'warning',
  section: 'A job is held',
  of: ({ openJobs }) => [['jobs', openJobs]],
  judge: ({ jobs }) => {
    const byState = new Map<string, string[]>();
    for (const { jobId, state } of jobs) {
      if (!['HELD', 'STALLED', 'INCONSISTENT'].includes(state)) continue;
      byState.set(state, [...(byState.get(state) ?? []), jobId]);
    }
    return byState.size === 0
      ? undefined
      : {
          found: [...byState].map(([state, ids]) => `${ids.length} ${state} (${name(ids)})`).join('; '),
          expected: 'none',
          mend: `sluice status ${[...byState.values()][0]?.[0]}`,
        };
  },
});

const jobsCut = createCheck({
  id: 'jobs-looked-at',
  title: 'every open job was looked at',
  severity: 'note',
  section: settingsSection,
  of: ({ openJobs }) => [['jobs', openJobs]],
  judge: ({ jobs, isCut }) =>
    isCut
      ? { found: `more than ${jobs.length}, those due first were looked at`, expected: 'fewer', mend: 'sluice jobs' }
      : undefined,
});

const clock = createCheck({
  id: 'clock',
  title: "this machine's clock is right",
  severity: 'warning',
  section: settingsSection,
  of: ({ clockDifference }) => [['this machine', clockDifference]],
  judge: (milliseconds) => {
    if (Math.abs(milliseconds) <= clockDifferenceMillisecondsMax) return undefined;
    const seconds = Math.round(Math.abs(milliseconds) / 1000);
    return {
      found: `${seconds} s ${milliseconds > 0 ? 'ahead of' : 'behind'} AWS`,
      expected: 'at most 60 s',
      mend: 'set the clock of this machine, or have it set (NTP)',
    };
  },
});

export const watchChecks: readonly Check[] = [
  alarmIsThere,
  alarmActions,
  alarmState,
  subscription,
  schedules,
  overdue,
  waiting,
  jobsCut,
  clock,
];
