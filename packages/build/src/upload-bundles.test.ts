import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { createS3Client } from '@sluice/core/aws/clients';
import type { ScriptedEndpoint } from '@sluice/core/aws/scripted-endpoint';
import { scriptedAccess, startScriptedEndpoint } from '@sluice/core/aws/scripted-endpoint';
import { createScriptedS3, s3Error } from '@sluice/core/aws/scripted-s3';
import { stageNames } from '@sluice/core/wiring';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keyOf, toArtifacts, writeArtifacts } from './artifacts.ts';
import type { Bundle, Manifest } from './manifest.ts';
import { uploadBundles } from './upload-bundles.ts';
import { toUploadError } from './upload-error.ts';

const bucket = 'artifacts';
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

let folder: string;
let endpoint: ScriptedEndpoint;
let s3: ReturnType<typeof createScriptedS3>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-upload-'));
  s3 = createScriptedS3();
  endpoint = await startScriptedEndpoint({ s3: s3.service });
  const client = createS3Client({ endpoint: endpoint.url, ...scriptedAccess });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
  await endpoint.close();
});

/** Bundles of these texts in the folder. */
const makeBundles = (version: string): Manifest => {
  const entries = stageNames.map((stage): [string, Bundle] => {
    const text = `${stage} ${version}`;
    writeFileSync(join(folder, `${stage}.zip`), text);
    const described = { bytes: text.length, sha256: hashOf(text) };
    return [stage, { file: `${stage}.zip`, ...described, code: described }];
  });
  return { functions: Object.fromEntries(entries) as Manifest['functions'] };
};

/** Keys that an upload put, and those it found. */
const upload = async (manifest: Manifest, into = bucket, options = { endpoint: endpoint.url }) => {
  const client = createS3Client({ ...options, region: scriptedAccess.region, ...credentialsOf() });
  const done = { put: [] as string[], found: [] as string[] };
  try {
    await uploadBundles(client, into, folder, manifest, (_, key, isNew) => (isNew ? done.put : done.found).push(key));
    return done;
  } catch (thrown) {
    throw toUploadError(thrown, into, options.endpoint);
  } finally {
    client.destroy();
  }
};

let hasCredentials = true;
const credentialsOf = () => (hasCredentials ? { credentials: scriptedAccess.credentials } : {});
beforeEach(() => {
  hasCredentials = true;
});

describe('uploadBundles', () => {
  it('puts each bundle under its hash', async () => {
    const manifest = makeBundles('1');
    const keys = stageNames.map((stage) => `${stage}/${hashOf(`${stage} 1`)}.zip`);
    expect(await upload(manifest)).toEqual({ put: keys, found: [] });
    expect(s3.bucket(bucket).keys()).toEqual([...keys].sort());
    expect(
      s3
        .bucket(bucket)
        .find(keys[0] ?? '', null)
        ?.bytes?.toString(),
    ).toBe('split-file 1');
  });

  it('puts nothing that is there, and what changed beside what was', async () => {
    const manifest = makeBundles('1');
    await upload(manifest);
    expect((await upload(manifest)).put).toEqual([]);
    const changed = { functions: { ...manifest.functions, 'audit-job': makeBundles('22').functions['audit-job'] } };
    expect((await upload(changed)).put).toEqual([keyOf('audit-job', changed.functions['audit-job'])]);
    expect(s3.bucket(bucket).keys()).toHaveLength(stageNames.length + 1);
  });

  it('puts again what is there with another size', async () => {
    const manifest = makeBundles('1');
    const key = keyOf('audit-job', manifest.functions['audit-job']);
    s3.bucket(bucket).put(key, Buffer.from('cut'));
    expect((await upload(manifest)).put).toContain(key);
  });

  it('asks for every bundle and puts it at an endpoint by path', async () => {
    await upload(makeBundles('1'));
    const own = endpoint.requests.filter(({ operation }) => operation !== 'CreateBucket');
    expect(own.map(({ operation }) => operation)).toEqual(stageNames.flatMap(() => ['HeadObject', 'PutObject']));
    for (const { path } of own) expect(path).toMatch(/^\/artifacts\//);
  });
});

describe('an upload that fails', () => {
  it('says that the bucket is not there', async () => {
    await expect(upload(makeBundles('1'), 'nowhere')).rejects.toThrow(
      'expected the bucket nowhere, found none of that name',
    );
  });

  it('says that the bucket belongs to somebody else', async () => {
    endpoint.script({ when: ({ operation }) => operation === 'HeadObject', instead: { status: 403 } });
    await expect(upload(makeBundles('1'))).rejects.toThrow(
      /^expected to be let into the bucket artifacts, found \w+ with status 403: it belongs to another account, or these/,
    );
  });

  it('names what S3 said where it said something', async () => {
    const when = ({ operation }: { readonly operation: string }): boolean => operation === 'PutObject';
    endpoint.script({ when, instead: s3Error('InvalidAccessKeyId'), times: 3 });
    await expect(upload(makeBundles('1'))).rejects.toThrow(
      'expected S3 to take the bundles, found InvalidAccessKeyId with status 400',
    );
  });

  it('says that nobody answers', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await new Promise((resolve) => server.close(resolve));
    await expect(upload(makeBundles('1'), bucket, { endpoint: url })).rejects.toThrow(
      `expected S3 to answer at ${url}, found ECONNREFUSED`,
    );
  });

  it('says that there are no credentials', async () => {
    hasCredentials = false;
    for (const name of Object.keys(process.env).filter((known) => known.startsWith('AWS_')))
      vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('HOME', folder);
    await expect(upload(makeBundles('1'))).rejects.toThrow('expected AWS credentials');
  });

  it.each([
    [
      { name: 'Error', message: 'Region is missing' },
      'expected a region in AWS_REGION or in the AWS profile, found none',
    ],
    [{ name: 'PermanentRedirect', $metadata: { httpStatusCode: 301 } }, 'found it in another'],
    [{ name: 'TimeoutError' }, 'expected S3 to answer at its endpoint in AWS, found TimeoutError'],
    [undefined, 'expected S3 to take the bundles, found an error'],
  ])('tells %j', (thrown, message) => {
    expect(toUploadError(thrown, bucket, undefined).message).toContain(message);
  });
});

describe('artifacts.auto.tfvars.json', () => {
  it('tells Terraform bucket, keys and hashes as Lambda gives them', () => {
    const manifest = makeBundles('1');
    const path = join(folder, 'artifacts.auto.tfvars.json');
    writeFileSync(path, 'old');
    writeArtifacts(path, toArtifacts(bucket, manifest));
    const written = JSON.parse(readFileSync(path, 'utf8')) as unknown;
    expect(written).toEqual({ artifacts: toArtifacts(bucket, manifest) });
    expect(written).toMatchObject({
      artifacts: {
        bucket,
        functions: {
          'split-file': {
            key: `split-file/${hashOf('split-file 1')}.zip`,
            sha256: createHash('sha256').update('split-file 1').digest('base64'),
          },
        },
      },
    });
    expect(readdirSync(folder).filter((name) => name.includes('tfvars'))).toEqual(['artifacts.auto.tfvars.json']);
  });

  it('stays as it was when it cannot be written', () => {
    const manifest = makeBundles('1');
    expect(() => writeArtifacts(folder, toArtifacts(bucket, manifest))).toThrow();
    expect(readdirSync(join(folder, '..')).filter((name) => name.startsWith(`${folder.split('/').at(-1)}.`))).toEqual(
      [],
    );
  });
});
