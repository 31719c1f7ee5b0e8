import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { UsageError } from 'sluice/usage-error';

export type Variables = Readonly<Record<string, string | undefined>>;

type Finished = { readonly status: number; readonly stdout: string; readonly stderr: string };

/** Status with which a shell, and `infra/with-terraform`, tell that there is no such command. */
const notFound = 127;

/** `shown`: what Terraform says goes to standard error while it runs. */
const run = (root: string, args: readonly string[], variables: Variables, shown: boolean): Promise<Finished> =>
  new Promise((resolve, reject) => {
    const child = spawn(join(root, 'infra', 'with-terraform'), ['-chdir=infra/bootstrap', ...args], {
      cwd: root,
      env: variables as NodeJS.ProcessEnv,
      stdio: shown ? ['ignore', 2, 2] : ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status: status ?? 1, stdout, stderr }));
  });

/** The bucket that infra/bootstrap made; undefined when it has made none, or cannot be asked before it is initialised. */
const readBucket = async (root: string, variables: Variables): Promise<string | undefined> => {
  const { status, stdout } = await run(root, ['output', '-json'], variables, false);
  if (status === notFound) {
    throw new UsageError('expected terraform 1.9 or newer on PATH, or a bucket in ARTIFACTS_BUCKET, found neither');
  }
  if (status !== 0) return undefined;
  const outputs = JSON.parse(stdout) as { readonly artifacts_bucket?: { readonly value?: string } };
  return outputs.artifacts_bucket?.value;
};

/**
 * The artifacts bucket of infra/bootstrap, which makes it when there is none yet. `say` is told before anything is made.
 * Throws UsageError without Terraform, and an Error when Terraform fails; what it said stands on standard error by then.
 */
export const findArtifactsBucket = async (
  root: string,
  variables: Variables,
  say: (text: string) => void,
): Promise<string> => {
  // An endpoint that is not AWS's seldom has a host name for each bucket.
  const isElsewhere = (variables['AWS_ENDPOINT_URL'] ?? '') !== '';
  const terraform = { ...(isElsewhere ? { TF_VAR_s3_use_path_style: 'true' } : {}), ...variables };
  const found = await readBucket(root, terraform);
  if (found !== undefined) return found;
  say('no artifacts bucket yet: terraform makes one (infra/bootstrap)\n');
  const step = async (...args: readonly string[]): Promise<void> => {
    const { status } = await run(root, args, terraform, true);
    if (status !== 0) {
      throw new Error(`expected terraform ${args[0]} of infra/bootstrap to succeed, found exit status ${status}`);
    }
  };
  await step('init', '-input=false');
  // Where the state is kept elsewhere, it can be read from now on.
  const kept = await readBucket(root, terraform);
  if (kept !== undefined) return kept;
  await step('apply', '-input=false', '-auto-approve');
  const made = await readBucket(root, terraform);
  if (made === undefined) throw new Error('expected infra/bootstrap to have the output artifacts_bucket, found none');
  return made;
};
