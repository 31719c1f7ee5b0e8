import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { queueNames } from '@sluice/core/ports/queue';
import { stageNames } from '@sluice/core/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../usage-error.ts';
import { findStack, type StackSeams } from './find-stack.ts';
import { parseOutputs, regionOfQueue } from './stack.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-stack-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const host = 'https://sqs.eu-central-1.amazonaws.com/123456789012';
const byName = (names: readonly string[], of: (name: string) => string) =>
  Object.fromEntries(names.map((name) => [name, of(name)]));
const values: Record<string, unknown> = {
  environment: 'prod',
  inbox_bucket: 'inbox',
  work_bucket: 'work',
  profiles_key: 'profiles/1.json',
  rows_table: 'sluice-prod-rows',
  jobs_table: 'sluice-prod-jobs',
  queue_urls: byName(queueNames, (name) => `${host}/sluice-prod-${name}`),
  dead_letter_queue_urls: byName(queueNames, (name) => `${host}/sluice-prod-${name}-dlq`),
  function_names: byName(stageNames, (name) => `sluice-prod-${name}`),
  alarm_names: ['a'],
  alarm_topic_arn: 'arn:aws:sns:eu-central-1:123456789012:sluice-prod-alarms',
  dashboard_name: 'sluice-prod',
  completion_pattern: '{}',
};
const jsonOf = (outputs: Record<string, unknown>): string =>
  JSON.stringify(
    Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, { sensitive: false, type: 'x', value }])),
  );

const never = async (): Promise<never> => {
  throw new Error('expected no such call');
};
const seamsOf = (seams: Partial<StackSeams> = {}): StackSeams => ({
  environment: {},
  infraFolder: join(folder, 'infra'),
  runTerraform: never,
  readFunction: never,
  ...seams,
});
const terraform = (status: number, stdout: string, stderr = '') => ({
  runTerraform: async () => ({ status, stdout, stderr }),
});

describe('outputs', () => {
  it('name everything of the deployment, and the region by the host of a queue', () => {
    expect(parseOutputs(jsonOf(values), 'x')).toMatchObject({
      name: 'sluice-prod',
      environment: 'prod',
      region: 'eu-central-1',
      profilesKey: 'profiles/1.json',
      queueUrls: { work: `${host}/sluice-prod-work` },
      functionNames: { 'relay-rows': 'sluice-prod-relay-rows' },
    });
  });

  it('say the region themselves where they do', () => {
    expect(parseOutputs(jsonOf({ ...values, region: 'us-east-1' }), 'x').region).toBe('us-east-1');
    expect(regionOfQueue('http://localhost:4566/000000000000/x')).toBeUndefined();
  });

  it('that are missing are named in one error', () => {
    const { inbox_bucket: _, ...rest } = values;
    const queues = { ...(values['queue_urls'] as object), work: undefined };
    expect(() => parseOutputs(jsonOf({ ...rest, jobs_table: 7, queue_urls: queues }), 'o.json')).toThrow(
      /in o\.json, found these missing or of another kind: inbox_bucket, jobs_table, queue_urls\.work;/,
    );
  });

  it('that are of another kind are named each once, whatever it is', () => {
    const wrong = { ...values, queue_urls: ['a', 'b'], alarm_names: [1, 2], function_names: {}, region: 7 };
    expect(() => parseOutputs(jsonOf(wrong), 'x')).toThrow(
      `another kind: region, queue_urls, ${stageNames.map((name) => `function_names.${name}`).join(', ')}, alarm_names.0, alarm_names.1;`,
    );
  });

  it('that could speak to a terminal are no names', () => {
    const names = { ...(values['function_names'] as object), 'split-file': 'a\u001b[2J-split-file' };
    const wrong = { ...values, function_names: names, inbox_bucket: 'a\u202eb', environment: 'a\n' };
    expect(() => parseOutputs(jsonOf(wrong), 'x')).toThrow('environment, inbox_bucket, function_names.split-file;');
  });

  it('may be more than are read, and null where there is nothing to name', () => {
    const queues = { ...(values['queue_urls'] as object), later: 7 };
    const more = { ...values, queue_urls: queues, later: 7, alarm_topic_arn: null, dashboard_name: null };
    expect(parseOutputs(jsonOf(more), 'x')).toMatchObject({ alarmTopicArn: undefined, dashboardName: undefined });
  });

  it.each([
    ['no JSON', 'a,b', /found no JSON/],
    ['other JSON', '[1]', /found other JSON/],
    ['outputs without values', '{"environment":{"type":"string"}}', /found other JSON/],
    ['plain values', '{"environment":"prod"}', /found other JSON/],
    ['none', '{}', /found none; was it applied\?/],
  ])('are refused as %s', (_, text, expected) => {
    expect(() => parseOutputs(text, 'x')).toThrow(expected);
    expect(() => parseOutputs(text, 'x')).toThrow(UsageError);
  });
});

describe('a deployment', () => {
  it('is found by a file of outputs', async () => {
    const file = join(folder, 'outputs.json');
    writeFileSync(file, `\uFEFF${jsonOf(values)}`);
    expect((await findStack(file, seamsOf())).name).toBe('sluice-prod');
    expect((await findStack(undefined, seamsOf({ environment: { SLUICE_STACK: file } }))).name).toBe('sluice-prod');
  });

  it('is found by the folder of its Terraform', async () => {
    const asked: string[] = [];
    const runTerraform: StackSeams['runTerraform'] = async (of) => {
      asked.push(of);
      return { status: 0, stdout: jsonOf(values), stderr: '' };
    };
    expect((await findStack(folder, seamsOf({ runTerraform }))).name).toBe('sluice-prod');
    expect(asked).toEqual([folder]);
  });

  it("is the repository's own where that was initialised, and nothing else was said", async () => {
    const seams = seamsOf({ infraFolder: folder, environment: { TF_DATA_DIR: '.' }, ...terraform(0, jsonOf(values)) });
    expect((await findStack(undefined, seams)).name).toBe('sluice-prod');
    await expect(findStack(undefined, seamsOf())).rejects.toThrow(
      /^expected a deployment, found none: no --stack, no SLUICE_STACK, and infra was not initialised; type --stack sluice-prod/,
    );
  });

  it.each([
    [127, '', /expected terraform on PATH .*, found none; name the deployment instead/],
    [
      1,
      '╷\n│ Error: Backend initialization required, please run "terraform init"\n╵',
      /Backend initialization required/,
    ],
    [1, '', /no reason given/],
  ])('is not found where Terraform ends with %i', async (status, stderr, expected) => {
    await expect(findStack(folder, seamsOf(terraform(status, '', stderr)))).rejects.toThrow(expected);
    await expect(findStack(folder, seamsOf(terraform(status, '', stderr)))).rejects.toThrow(UsageError);
  });

  it.each(['', 'Sluice', 'sluice', 'no/such/file.json', 'a\u001b[31m-prod'])('is not named %j', async (text) => {
    await expect(findStack(text, seamsOf())).rejects.toThrow(/^--stack: expected the name of a deployment such as/);
  });
});

describe('a name', () => {
  const variables = {
    ENVIRONMENT: 'prod',
    INBOX_BUCKET: 'inbox',
    WORK_BUCKET: 'work',
    ROWS_TABLE: 'sluice-prod-rows',
    JOBS_TABLE: 'sluice-prod-jobs',
    ...Object.fromEntries(queueNames.map((name) => [`${name.toUpperCase()}_QUEUE_URL`, `${host}/sluice-prod-${name}`])),
  };
  const arnOf = (name: string): string => `arn:aws:lambda:eu-central-1:123456789012:function:${name}`;
  const functions: Record<string, Record<string, string>> = {
    'sluice-prod-audit-job': variables,
    'sluice-prod-split-file': { PROFILES_KEY: 'profiles/1.json' },
  };
  const reading = (from: Record<string, Record<string, string>>): Partial<StackSeams> => ({
    readFunction: async (name) => (from[name] === undefined ? undefined : { arn: arnOf(name), variables: from[name] }),
  });

  it('is answered for by the functions, as the outputs would', async () => {
    const stack = await findStack('sluice-prod', seamsOf(reading(functions)));
    const { alarmNames, ...rest } = stack;
    const { alarmNames: _, ...byOutputs } = parseOutputs(jsonOf(values), 'x');
    expect(rest).toEqual(byOutputs);
    expect(alarmNames).toHaveLength(27);
    expect(alarmNames).toContain('sluice-prod-work-dlq-depth');
  });

  it('that no function has is refused', async () => {
    await expect(findStack('sluice-test', seamsOf(reading(functions)))).rejects.toThrow(
      /expected a deployment named sluice-test, found no function sluice-test-audit-job in this account and region/,
    );
  });

  it('of another version is refused with all that its functions are not told', async () => {
    const { INBOX_BUCKET: _, ...fewer } = variables;
    const of = { 'sluice-prod-audit-job': fewer, 'sluice-prod-split-file': {} };
    await expect(findStack('sluice-prod', seamsOf(reading(of)))).rejects.toThrow(
      /told INBOX_BUCKET, PROFILES_KEY, found/,
    );
  });
});
