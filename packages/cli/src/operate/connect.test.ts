import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { createSqsClient } from '@sluice/core/aws/clients';
import { createAwsJobs } from '@sluice/core/aws/job-store';
import { createScriptedDynamoDb, dynamoDbError } from '@sluice/core/aws/scripted-dynamodb';
import { type ScriptedService, scriptedAccess, startScriptedEndpoint } from '@sluice/core/aws/scripted-endpoint';
import { createScriptedS3 } from '@sluice/core/aws/scripted-s3';
import { createScriptedSqs } from '@sluice/core/aws/scripted-sqs';
import { createTableSetUps, jobsTable, rowsTable } from '@sluice/core/aws/table-contract-set-up';
import { createOpenJob } from '@sluice/core/memory-jobs';
import { queueNames } from '@sluice/core/ports/queue';
import { stageNames } from '@sluice/core/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobId } from './operate-harness.ts';

// The command as a process of its own, over services on loopback that speak AWS's protocols.

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const s3 = createScriptedS3();
const openId = `z${jobId.slice(1)}`;
/** Environments of the functions that Lambda knows, by their names. */
const functions = new Map<string, Readonly<Record<string, string>>>();

/** GetFunctionConfiguration, which comes by a path as S3's requests do. */
const s3AndLambda: ScriptedService = (request) => {
  const name = /^\/2015-03-31\/functions\/([^/]+)\/configuration$/.exec(request.path)?.[1];
  if (name === undefined) return s3.service(request);
  const variables = functions.get(name);
  if (variables === undefined) {
    return { status: 404, headers: { 'x-amzn-errortype': 'ResourceNotFoundException' }, body: '{"Message":"none"}' };
  }
  const arn = `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
  return { status: 200, body: JSON.stringify({ FunctionArn: arn, Environment: { Variables: variables } }) };
};
let endpoint: Awaited<ReturnType<typeof startScriptedEndpoint>>;
let folder: string;
let audits = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-connect-'));
  endpoint = await startScriptedEndpoint({
    s3: s3AndLambda,
    sqs: createScriptedSqs(),
    dynamodb: createScriptedDynamoDb().service,
  });
  for (const bucket of ['inbox', 'work']) s3.createBucket(bucket);
  s3.bucket('work').put('profiles.json', Buffer.from('[{"prefix":""}]'));
  const sqs = createSqsClient({ endpoint: endpoint.url, ...scriptedAccess });
  const urls: Record<string, string> = {};
  for (const name of queueNames) {
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
    urls[name] = QueueUrl;
  }
  audits = urls['audits'] ?? '';
  sqs.destroy();
  const { createTable, clients } = createTableSetUps(endpoint.url);
  const [jobs, rows] = [await createTable(jobsTable), await createTable(rowsTable)];
  const ledger = createAwsJobs(clients.reads, jobs.table);
  await ledger.createJob({
    ...createOpenJob(jobId, { bucket: 'inbox', key: 'a.csv', etag: 'e', bytes: 4 }, ['a']),
    plan: { chunks: 0, rows: 0, closedAt: 0 },
    createdAt: 2,
    state: 'HELD',
  });
  await ledger.createJob({ ...createOpenJob(openId, { bucket: 'inbox', key: 'o.csv', etag: 'e', bytes: 4 }, ['a']) });
  const outputs = {
    environment: 'test',
    inbox_bucket: 'inbox',
    work_bucket: 'work',
    profiles_key: 'profiles.json',
    rows_table: rows.table,
    jobs_table: jobs.table,
    queue_urls: urls,
    dead_letter_queue_urls: urls,
    function_names: Object.fromEntries(stageNames.map((name) => [name, `sluice-test-${name}`])),
    alarm_names: [],
  };
  functions.set('sluice-test-split-file', { PROFILES_KEY: 'profiles.json' });
  functions.set('sluice-test-audit-job', {
    ENVIRONMENT: 'test',
    INBOX_BUCKET: 'inbox',
    WORK_BUCKET: 'work',
    ROWS_TABLE: rows.table,
    JOBS_TABLE: jobs.table,
    ...Object.fromEntries(queueNames.map((name) => [`${name.toUpperCase()}_QUEUE_URL`, urls[name] ?? ''])),
  });
  const json = Object.entries(outputs).map(([name, value]) => [name, { value }]);
  writeFileSync(join(folder, 'stack.json'), JSON.stringify(Object.fromEntries(json)));
  writeFileSync(join(folder, 'b.csv'), 'a\n1\n');
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await endpoint.close();
});

const start = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) => {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'scripted',
    AWS_SECRET_ACCESS_KEY: 'scripted',
    SLUICE_STACK: 'stack.json',
    ...environment,
  };
  const command = ['--disable-warning=ExperimentalWarning', main, ...args];
  return spawn(process.execPath, command, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
};

const sluice = async (...given: Parameters<typeof start>) => {
  const child = start(...given);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => {
    stdout += String(text);
  });
  child.stderr.on('data', (text) => {
    stderr += String(text);
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
};

describe('the command over services', () => {
  it('lists the jobs of the table', async () => {
    const { status, stdout, stderr } = await sluice(['jobs', '--json']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject([
      { jobId, state: 'HELD', key: 'a.csv', ledger: { rows: 0 } },
      { jobId: openId, state: 'OPEN', ledger: null },
    ]);
  });

  it('finds the deployment by its name', async () => {
    const { status, stdout } = await sluice(['jobs', '--stack', 'sluice-test']);
    expect({ status, first: stdout.split('\n')[1] }).toEqual({ status: 0, first: expect.stringContaining(jobId) });
    const { stderr } = await sluice(['jobs', '--stack', 'sluice-prod']);
    expect(stderr).toMatch(
      /^sluice: --stack: expected a deployment named sluice-prod, found no function sluice-prod-audit-job/,
    );
  });

  it('has the audit told at once of a repair that is asked for', async () => {
    expect(await sluice(['repair', 'latest'])).toMatchObject({ status: 0, stderr: '' });
    const sqs = createSqsClient({ endpoint: endpoint.url, ...scriptedAccess });
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: audits }));
    expect(Messages.map(({ Body }) => JSON.parse(Body ?? ''))).toEqual([{ v: 1, kind: 'audit', jobId }]);
    sqs.destroy();
  });

  it('puts a file into the inbox', async () => {
    const { status, stdout, stderr } = await sluice(['upload', 'b.csv', '--prefix', 'in/', '--json']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ bucket: 'inbox', key: 'in/b.csv', versionId: null, bytes: 4 });
    expect(s3.bucket('inbox').find('in/b.csv', null)?.bytes?.toString()).toBe('a\n1\n');
  });

  it('ends with 1 and no result when it is interrupted while it waits', async () => {
    const child = start(['wait', openId]);
    let stderr = '';
    for await (const text of child.stderr) {
      stderr += String(text);
      if (stderr.endsWith('planned so far\n')) child.kill('SIGINT');
    }
    const [status] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
    expect({ status, stderr, stdout: child.stdout.read() }).toEqual({
      status: 1,
      stderr: `${openId}  OPEN  0 rows planned so far\n\nsluice: interrupted, ending (once more to stop at once)\nsluice: ended by an interrupt\n`,
      stdout: null,
    });
  });

  it('is asked nothing when nobody can answer', async () => {
    const { status, stderr } = await sluice(['cancel', jobId]);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: `sluice: Cancel ${jobId} for good? It is HELD: 0 of 0 rows are open, 0 dead, as its last audit found them. Expected an answer from a terminal or --yes, found neither\n`,
    });
  });

  it.each([
    ['AccessDeniedException', 1, /^sluice: expected .* to be allowed, found access denied \(AccessDeniedException\)/],
    ['ExpiredTokenException', 2, /^sluice: expected AWS credentials, found expired ones/],
    ['ResourceNotFoundException', 1, /^sluice: expected .* to find its table or function, found none/],
  ])('tells in one line of %s, with status %i', async (type, expected, told) => {
    endpoint.script({ when: ({ service }) => service === 'dynamodb', instead: dynamoDbError(type, 'WHAT-IT-SAYS') });
    const { status, stdout, stderr } = await sluice(['jobs']);
    expect({ status, stdout }).toEqual({ status: expected, stdout: '' });
    expect(stderr).toMatch(told);
    expect(stderr).toMatch(/^[^\n]*\n$/);
    expect(stderr).not.toContain('WHAT-IT-SAYS');
  });

  it('names the profile that has no credentials', async () => {
    const none = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_EC2_METADATA_DISABLED: 'true' };
    const { status, stderr } = await sluice(['jobs'], { ...none, AWS_PROFILE: 'nobody\u001b' });
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^sluice: expected AWS credentials of AWS_PROFILE nobody\\u\{1b\}, found none; aws configure/,
    );
    expect((await sluice(['jobs'], none)).stderr).toMatch(
      /^sluice: expected AWS credentials, found none: set AWS_PROFILE/,
    );
  });

  it('tells in one line of an endpoint where nobody is, and of a job that is none', async () => {
    const away = await sluice(['jobs'], { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' });
    expect(away).toMatchObject({ status: 1, stdout: '' });
    expect(away.stderr).toMatch(
      /^sluice: expected .* to reach its service, found no connection \(ECONNREFUSED\)[^\n]*\n$/,
    );
    const none = await sluice(['wait', 'ffff']);
    expect(none).toMatchObject({ status: 2, stdout: '' });
    expect(none.stderr).toMatch(/^sluice: JOB: expected a job of sluice-test, found none for "ffff"/);
    expect((await sluice(['repair', 'NO\u001b'])).stderr).toMatch(
      /^sluice: JOB: expected an id .*found "NO\\u001b"\n$/,
    );
  });
});
