import { type QueueName, queueNames } from '@sluice/core/ports/queue';
import { type StageName, type StageSettings, stageNames } from '@sluice/core/wiring';
import { countOf } from '../../terminal-text.ts';
import { applyAgain, type Check, createCheck, createExistenceCheck, type Looked, settingsSection } from './check.ts';
import { both, type Fact, type Facts, lastPart, map } from './facts.ts';
import { mappingOf } from './mapping-checks.ts';
import { letsSend } from './queue-policy.ts';
import type { QueueSettings } from './settings.ts';

/** 4 days: what waits longer is repaired from the source. Source: infra/modules/queue. */
const retentionSeconds = 345_600;
/** 14 days, the longest there is: a dead letter's age counts from its first send. Source: SQS quotas. */
const deadRetentionSeconds = 1_209_600;

const stageOf = (queue: QueueName, { wiring }: Facts): StageName =>
  stageNames.find((stage) => wiring.stages[stage].queue === queue) as StageName;

const wiredOf = (queue: QueueName, facts: Facts): StageSettings => facts.wiring.stages[stageOf(queue, facts)];

const nameOf = (queue: QueueName, { stack }: Facts): string => lastPart(stack.queueUrls[queue]);
const deadNameOf = (queue: QueueName, { stack }: Facts): string => lastPart(stack.deadLetterQueueUrls[queue]);

const ofQueues = <Value>(facts: Facts, of: (queue: QueueName) => Fact<Value>): Looked<Value> =>
  queueNames.map((queue) => [nameOf(queue, facts), of(queue)]);

const ofDeadLetterQueues = <Value>(facts: Facts, of: (queue: QueueName) => Fact<Value>): Looked<Value> =>
  queueNames.map((queue) => [deadNameOf(queue, facts), of(queue)]);

const windowOf = (queue: QueueName, facts: Facts): number => {
  const found = mappingOf(stageOf(queue, facts), facts);
  return found.kind === 'read' ? found.value.windowSeconds : wiredOf(queue, facts).windowSeconds;
};

const isThere = createExistenceCheck({
  id: 'queue',
  title: 'every queue and its dead-letter queue exist',
  severity: 'error',
  section: settingsSection,
  of: (facts) => [
    ...ofQueues(facts, (queue) => facts.queues[queue]),
    ...ofDeadLetterQueues(facts, (queue) => facts.deadLetterQueues[queue]),
  ],
});

const visibility = createCheck({
  id: 'queue-visibility',
  title: 'a message stays hidden while its function can be at work, throttled tries included',
  severity: 'warning',
  section: settingsSection,
  of: (facts) =>
    ofQueues(facts, (queue) =>
      map(both(facts.queues[queue], facts.functions[stageOf(queue, facts)]), ([settings, { timeoutSeconds }]) => ({
        hidden: settings.visibilitySeconds,
        timeoutSeconds,
        window: windowOf(queue, facts),
      })),
    ),
  judge: ({ hidden, timeoutSeconds, window }) => {
    const least = 6 * timeoutSeconds + window;
    if (hidden >= least) return undefined;
    const shared = { found: `${hidden} s`, mend: applyAgain };
    // Lambda itself refuses such a mapping; a change of the queue alone gets past that.
    return hidden < timeoutSeconds + window
      ? {
          ...shared,
          severity: 'error',
          expected: `${least} s; below the function's ${timeoutSeconds} s a batch runs twice at once`,
        }
      : { ...shared, expected: `at least ${least} s, six times the function's ${timeoutSeconds} s and the window` };
  },
});

const redrive = createCheck({
  id: 'queue-redrive',
  title: 'what fails for good goes to the dead-letter queue',
  severity: 'error',
  section: settingsSection,
  of: (facts) =>
    ofQueues(facts, (queue) => map(facts.queues[queue], (settings) => ({ settings, dead: deadNameOf(queue, facts) }))),
  judge: ({ settings, dead }) =>
    settings.redrive !== undefined && lastPart(settings.redrive.to) === dead
      ? undefined
      : {
          found: settings.redrive === undefined ? 'no redrive policy' : `redrive to ${lastPart(settings.redrive.to)}`,
          expected: `redrive to ${dead}`,
          mend: applyAgain,
        },
});

const receives = createCheck({
  id: 'queue-receives',
  title: 'a message is delivered as often as the functions count on',
  severity: 'warning',
  section: settingsSection,
  of: (facts) =>
    ofQueues(facts, (queue) =>
      map(facts.queues[queue], (settings) => ({
        found: settings.redrive?.maxReceiveCount,
        wired: wiredOf(queue, facts).maxReceiveCount ?? 0,
      })),
    ),
  judge: ({ found, wired }) => {
    if (found === undefined || found === wired) return undefined;
    const fault = { found: `${found} deliveries`, mend: applyAgain };
    return found < wired
      ? {
          ...fault,
          severity: 'error',
          expected: `${wired}: with fewer, rows are set aside before they get their dead marks`,
        }
      : { ...fault, expected: `${wired}: with more, rows are marked dead and come again` };
  },
});

const retention = createCheck({
  id: 'queue-retention',
  title: 'messages are kept for four days, dead letters for 14 and longer than their queue keeps them',
  severity: 'warning',
  section: settingsSection,
  of: (facts) => ofQueues(facts, (queue) => both(facts.queues[queue], facts.deadLetterQueues[queue])),
  judge: ([queue, dead]: readonly [QueueSettings, QueueSettings]) => {
    const found = `${queue.retentionSeconds} s, dead letters ${dead.retentionSeconds} s`;
    const expected = `at least ${retentionSeconds} s, dead letters ${deadRetentionSeconds} s`;
    // A dead letter brings its age with it: it would be gone as it arrives.
    if (dead.retentionSeconds <= queue.retentionSeconds)
      return { severity: 'error', found, expected, mend: applyAgain };
    return queue.retentionSeconds < retentionSeconds || dead.retentionSeconds < deadRetentionSeconds
      ? { found, expected, mend: applyAgain }
      : undefined;
  },
});

const deadLetters = createCheck({
  id: 'dead-letters',
  title: 'no dead letters wait',
  severity: 'warning',
  section: 'Dead letters',
  of: (facts) =>
    ofDeadLetterQueues(facts, (queue) => map(facts.deadLetterQueues[queue], ({ messages }) => ({ messages, queue }))),
  judge: ({ messages, queue }) =>
    messages === 0
      ? undefined
      : { found: `about ${countOf(messages, 'message')}`, expected: 'none', mend: `sluice dlq ls --queue ${queue}` },
});

const senders = createCheck({
  id: 'queue-senders',
  title: 'S3 may send to uploads, and the schedules to audits',
  severity: 'error',
  section: settingsSection,
  of: (facts) => {
    const { inboxBucket, name } = facts.stack;
    const expected = [
      ['uploads', 's3.amazonaws.com', [`:${inboxBucket}`]],
      ['audits', 'events.amazonaws.com', [`:rule/${name}-sweep`, `:rule/${name}-search`]],
    ] as const;
    return expected.map(([queue, service, sources]) => [
      nameOf(queue, facts),
      map(facts.queues[queue], ({ policy }) => ({
        service,
        refused: sources.filter((source) => !letsSend(policy, service, source)),
      })),
    ]);
  },
  judge: ({ service, refused }) =>
    refused.length === 0
      ? undefined
      : {
          found: `a policy that does not let ${service} send for ${refused.map((source) => source.slice(1)).join(', ')}`,
          expected: 'one that does: files are not noticed, or audits are not made, otherwise',
          mend: applyAgain,
        },
});

export const queueChecks: readonly Check[] = [isThere, visibility, redrive, receives, retention, deadLetters, senders];
