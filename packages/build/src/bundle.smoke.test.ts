import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { jobIdOf, mergedRejectKeysOf } from '@sluice/core/identity';
import { createOpenJob } from '@sluice/core/memory-jobs';
import {
  finishedEnvelope,
  rowsEnvelope,
  serialise,
  serialiseAudit,
  serialiseChunk,
  sweepBody,
} from '@sluice/core/messages';
import { recordOf } from '@sluice/core/stage-harness';
import type { StageName } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import type { AttributeValue, DynamoDBRecord, SQSRecord } from 'aws-lambda';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { buildBundles } from './build-bundles.ts';
import type { BundleProcess } from './bundle-process.ts';
import { startBundle } from './bundle-process.ts';
import { root } from './root.ts';
import {
  credentials,
  inboxBucket,
  lambdaVariables,
  profilesKey,
  type SmokeServices,
  startSmokeServices,
  variablesOf,
  workBucket,
} from './smoke-services.ts';

// The bundles as they are uploaded, started as Lambda starts them, over services on loopback.

/** Personal data in rows: none of it may be written anywhere but into messages, items and objects. */
const canaries = ['Ada Canary', 'canary@example.org', '+49 151 00000000'];
const csv = `id,name,mail,phone\n1,${canaries.join(',')}\n2,${canaries.join(',')}\n3,"${canaries[0]}\n",x\n`;

let folder: string;
let services: SmokeServices;

const moduleOf = (stage: StageName): string => join(folder, stage, 'index.mjs');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-smoke-'));
  await buildBundles({ root, out: folder });
  for (const stage of stageNames) {
    const files = unzipSync(readFileSync(join(folder, `${stage}.zip`)));
    mkdirSync(join(folder, stage));
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, stage, name), bytes);
  }
  services = await startSmokeServices();
  await services.s3.send(
    new PutObjectCommand({ Bucket: workBucket, Key: profilesKey, Body: JSON.stringify([{ prefix: 'in/' }]) }),
  );
});

/** The job that messages speak of, and its first row. */
const putJob = async (): Promise<void> => {
  const source = { bucket: inboxBucket, key: 'in/a.csv', etag: 'etag', bytes: csv.length };
  const job = createOpenJob(jobId, source, ['name', 'mail', 'phone']);
  await services.jobs.createJob({ ...job, state: 'COMPLETE' });
  await services.rows.insert(jobId, [[0, 1, 2, canaries]]);
};

afterAll(async () => {
  await services.close();
  rmSync(folder, { recursive: true, force: true });
});

const start = async (stage: StageName, variables: Readonly<Record<string, string>>): Promise<BundleProcess> => {
  const bundle = await startBundle(moduleOf(stage), variables);
  onTestFinished(async () => {
    await bundle.end();
  });
  return bundle;
};

/** Started as it is deployed. */
const startDeployed = (stage: StageName, more: Readonly<Record<string, string>> = {}): Promise<BundleProcess> =>
  start(stage, {
    ...variablesOf(stage),
    ...lambdaVariables,
    ...credentials,
    AWS_ENDPOINT_URL: services.url,
    ...more,
  });

type Line = Readonly<Record<string, unknown>>;

const linesOf = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

/** Ends a bundle. Its metrics lines; everything else that it wrote must be lines of its logger, and nothing of a row. */
const metricsOf = async (bundle: BundleProcess): Promise<Line[]> => {
  const { stdout, stderr } = await bundle.end();
  for (const canary of canaries) expect(stdout + stderr).not.toContain(canary);
  const lines = linesOf(stdout);
  for (const line of [...lines, ...linesOf(stderr)]) expect('_aws' in line || 'level' in line).toBe(true);
  return lines.filter((line) => '_aws' in line);
};

/** The job that messages of these tests speak of. */
const jobId = jobIdOf({ bucket: inboxBucket, key: 'in/a.csv', etag: 'etag' }, 'profile');

const pack = ({ head, tail }: { readonly head: string; readonly tail: string }, ...rows: readonly unknown[]): string =>
  head + rows.map(serialise).join(',') + tail;

const uploadOf = (key: string, size: number, eTag: string, eventName = 'ObjectCreated:Put'): string =>
  JSON.stringify({
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion: 'us-east-1',
        eventTime: '2026-01-01T00:00:00.000Z',
        eventName,
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: 'uploads',
          bucket: { name: inboxBucket, arn: `arn:aws:s3:::${inboxBucket}` },
          object: { key, size, eTag, sequencer: '0055AED6DCD90281E5' },
        },
      },
    ],
  });

const testEvent = JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: inboxBucket });

const rowTuple = [0, 1, 2, canaries];
const rowsBody = pack(rowsEnvelope(jobId, ['name', 'mail', 'phone']), rowTuple);

type QueueStageName = Exclude<StageName, 'relay-rows'>;
const queueStages = stageNames.filter((stage): stage is QueueStageName => stage !== 'relay-rows');

/** A message that the stage can settle alone, with nothing but the job in the ledger and its first row in the table. */
const settledBody: Readonly<Record<QueueStageName, string>> = {
  'split-file': testEvent,
  'clean-rows': serialiseChunk({ jobId, chunk: 0, start: 0, end: 0, firstRow: 1, rows: 0, firstLine: 1 }),
  'store-rows': rowsBody,
  'process-rows': rowsBody,
  'finish-rows': pack(finishedEnvelope(jobId), [0, 1, 'DONE', { mail: canaries[1] }]),
  'audit-job': serialiseAudit(jobId),
};

/** One that needs its services before anything else. */
const neededBody = { ...settledBody, 'split-file': uploadOf('in/a.csv', csv.length, 'etag') };

const streamRecord = (image: DynamoDBRecord['dynamodb'], position: number): DynamoDBRecord => ({
  eventID: String(position),
  eventName: 'INSERT',
  eventVersion: '1.1',
  eventSource: 'aws:dynamodb',
  awsRegion: 'us-east-1',
  dynamodb: {
    SequenceNumber: String(100_000_000_000_000_000_000n + BigInt(position)),
    SizeBytes: 100,
    StreamViewType: 'NEW_IMAGE',
    ...image,
  },
});

const keyOf = (image: Readonly<Record<string, AttributeValue>>): Record<string, AttributeValue> =>
  Object.fromEntries(Object.entries(image).filter(([name]) => name === 'pk' || name === 'row'));

/** An event of two messages, or of two stream records. */
const eventOf = (stage: StageName, first: string, second: string): { readonly Records: readonly unknown[] } => {
  if (stage !== 'relay-rows') return { Records: [recordOf('first', first), recordOf('second', second)] };
  const pk = { S: `${jobId}#0#1` };
  const image = { pk, line: { N: '2' }, status: { S: 'PENDING' }, data: { S: JSON.stringify(canaries) } };
  return {
    Records: [1, 2].map((row) =>
      streamRecord({ Keys: { pk, row: { N: `${row}` } }, NewImage: { ...image, row: { N: `${row}` } } }, row),
    ),
  };
};

const neededEvent = (stage: StageName) => {
  const body = stage === 'relay-rows' ? '' : neededBody[stage];
  return eventOf(stage, body, body);
};

/** What answers an event of which everything comes back. */
const allOf = (stage: StageName) =>
  stage === 'relay-rows'
    ? { batchItemFailures: [{ itemIdentifier: '100000000000000000001' }] }
    : { batchItemFailures: [{ itemIdentifier: 'first' }, { itemIdentifier: 'second' }] };

describe('a job through the bundles', () => {
  const uploaded = { key: 'in/people.csv', etag: '' };

  /** Delivers bodies as Lambda would, one event each, and expects all to be taken. */
  const deliver = async (stage: StageName, bodies: readonly string[]): Promise<void> => {
    const bundle = await startDeployed(stage);
    expect(bundle.complaint).toBeUndefined();
    expect(bodies).not.toEqual([]);
    for (const [index, body] of bodies.entries()) {
      expect(await bundle.invoke({ Records: [recordOf(`message-${index}`, body)] })).toEqual({ batchItemFailures: [] });
    }
    expect(await metricsOf(bundle)).toHaveLength(bodies.length);
  };

  const relay = async (): Promise<void> => {
    const bundle = await startDeployed('relay-rows');
    const records = services
      .rowImages()
      .map((image, position) => streamRecord({ Keys: keyOf(image), NewImage: { ...image } }, position));
    expect(await bundle.invoke({ Records: records })).toEqual({ batchItemFailures: [] });
    expect(await metricsOf(bundle)).toMatchObject([{ RowsIn: 2, RowsOut: 2 }]);
  };

  it('goes from the upload to its end, and no bundle writes a row', async () => {
    const { ETag = '' } = await services.s3.send(
      new PutObjectCommand({ Bucket: inboxBucket, Key: uploaded.key, Body: csv }),
    );
    await deliver('split-file', [uploadOf(uploaded.key, csv.length, ETag.replaceAll('"', ''))]);
    await deliver('clean-rows', await services.receive('chunks'));
    await deliver('store-rows', await services.receive('rows'));
    await relay();
    await deliver('process-rows', await services.receive('work'));
    await deliver('finish-rows', await services.receive('finished'));
    await deliver('audit-job', [sweepBody]);
    const audits = await services.receive('audits');
    expect(audits).toHaveLength(1);
    await deliver('audit-job', audits);

    const [{ jobId: found = '' } = {}] = audits.map((body) => JSON.parse(body) as { readonly jobId: string });
    expect(await services.jobs.getJob(found)).toMatchObject({ state: 'COMPLETE', plan: { rows: 3, chunks: 1 } });
    const told = services.events().map(({ Source, Detail }) => ({ Source, Detail: JSON.parse(Detail) as object }));
    expect(told).toMatchObject([
      { Source: 'sluice', Detail: { jobId: found, state: 'COMPLETE', rows: 3, rejected: 1 } },
    ]);
    const Key = mergedRejectKeysOf(found).csv;
    const merged = await services.s3.send(new GetObjectCommand({ Bucket: workBucket, Key }));
    expect(await merged.Body?.transformToString()).toBe(`id,name,mail,phone\n3,"${canaries[0]}\n",x\n`);
    expect(services.rowImages().map(({ status }) => status)).toEqual([{ S: 'DONE' }, { S: 'DONE' }]);
    // The rows are where they belong, so the canaries went through every bundle above.
    expect(JSON.stringify(services.rowImages())).toContain(canaries[1]);
  });
});

describe('split-file', () => {
  it('ends a job whose object is gone, and leaves other events alone', async () => {
    const bundle = await startDeployed('split-file');
    const gone = { bucket: inboxBucket, key: 'in/gone.csv', etag: 'gone' };
    const records: SQSRecord[] = [
      recordOf('test', testEvent),
      recordOf('removed', uploadOf('in/a.csv', 1, 'etag', 'ObjectRemoved:Delete')),
      recordOf('gone', uploadOf(gone.key, 100, gone.etag)),
    ];
    expect(await bundle.invoke({ Records: records })).toEqual({ batchItemFailures: [] });
    const open: string[] = [];
    for await (const page of services.jobs.listDueJobs(Number.MAX_SAFE_INTEGER)) open.push(...page);
    // Until its end was told, by the audit.
    expect(open).toHaveLength(1);
    expect(await services.jobs.getJob(open[0] ?? '')).toMatchObject({ state: 'SUPERSEDED', file: gone });
    expect(await metricsOf(bundle)).toMatchObject([{ MessagesFailed: 0 }]);
  });

  it('does not start with profiles that are wrong, and says which', async () => {
    const Body = JSON.stringify([{ prefix: 'in/', delimiter: canaries[0] }]);
    await services.s3.send(new PutObjectCommand({ Bucket: workBucket, Key: 'config/wrong.json', Body }));
    const { complaint } = await startDeployed('split-file', { PROFILES_KEY: 'config/wrong.json' });
    expect(complaint).toBe(
      'profiles: prefix "in/": delimiter: expected one ASCII character other than NUL, quote, CR and LF',
    );
  });
});

describe.each(stageNames)('the bundle of %s', (stage) => {
  it('answers an empty event, with one metrics line', async () => {
    const bundle = await startDeployed(stage);
    expect(await bundle.invoke({ Records: [] })).toEqual({ batchItemFailures: [] });
    expect(await metricsOf(bundle)).toMatchObject([{ stage, environment: 'smoke', RowsIn: 0, MessagesFailed: 0 }]);
  });

  it('does not start without its environment, and names every variable', async () => {
    const names = Object.keys(variablesOf(stage));
    const { complaint = '' } = await start(stage, {});
    expect(complaint.match(/[A-Z_]+(?=: expected)/g)?.sort()).toEqual(names.sort());
  });

  it('does not start with a malformed environment, and shows no value', async () => {
    const names = Object.keys(variablesOf(stage));
    const bundle = await start(stage, Object.fromEntries(names.map((name) => [name, `a secret of ${name}`])));
    expect(bundle.complaint?.match(/[A-Z_]+(?=: expected)/g)?.sort()).toEqual(names.sort());
    expect(bundle.complaint).not.toContain('secret');
    expect(await bundle.end()).toEqual({ stdout: '', stderr: '' });
  });

  it('hands everything back while its services are down', async () => {
    const bundle = await startDeployed(stage, { AWS_ENDPOINT_URL: await closedUrl() });
    expect(bundle.complaint).toBeUndefined();
    expect(await bundle.invoke(neededEvent(stage))).toEqual(allOf(stage));
    expect(await bundle.invoke(neededEvent(stage))).toEqual(allOf(stage));
    expect(await metricsOf(bundle)).toMatchObject([{ MessagesFailed: 2 }, { MessagesFailed: 2 }]);
  });

  it('hands everything back without credentials', async () => {
    const bundle = await start(stage, {
      ...variablesOf(stage),
      ...lambdaVariables,
      AWS_ENDPOINT_URL: services.url,
    });
    expect(bundle.complaint).toBeUndefined();
    expect(await bundle.invoke(neededEvent(stage))).toEqual(allOf(stage));
    expect(await metricsOf(bundle)).toMatchObject([{ MessagesFailed: 2 }]);
  });
});

describe.each(queueStages)('the bundle of %s', (stage) => {
  beforeAll(putJob);

  it('hands back a malformed message alone', async () => {
    const bundle = await startDeployed(stage);
    const malformed = `{"name": "${canaries[0]}"`;
    const event = eventOf(stage, malformed, settledBody[stage]);
    expect(await bundle.invoke(event)).toEqual({ batchItemFailures: [{ itemIdentifier: 'first' }] });
    expect(await metricsOf(bundle)).toMatchObject([{ MessagesFailed: 1 }]);
  });
});

describe('relay-rows', () => {
  it('marks a record that holds no row, and goes on', async () => {
    const bundle = await startDeployed('relay-rows');
    const { Records } = eventOf('relay-rows', '', '');
    const [, second] = Records as readonly DynamoDBRecord[];
    const pk = { S: `${jobId}#0#1` };
    const poison = streamRecord(
      { Keys: { pk, row: { N: '1' } }, NewImage: { pk, status: { S: 'PENDING' }, data: { S: canaries[0] ?? '' } } },
      1,
    );
    expect(await bundle.invoke({ Records: [poison, second] })).toEqual({ batchItemFailures: [] });
    expect(await metricsOf(bundle)).toMatchObject([{ RowsIn: 2, RowsOut: 1, RowsDead: 1 }]);
  });
});

describe('what a bundle logs', () => {
  it.each([
    ['none of its debug lines', '0', 0],
    ['its debug lines', '1', 1],
  ])('is %s when %s of the invocations are sampled', async (_, rate, sampled) => {
    const bundle = await startDeployed('store-rows', { LOG_SAMPLE_RATE: rate, POWERTOOLS_LOG_LEVEL: 'DEBUG' });
    await bundle.invoke({ Records: [recordOf('a', rowsBody)] });
    const { stdout } = await bundle.end();
    const settled = linesOf(stdout).filter(({ message }) => message === 'the batch is settled');
    expect(settled).toHaveLength(sampled);
  });
});

/** An address of loopback at which nobody listens. */
const closedUrl = async (): Promise<string> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
};
