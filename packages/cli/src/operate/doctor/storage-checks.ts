import { applyAgain, type Check, createCheck, createExistenceCheck, type Looked, settingsSection } from './check.ts';
import { type BucketName, both, bucketNames, type Fact, type Facts, map, type TableName, tableNames } from './facts.ts';

const tableOf = (name: TableName, { stack }: Facts): string => ({ rows: stack.rowsTable, jobs: stack.jobsTable })[name];
const bucketOf = (name: BucketName, { stack }: Facts): string =>
  ({ inbox: stack.inboxBucket, work: stack.workBucket })[name];

const ofTables = <Value>(facts: Facts, of: (name: TableName) => Fact<Value>): Looked<Value> =>
  tableNames.map((name) => [tableOf(name, facts), of(name)]);
const ofBuckets = <Value>(facts: Facts, of: (name: BucketName) => Fact<Value>): Looked<Value> =>
  bucketNames.map((name) => [bucketOf(name, facts), of(name)]);

const tableIsThere = createExistenceCheck({
  id: 'table',
  title: 'both tables exist',
  severity: 'error',
  section: settingsSection,
  of: (facts) => ofTables(facts, (name) => facts.tables[name]),
  mend: 'nothing at once: a table that is gone may be had back as it was within 35 days, aws dynamodb restore-table-to-point-in-time',
});

const status = createCheck({
  id: 'table-status',
  title: 'both tables can be read and written',
  severity: 'error',
  section: settingsSection,
  of: (facts) => ofTables(facts, (name) => facts.tables[name]),
  judge: ({ status: found }) =>
    // A table that is changed serves meanwhile.
    ['ACTIVE', 'UPDATING'].includes(found)
      ? undefined
      : { found, expected: 'ACTIVE', mend: 'wait where it is being made; else AWS Support' },
});

const recovery = createCheck({
  id: 'table-recovery',
  title: 'both tables can be had back as they were at any moment',
  severity: 'error',
  section: settingsSection,
  of: (facts) => ofTables(facts, (name) => facts.recovery[name]),
  judge: (isOn) => (isOn ? undefined : { found: 'point-in-time recovery is off', expected: 'on', mend: applyAgain }),
});

const protection = createCheck({
  id: 'table-protection',
  title: 'both tables refuse to be deleted',
  severity: 'error',
  section: settingsSection,
  of: (facts) => ofTables(facts, (name) => facts.tables[name]),
  judge: ({ isProtected }) =>
    isProtected
      ? undefined
      : { found: 'deletion protection is off', expected: 'on', mend: `${applyAgain} -var protect=true` },
});

const billing = createCheck({
  id: 'table-billing',
  title: 'both tables are on demand',
  severity: 'warning',
  section: 'A table throttles',
  of: (facts) => ofTables(facts, (name) => facts.tables[name]),
  judge: ({ billing: found }) =>
    found === 'PAY_PER_REQUEST' ? undefined : { found, expected: 'PAY_PER_REQUEST', mend: applyAgain },
});

const stream = createCheck({
  id: 'table-stream',
  title: 'the table of the rows tells of new rows',
  severity: 'error',
  section: settingsSection,
  of: (facts) => [[tableOf('rows', facts), facts.tables.rows]],
  judge: ({ streamView }) =>
    streamView === 'NEW_IMAGE'
      ? undefined
      : { found: streamView ?? 'no stream', expected: 'a stream of NEW_IMAGE', mend: applyAgain },
});

/** Without `open` no audit finds a job; without `created` no command lists jobs. */
const indexes = createCheck({
  id: 'table-indexes',
  title: 'the table of the jobs has its indexes',
  severity: 'warning',
  section: settingsSection,
  of: (facts) => [[tableOf('jobs', facts), facts.tables.jobs]],
  judge: ({ indexes: found }) => {
    const missing = ['open', 'created'].filter((name) => !['ACTIVE', 'UPDATING'].includes(found[name] ?? ''));
    return missing.length === 0
      ? undefined
      : {
          ...(missing.includes('open') ? { severity: 'error' } : {}),
          found: missing.map((name) => `${name} ${found[name] ?? 'is not there'}`).join(', '),
          expected: 'open and created, ACTIVE',
          mend: applyAgain,
        };
  },
});

const bucketIsThere = createExistenceCheck({
  id: 'bucket',
  title: 'both buckets exist',
  severity: 'error',
  section: settingsSection,
  of: (facts) => ofBuckets(facts, (name) => facts.versioning[name]),
});

const versioning = createCheck({
  id: 'bucket-versioning',
  title: 'both buckets keep versions',
  severity: 'warning',
  section: settingsSection,
  of: (facts) => ofBuckets(facts, (name) => map(facts.versioning[name], (found) => ({ found, name }))),
  judge: ({ found, name }) =>
    found === 'Enabled'
      ? undefined
      : {
          // A job reads the version that it was planned for.
          ...(name === 'inbox' ? { severity: 'error' } : {}),
          found,
          expected: 'Enabled',
          mend: applyAgain,
        },
});

const publicAccess = createCheck({
  id: 'bucket-public-access',
  title: 'both buckets block public access',
  severity: 'error',
  section: settingsSection,
  of: (facts) => ofBuckets(facts, (name) => facts.publicAccess[name]),
  judge: (isBlocked) =>
    isBlocked ? undefined : { found: 'not all four blocks are on', expected: 'all four', mend: applyAgain },
});

const notification = createCheck({
  id: 'bucket-notification',
  title: 'every new file of the inbox is told to uploads',
  severity: 'error',
  section: settingsSection,
  of: (facts) => [[facts.stack.inboxBucket, both(facts.notifications, facts.queues.uploads)]],
  judge: ([found, { arn }]) => {
    const ours = found.filter(({ queueArn }) => queueArn === arn);
    return ours.some(({ events, isFiltered }) => events.includes('s3:ObjectCreated:*') && !isFiltered)
      ? undefined
      : {
          found: ours.length === 0 ? 'no notification to uploads' : 'a notification of some files or events only',
          expected: 's3:ObjectCreated:* without a filter',
          mend: applyAgain,
        };
  },
});

export const storageChecks: readonly Check[] = [
  tableIsThere,
  status,
  recovery,
  protection,
  billing,
  stream,
  indexes,
  bucketIsThere,
  versioning,
  publicAccess,
  notification,
];
