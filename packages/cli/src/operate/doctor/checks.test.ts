import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createOperateHarness } from '../operate-harness.ts';
import type { Severity } from './check.ts';
import { checks } from './checks.ts';
import type { Fact, Facts } from './facts.ts';
import { readFacts } from './read-facts.ts';

const healthy = await readFacts(createOperateHarness().operator);

const read = <Value>(value: Value): Fact<Value> => ({ kind: 'read', value });

type Fields = Readonly<Record<string, unknown>>;

/** Facts with fields of what was read changed: `at` leads to the fact, such as ['queues', 'work']. */
const change =
  (at: readonly string[], fields: Fields) =>
  (facts: Facts): Facts => {
    const go = (node: Fields, path: readonly string[]): Fields => {
      const [first, ...rest] = path;
      if (first !== undefined) return { ...node, [first]: go(node[first] as Fields, rest) };
      const value = node['value'];
      const changed = Array.isArray(value)
        ? value.map((entry: Fields) => ({ ...entry, ...fields }))
        : typeof value === 'object' && value !== null
          ? { ...value, ...fields }
          : fields['value'];
      return { kind: 'read', value: changed };
    };
    return go(facts as unknown as Fields, at) as unknown as Facts;
  };

const replace =
  (at: readonly string[], fact: Fact<unknown>) =>
  (facts: Facts): Facts => {
    const go = (node: Fields, [first, ...rest]: readonly string[]): Fields =>
      first === undefined ? (fact as unknown as Fields) : { ...node, [first]: go(node[first] as Fields, rest) };
    return go(facts as unknown as Fields, at) as unknown as Facts;
  };

const absent = { kind: 'absent' } as const;
const at = (now: number) => (facts: Facts) => ({ ...facts, now });
const minute = 60_000;
const openJob = (fields: object) =>
  replace(
    ['openJobs'],
    read({ jobs: [{ jobId: 'j1', state: 'OPEN', auditAt: healthy.now, ...fields }], isCut: false }),
  );
const policy = {
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: 's3.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Condition: { ArnEquals: { 'aws:SourceArn': 'arn:aws:s3:::another' } },
    },
  ],
};

type Case = readonly [id: string, why: string, change: (facts: Facts) => Facts, result: Severity, found: string];

const cases: readonly Case[] = [
  ['queue', 'a queue is gone', replace(['queues', 'work'], absent), 'error', 'nothing'],
  ['queue', 'a dead-letter queue is gone', replace(['deadLetterQueues', 'rows'], absent), 'error', 'nothing'],
  [
    'queue-visibility',
    'it is below six times the time-out',
    change(['queues', 'work'], { visibilitySeconds: 719 }),
    'warning',
    '719 s',
  ],
  [
    'queue-visibility',
    'it is below the time-out',
    change(['queues', 'work'], { visibilitySeconds: 119 }),
    'error',
    '119 s',
  ],
  [
    'queue-visibility',
    'the function was given more time',
    change(['functions', 'process-rows'], { timeoutSeconds: 121 }),
    'warning',
    '720 s',
  ],
  [
    'queue-visibility',
    'the mapping waits for longer',
    change(['mappings', 'process-rows'], { windowSeconds: 1 }),
    'warning',
    '720 s',
  ],
  ['queue-redrive', 'there is none', change(['queues', 'work'], { redrive: undefined }), 'error', 'no redrive'],
  [
    'queue-redrive',
    'it leads elsewhere',
    change(['queues', 'work'], { redrive: { to: 'arn:aws:sqs:x:0:other', maxReceiveCount: 4 } }),
    'error',
    'redrive to other',
  ],
  [
    'queue-receives',
    'they are fewer',
    change(['queues', 'work'], { redrive: { to: 'a:sluice-test-work-dlq', maxReceiveCount: 3 } }),
    'error',
    '3 deliveries',
  ],
  [
    'queue-receives',
    'they are more',
    change(['queues', 'work'], { redrive: { to: 'a:sluice-test-work-dlq', maxReceiveCount: 5 } }),
    'warning',
    '5 deliveries',
  ],
  [
    'queue-retention',
    'dead letters die as they arrive',
    change(['deadLetterQueues', 'work'], { retentionSeconds: 345_600 }),
    'error',
    '345600 s',
  ],
  [
    'queue-retention',
    'dead letters are kept for less',
    change(['deadLetterQueues', 'work'], { retentionSeconds: 604_800 }),
    'warning',
    '604800 s',
  ],
  [
    'queue-retention',
    'messages are kept for less',
    change(['queues', 'work'], { retentionSeconds: 3_600 }),
    'warning',
    '3600 s',
  ],
  ['dead-letters', 'some wait', change(['deadLetterQueues', 'work'], { messages: 3 }), 'warning', 'about 3 messages'],
  [
    'queue-senders',
    'S3 may not send',
    change(['queues', 'uploads'], { policy: undefined }),
    'error',
    's3.amazonaws.com',
  ],
  [
    'queue-senders',
    'S3 may send for another bucket alone',
    change(['queues', 'uploads'], { policy }),
    'error',
    'inbox',
  ],
  ['mapping', 'the queue feeds nobody', replace(['mappings', 'store-rows'], read([])), 'error', 'nothing'],
  [
    'mapping',
    'the function is fed by another queue',
    change(['mappings', 'store-rows'], { sourceArn: 'a:sqs:sluice-test-work' }),
    'error',
    'nothing',
  ],
  [
    'mapping',
    'the relay reads another stream',
    change(['mappings', 'relay-rows'], { sourceArn: 'a:table/x/stream/1' }),
    'error',
    'nothing',
  ],
  ['mapping-enabled', 'one is off', change(['mappings', 'clean-rows'], { state: 'Disabled' }), 'error', 'Disabled'],
  [
    'mapping-enabled',
    'one is being changed',
    change(['mappings', 'clean-rows'], { state: 'Updating' }),
    'note',
    'Updating',
  ],
  [
    'mapping-responses',
    'partial responses are off',
    change(['mappings', 'relay-rows'], { responses: [] }),
    'error',
    'no response types',
  ],
  ['mapping-filter', 'one filters', change(['mappings', 'clean-rows'], { filters: ['{}'] }), 'error', '1 filter'],
  [
    'mapping-result',
    'Lambda complains',
    change(['mappings', 'clean-rows'], { lastResult: 'PROBLEM: Function call failed' }),
    'warning',
    'PROBLEM',
  ],
  [
    'mapping-result',
    'Lambda says something unheard of',
    change(['mappings', 'clean-rows'], { lastResult: 'OKAY?' }),
    'warning',
    'OKAY?',
  ],
  [
    'mapping-batch',
    'batches are larger',
    change(['mappings', 'store-rows'], { batchSize: 100 }),
    'warning',
    '100 within 0 s',
  ],
  [
    'mapping-concurrency',
    'it is not bounded',
    change(['mappings', 'store-rows'], { maximumConcurrency: undefined }),
    'warning',
    'no bound',
  ],
  [
    'mapping-concurrency',
    'it does not follow from the budget',
    change(['functions', 'store-rows'], { writeUnitsPerSecond: 40_001 }),
    'warning',
    '8',
  ],
  [
    'stream-bounds',
    'attempts are not bounded',
    change(['mappings', 'relay-rows'], { maximumRetryAttempts: -1 }),
    'error',
    'attempts not bounded',
  ],
  [
    'stream-bounds',
    'batches are not halved',
    change(['mappings', 'relay-rows'], { bisects: false }),
    'error',
    'not halved',
  ],
  [
    'stream-bounds',
    'the bound is another',
    change(['mappings', 'relay-rows'], { maximumRecordAgeSeconds: 60 }),
    'warning',
    'age 60 s',
  ],
  [
    'stream-destination',
    'there is none',
    change(['mappings', 'relay-rows'], { failureArn: undefined }),
    'error',
    'no destination',
  ],
  [
    'stream-destination',
    'it is a queue',
    change(['mappings', 'relay-rows'], { failureArn: 'arn:aws:sqs:x:0:q' }),
    'error',
    'arn:aws:sqs',
  ],
  ['stream-filter', 'there is none', change(['mappings', 'relay-rows'], { filters: [] }), 'error', '0 filters'],
  [
    'stream-filter',
    'changes are relayed too',
    change(['mappings', 'relay-rows'], { filters: ['{"eventName":["INSERT","MODIFY"]}'] }),
    'error',
    '1 filter',
  ],
  [
    'stream-start',
    'it began in the middle',
    change(['mappings', 'relay-rows'], { startingPosition: 'LATEST' }),
    'error',
    'LATEST',
  ],
  ['function', 'one is gone', replace(['functions', 'audit-job'], absent), 'error', 'nothing'],
  ['function-state', 'one failed', change(['functions', 'audit-job'], { state: 'Failed' }), 'error', 'Failed'],
  [
    'function-state',
    'its update failed',
    change(['functions', 'audit-job'], { lastUpdate: 'Failed' }),
    'error',
    'last update Failed',
  ],
  [
    'function-state',
    'its update is under way',
    change(['functions', 'audit-job'], { lastUpdate: 'InProgress' }),
    'note',
    'InProgress',
  ],
  [
    'function-runtime',
    'it ends in 180 days',
    at(Date.UTC(2027, 3, 30) - 180 * 24 * 60 * minute),
    'note',
    'until 2027-04-30',
  ],
  [
    'function-runtime',
    'it ends in 60 days',
    at(Date.UTC(2027, 3, 30) - 60 * 24 * 60 * minute),
    'warning',
    'until 2027-04-30',
  ],
  ['function-runtime', 'it has ended', at(Date.UTC(2027, 3, 30)), 'error', 'since 2027-04-30'],
  [
    'function-runtime',
    'it is not known',
    change(['functions', 'audit-job'], { runtime: 'nodejs18.x' }),
    'warning',
    'nodejs18.x',
  ],
  [
    'function-size',
    'memory differs',
    change(['functions', 'audit-job'], { memoryMegabytes: 128 }),
    'warning',
    '128 MB',
  ],
  [
    'function-size',
    'the time-out differs',
    change(['functions', 'audit-job'], { timeoutSeconds: 3 }),
    'warning',
    '3 s',
  ],
  [
    'function-logs',
    'every invocation says START and END',
    change(['functions', 'audit-job'], { systemLogLevel: 'INFO' }),
    'warning',
    'system INFO',
  ],
  ['function-reserved', 'one has a reservation', replace(['reserved', 'store-rows'], read(5)), 'error', '5 reserved'],
  ['function-reserved', 'one may not run at all', replace(['reserved', 'store-rows'], read(0)), 'error', '0 reserved'],
  // 176 of the mappings, 16 of the relay, 100 of others.
  [
    'account-concurrency',
    'the account has one too few',
    replace(['concurrency'], read({ limit: 291, unreserved: 291 })),
    'error',
    '291',
  ],
  [
    'account-unreserved',
    'others have reserved it',
    replace(['concurrency'], read({ limit: 1_000, unreserved: 191 })),
    'error',
    '191 of 1000',
  ],
  ['table', 'one is gone', replace(['tables', 'rows'], absent), 'error', 'nothing'],
  [
    'table-status',
    'one is locked',
    change(['tables', 'rows'], { status: 'INACCESSIBLE_ENCRYPTION_CREDENTIALS' }),
    'error',
    'INACCESSIBLE',
  ],
  ['table-recovery', 'it is off', replace(['recovery', 'jobs'], read(false)), 'error', 'off'],
  ['table-protection', 'it is off', change(['tables', 'jobs'], { isProtected: false }), 'error', 'off'],
  [
    'table-billing',
    'capacity is provisioned',
    change(['tables', 'rows'], { billing: 'PROVISIONED' }),
    'warning',
    'PROVISIONED',
  ],
  ['table-stream', 'there is none', change(['tables', 'rows'], { streamView: undefined }), 'error', 'no stream'],
  [
    'table-stream',
    'it shows keys alone',
    change(['tables', 'rows'], { streamView: 'KEYS_ONLY' }),
    'error',
    'KEYS_ONLY',
  ],
  [
    'table-indexes',
    'audits find no job',
    change(['tables', 'jobs'], { indexes: { created: 'ACTIVE' } }),
    'error',
    'open is not there',
  ],
  [
    'table-indexes',
    'jobs cannot be listed yet',
    change(['tables', 'jobs'], { indexes: { open: 'ACTIVE', created: 'CREATING' } }),
    'warning',
    'created CREATING',
  ],
  ['bucket', 'one is gone', replace(['versioning', 'work'], absent), 'error', 'nothing'],
  [
    'bucket-versioning',
    'the inbox keeps none',
    replace(['versioning', 'inbox'], read('Suspended')),
    'error',
    'Suspended',
  ],
  [
    'bucket-versioning',
    'the work bucket keeps none',
    replace(['versioning', 'work'], read('never enabled')),
    'warning',
    'never',
  ],
  ['bucket-public-access', 'a block is off', replace(['publicAccess', 'inbox'], read(false)), 'error', 'not all four'],
  ['bucket-notification', 'there is none', replace(['notifications'], read([])), 'error', 'no notification'],
  [
    'bucket-notification',
    'it is of some files',
    change(['notifications'], { isFiltered: true }),
    'error',
    'some files',
  ],
  [
    'bucket-notification',
    'uploads in parts are left out',
    change(['notifications'], { events: ['s3:ObjectCreated:Put'] }),
    'error',
    'some files',
  ],
  ['alarm', 'one is gone', replace(['alarms'], read([])), 'warning', 'nothing'],
  ['alarm-actions', 'they are off', change(['alarms'], { hasActionsEnabled: false }), 'warning', 'switched off'],
  ['alarm-actions', 'there is none', change(['alarms'], { actions: [] }), 'warning', 'no action'],
  ['alarm-state', 'one speaks', change(['alarms'], { state: 'ALARM' }), 'warning', 'ALARM'],
  [
    'alarm-subscription',
    'there is none',
    replace(['subscriptions'], read({ confirmed: 0, pending: 0 })),
    'warning',
    'no subscription',
  ],
  [
    'alarm-subscription',
    'none is confirmed',
    replace(['subscriptions'], read({ confirmed: 0, pending: 2 })),
    'warning',
    '2 subscriptions',
  ],
  ['schedule', 'it is off', replace(['schedules', 'sweep'], read('DISABLED')), 'error', 'DISABLED'],
  ['schedule', 'it is gone', replace(['schedules', 'search'], absent), 'error', 'no such rule'],
  ['jobs-overdue', 'an audit is late', openJob({ auditAt: healthy.now - 31 * minute }), 'error', '1 job whose audit'],
  ['jobs-waiting', 'one is held', openJob({ state: 'HELD' }), 'warning', '1 HELD (j1)'],
  ['jobs-waiting', 'one is stalled', openJob({ state: 'STALLED' }), 'warning', '1 STALLED'],
  ['jobs-waiting', 'one is inconsistent', openJob({ state: 'INCONSISTENT' }), 'warning', '1 INCONSISTENT'],
  ['jobs-looked-at', 'there are more', replace(['openJobs'], read({ jobs: [], isCut: true })), 'note', 'more than 0'],
  ['clock', 'it is ahead', replace(['clockDifference'], read(60_001)), 'warning', '60 s ahead of'],
  ['clock', 'it is behind', replace(['clockDifference'], read(-90_000)), 'warning', '90 s behind'],
];

const findingsOf = (facts: Facts, id: string) =>
  checks.filter((check) => check.id === id).flatMap(({ run }) => run(facts));

describe('the checks', () => {
  it('pass a deployment as Terraform makes it, each of them over at least one thing', () => {
    for (const { id } of checks) {
      const findings = findingsOf(healthy, id);
      expect(findings.length, id).toBeGreaterThan(0);
      expect(
        findings.filter(({ result }) => result !== 'ok'),
        id,
      ).toEqual([]);
    }
  });

  it.each(cases)('%s: complains when %s', (id, _, changed, result, found) => {
    const complaints = findingsOf(changed(healthy), id).filter((finding) => finding.result !== 'ok');
    expect(complaints.length).toBeGreaterThan(0);
    for (const complaint of complaints) {
      expect(complaint).toMatchObject({ id, result, found: expect.stringContaining(found) });
      expect(complaint.expected).toBeTruthy();
      expect(complaint.mend).toBeTruthy();
    }
  });

  it('have each at least one case above in which they complain', () => {
    expect([...new Set(cases.map(([id]) => id))].sort()).toEqual(checks.map(({ id }) => id).sort());
  });

  it.each<readonly [string, (facts: Facts) => Facts]>([
    ['a job that is audited in time', openJob({ auditAt: healthy.now - 29 * minute })],
    ['a runtime 181 days before its end', at(Date.UTC(2027, 3, 30) - 181 * 24 * 60 * minute)],
    ['an account that has just enough', replace(['concurrency'], read({ limit: 292, unreserved: 192 }))],
    ['an alarm that knows nothing yet', change(['alarms'], { state: 'INSUFFICIENT_DATA' })],
    ['a queue that hides for longer', change(['queues', 'work'], { visibilitySeconds: 43_200 })],
    ['a mapping over a stream', change(['mappings', 'relay-rows'], { lastResult: 'OK - 12 records processed.' })],
    ['a mapping with nothing to do', change(['mappings', 'relay-rows'], { lastResult: 'No records processed' })],
    ['a mapping that was not read yet', change(['mappings', 'store-rows'], { lastResult: undefined })],
    ['a clock that is off by a minute', replace(['clockDifference'], read(-60_000))],
  ])('do not complain of %s', (_, changed) => {
    const complaints = checks.flatMap(({ run }) => run(changed(healthy))).filter(({ result }) => result !== 'ok');
    expect(complaints).toEqual([]);
  });

  it('say that they were not made, and why, where nothing could be read', () => {
    const unread: Fact<never> = { kind: 'unread', reason: 'not allowed' };
    const spread = <Of extends object>(of: Of) => Object.fromEntries(Object.keys(of).map((name) => [name, unread]));
    const blind = Object.fromEntries(
      Object.entries(healthy).map(([name, value]) => {
        if (['stack', 'wiring', 'now'].includes(name)) return [name, value];
        return [name, typeof value === 'object' && 'kind' in value ? unread : spread(value as object)];
      }),
    ) as unknown as Facts;
    const findings = checks.flatMap(({ run }) => run(blind));
    expect(new Set(findings.map(({ id }) => id)).size).toBe(checks.length);
    expect(findings.filter(({ result, reason }) => result !== 'not checked' || reason !== 'not allowed')).toEqual([]);
  });

  it('complain once of what is gone: the checks of what it would be are not made', () => {
    const gone = replace(['queues', 'work'], absent)(healthy);
    const findings = checks.flatMap(({ run }) => run(gone)).filter(({ subject }) => subject === 'sluice-test-work');
    expect(findings.filter(({ result }) => result === 'error').map(({ id }) => id)).toEqual(['queue']);
    expect(findings.filter(({ result }) => result === 'not checked').length).toBeGreaterThan(3);
  });

  it('name sections that the runbook has', () => {
    const runbook = readFileSync(new URL('../../../../../docs/runbook.md', import.meta.url), 'utf8');
    for (const { section } of checks) expect(runbook).toContain(`\n## ${section}\n`);
  });
});
