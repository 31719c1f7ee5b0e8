import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outputs } from './cloud.ts';
import { childEnvironment, region } from './emulator.ts';
import { schema } from './file.ts';
import { run } from './processes.ts';

/** The deployment's name: every resource of it begins so. */
export const prefix = 'sluice';
export const environment = 'e2e';
export const namePrefix = `${prefix}-${environment}`;

/** The name that infra/bootstrap gives the bucket for bundles in the emulator's account. */
export const artifactsBucket = `sluice-artifacts-000000000000-${region}`;

/** Keys of the inbox under which files are read with the schema. */
export const inboxPrefix = 'orders/';

/** Resources that Terraform works on at once: most of its time here it only waits. */
const parallelism = 40;

/** One attribute that a plan would change right after an apply. */
export type PlannedChange = {
  readonly address: string;
  readonly actions: readonly string[];
  readonly attributes: readonly string[];
};

type Plan = {
  readonly resource_changes?: readonly {
    readonly address: string;
    readonly change: { readonly actions: readonly string[]; readonly before: unknown; readonly after: unknown };
  }[];
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** What a plan, as `terraform show -json` tells it, would change. */
export const changesIn = (plan: Plan): PlannedChange[] =>
  (plan.resource_changes ?? [])
    .filter(({ change }) => !change.actions.every((action) => action === 'no-op' || action === 'read'))
    .map(({ address, change: { actions, before, after } }) => {
      const [is, wanted] = [isObject(before) ? before : {}, isObject(after) ? after : {}];
      const names = [...new Set([...Object.keys(is), ...Object.keys(wanted)])];
      const attributes = names.filter((name) => JSON.stringify(is[name]) !== JSON.stringify(wanted[name]));
      return { address, actions, attributes };
    });

/** The two folders of Terraform's. */
type Folder = 'bootstrap' | 'root';

export type Deployment = {
  /** Makes the bucket for bundles. */
  bootstrap(): Promise<void>;
  buildAndUpload(): Promise<void>;
  /** Terraform's own preparation: finds the provider. */
  init(): Promise<void>;
  apply(): Promise<Outputs>;
  /** File that takes what `terraform output -json` says after an apply. */
  readonly outputsFile: string;
  /** What a plan would change now. */
  plan(): Promise<readonly PlannedChange[]>;
  destroy(): Promise<void>;
};

/**
 * Deploys by the commands that a user has. Terraform runs in a copy of `infra/`, so that its state, its lock file and the list
 * of bundles of a real deployment stay as they are.
 */
export const createDeployment = (root: string, folder: string, endpoint: string, signal: AbortSignal): Deployment => {
  const infra = join(folder, 'infra');
  cpSync(join(root, 'infra'), infra, {
    recursive: true,
    filter: (path) => !/\.terraform$|\.terraform\.lock\.hcl$|\.tfstate(\.|$)|\.tfvars(\.json)?$/.test(path),
  });
  const env = childEnvironment({ AWS_ENDPOINT_URL: endpoint, TF_IN_AUTOMATION: '1', PWD: root });
  let commands = 0;
  const output = (name: string): string => join(folder, `${String(++commands).padStart(2, '0')}-${name}.log`);

  const command = (in_: Folder, args: readonly string[]): string[] => [
    join(root, 'infra', 'with-terraform'),
    `-chdir=${in_ === 'root' ? infra : join(infra, 'bootstrap')}`,
    ...args,
  ];
  const terraform = (
    name: string,
    in_: Folder,
    args: readonly string[],
    allowed?: readonly number[],
  ): Promise<number> =>
    run({ command: command(in_, args), cwd: root, env, output: output(`terraform-${name}`) }, signal, allowed);
  const outFile = (name: string): string => join(folder, `${name}.out`);
  /** What a command of Terraform's answers on its standard output. */
  const ask = async (name: string, in_: Folder, args: readonly string[]): Promise<string> => {
    const stdout = outFile(name);
    await run({ command: command(in_, args), cwd: root, env, output: output(`terraform-${name}`), stdout }, signal);
    return readFileSync(stdout, 'utf8');
  };

  const quiet = ['-input=false', '-no-color'];
  const settings = join(folder, 'settings.tfvars.json');
  writeFileSync(
    settings,
    JSON.stringify({
      prefix,
      environment,
      protect: false,
      s3_use_path_style: true,
      profiles: { [inboxPrefix]: { schema: JSON.stringify(schema) } },
    }),
  );
  const vars = [`-var-file=${settings}`];
  const bootstrapVars = ['-var=protect=false', '-var=s3_use_path_style=true'];
  const isPrepared = new Set<Folder>();
  const prepare = async (in_: Folder): Promise<void> => {
    if (isPrepared.has(in_)) return;
    await terraform(`init-${in_}`, in_, ['init', ...quiet]);
    isPrepared.add(in_);
  };
  const applied = new Set<Folder>();

  return {
    outputsFile: outFile('output'),
    init: () => prepare('root'),
    async bootstrap() {
      await prepare('bootstrap');
      applied.add('bootstrap');
      await terraform('apply-bootstrap', 'bootstrap', ['apply', '-auto-approve', ...quiet, ...bootstrapVars]);
      const made = await ask('output-bootstrap', 'bootstrap', ['output', '-raw', 'artifacts_bucket']);
      if (made !== artifactsBucket) throw new Error(`expected the bucket ${artifactsBucket}, found ${made}`);
    },
    async buildAndUpload() {
      // The command writes into infra/ itself, where a real deployment's list may lie.
      const list = join(root, 'infra', 'artifacts.auto.tfvars.json');
      const kept = existsSync(list) ? readFileSync(list) : undefined;
      try {
        const processor = 'PROCESSOR=packages/e2e/src/processor.ts';
        const command = [
          'make',
          '--no-print-directory',
          'build-and-upload',
          processor,
          `ARTIFACTS_BUCKET=${artifactsBucket}`,
        ];
        await run({ command, cwd: root, env, output: output('build-and-upload') }, signal);
        writeFileSync(join(infra, 'artifacts.auto.tfvars.json'), readFileSync(list));
      } finally {
        if (kept === undefined) rmSync(list, { force: true });
        else writeFileSync(list, kept);
      }
    },
    async apply() {
      await prepare('root');
      applied.add('root');
      await terraform('apply', 'root', ['apply', '-auto-approve', `-parallelism=${parallelism}`, ...quiet, ...vars]);
      const text = await ask('output', 'root', ['output', '-json', '-no-color']);
      const outputs = JSON.parse(text) as Readonly<Record<string, { readonly value: unknown }>>;
      return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value])) as Outputs;
    },
    async plan() {
      const plan = join(folder, 'after.tfplan');
      const status = await terraform(
        'plan',
        'root',
        ['plan', '-detailed-exitcode', `-out=${plan}`, ...quiet, ...vars],
        [0, 2],
      );
      if (status === 0) return [];
      const text = await ask('show', 'root', ['show', '-json', '-no-color', plan]);
      return changesIn(JSON.parse(text) as Plan);
    },
    async destroy() {
      if (applied.has('root')) {
        await terraform('destroy', 'root', [
          'destroy',
          '-auto-approve',
          `-parallelism=${parallelism}`,
          ...quiet,
          ...vars,
        ]);
      }
      if (applied.has('bootstrap')) {
        await terraform('destroy-bootstrap', 'bootstrap', ['destroy', '-auto-approve', ...quiet, ...bootstrapVars]);
      }
    },
  };
};
