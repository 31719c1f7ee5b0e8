import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from './root.ts';
import { findArtifactsBucket } from './terraform.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-terraform-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A terraform on PATH that notes how it is called, and does in a shell what `does` says of each command. */
const find = async (does: Readonly<Record<string, string>>, more: Readonly<Record<string, string>> = {}) => {
  const cases = Object.entries(does).map(([command, script]) => `  ${command}) ${script};;\n`);
  const script = `#!/bin/sh\ncd '${folder}'\nshift\necho "$*" >>calls\ncase $1 in\n${cases.join('')}esac\n`;
  writeFileSync(join(folder, 'terraform'), script, { mode: 0o755 });
  const said: string[] = [];
  const variables = { PATH: `${folder}:/usr/bin:/bin`, HOME: folder, ...more };
  const bucket = await findArtifactsBucket(root, variables, (text) => said.push(text));
  return { bucket, said };
};

const calls = (): string[] => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
const outputs = (name: string): string => `echo '{"artifacts_bucket": {"value": "${name}"}}'`;

describe('findArtifactsBucket', () => {
  it('is the bucket that was made before, and makes nothing', async () => {
    expect(await find({ output: outputs('made-before') })).toEqual({ bucket: 'made-before', said: [] });
    expect(calls()).toEqual(['output -json']);
  });

  it('makes the bucket when there is none, and says so first', async () => {
    const output = `[ -e made ] && ${outputs('new')} || echo '{}'`;
    const { bucket, said } = await find({ output, apply: 'touch made' });
    expect(bucket).toBe('new');
    expect(said).toEqual(['no artifacts bucket yet: terraform makes one (infra/bootstrap)\n']);
    expect(calls()).toEqual([
      'output -json',
      'init -input=false',
      'output -json',
      'apply -input=false -auto-approve',
      'output -json',
    ]);
  });

  it('finds the bucket in a state that can be read only once Terraform is initialised', async () => {
    const output = `[ -e ready ] || exit 1; ${outputs('kept')}`;
    expect((await find({ output, init: 'touch ready' })).bucket).toBe('kept');
    expect(calls()).not.toContain('apply -input=false -auto-approve');
  });

  it('addresses buckets by path at an endpoint that is not AWS, unless it is told otherwise', async () => {
    const output = 'echo "$TF_VAR_s3_use_path_style" >style; echo \'{"artifacts_bucket": {"value": "b"}}\'';
    const styleOf = async (more: Readonly<Record<string, string>>): Promise<string> => {
      await find({ output }, more);
      return readFileSync(join(folder, 'style'), 'utf8').trim();
    };
    expect(await styleOf({})).toBe('');
    expect(await styleOf({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1' })).toBe('true');
    const told = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', TF_VAR_s3_use_path_style: 'false' };
    expect(await styleOf(told)).toBe('false');
  });

  it.each(['init', 'apply'])('says that terraform %s failed', async (command) => {
    await expect(find({ output: "echo '{}'", [command]: 'exit 1' })).rejects.toThrow(
      `expected terraform ${command} of infra/bootstrap to succeed, found exit status 1`,
    );
  });

  it('says what is missing without Terraform', async () => {
    const found = findArtifactsBucket(root, { PATH: '/usr/bin:/bin', HOME: folder }, () => undefined);
    await expect(found).rejects.toThrow(
      'expected terraform 1.9 or newer on PATH, or a bucket in ARTIFACTS_BUCKET, found neither',
    );
  });
});
