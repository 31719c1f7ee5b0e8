import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseWiring } from '@sluice/core/wiring';
import type { Outputs } from './cloud.ts';
import { openCloud, waitForBucket } from './cloud.ts';
import { listenToCompletions } from './completions.ts';
import { runContracts } from './contract-run.ts';
import { artifactsBucket, createDeployment, namePrefix } from './deployment.ts';
import type { Emulator } from './emulator.ts';
import { installEmulator, reserveAddress, startEmulator } from './emulator.ts';
import { makeFile } from './file.ts';
import { kinds, kindsNamed } from './leftovers.ts';
import { cancelAndForget, dropDead, lookAtResults, lookOver, mendRejects, retryFailed, watch } from './operate.ts';
import { startOutsideService } from './outside-service.ts';
import { CommandFailed, endOf, killGroups } from './processes.ts';
import { startProxy } from './proxy.ts';
import {
  checkHeld,
  deleteBeforeReading,
  findLostUpload,
  redriveDead,
  repairByHand,
  repeatUpload,
  upload,
} from './scenario.ts';
import { createSluice } from './sluice.ts';
import type { Stage } from './stage.ts';
import { createSteps } from './steps.ts';

/** The whole run must be over by then. */
const minutesMax = 15;
/** Rows of the file. */
const rowCount = 6_000;

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const root = fileURLToPath(new URL('../../..', import.meta.url));
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const controller = new AbortController();
const { signal } = controller;
const steps = createSteps(print);
const folder = mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
const isKept = process.env['KEEP'] === '1';
const closing: (() => Promise<void>)[] = [];

/** Whatever happens, nothing that was started outlives this process, and nothing it wrote. */
process.on('exit', () => {
  killGroups();
  if (!isKept) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

const abort = (reason: string): void => {
  if (signal.aborted) process.exit(1);
  const where = steps.underWay().join(' and ') || 'its beginning';
  controller.abort(new Error(`${reason}, at ${where}`));
};
process.on('SIGINT', () => abort('interrupted'));
process.on('SIGTERM', () => abort('interrupted'));
const deadline = setTimeout(() => abort(`expected to be through within ${minutesMax} minutes`), minutesMax * 60_000);

let emulator: Emulator | undefined;

const runAll = async (): Promise<void> => {
  const ministack = await steps.run('emulator, installed', () => installEmulator(root, packageFolder, signal));
  const address = await reserveAddress();
  const proxy = await startProxy(address.url);
  closing.push(() => proxy.close());
  const service = await startOutsideService();
  closing.push(() => service.close());
  emulator = await steps.run('emulator, started', async (say) => {
    const env = { AWS_ENDPOINT_URL: proxy.url, SLUICE_E2E_SERVICE: service.url };
    const started = await startEmulator(ministack, address.port, folder, env, signal);
    say(`${started.url}, behind ${proxy.url}`);
    return started;
  });
  const running = emulator;
  closing.push(() => running.stop());

  const deployment = createDeployment(root, folder, proxy.url, signal);
  const cloud = openCloud(proxy.url);
  closing.push(async () => {
    for (const client of Object.values(cloud)) client.destroy();
  });
  // Terraform waits a minute for a bucket's lifecycle rules to settle: bundles are made and uploaded meanwhile.
  const bootstrap = steps.run('terraform apply, artifacts bucket', () => deployment.bootstrap());
  const deploy = async (): Promise<Outputs> => {
    await steps.run('make build-and-upload', async () => {
      await waitForBucket(cloud, artifactsBucket, signal);
      await deployment.buildAndUpload();
    });
    await steps.run('terraform init', () => deployment.init());
    return steps.run('terraform apply', () => deployment.apply());
  };
  const [outputs] = await Promise.all([
    deploy(),
    bootstrap,
    steps.run('contracts of the ports', async (say) =>
      say(await runContracts(packageFolder, folder, running.url, signal)),
    ),
  ]);
  await steps.run('terraform plan', async (say) => {
    const changes = await deployment.plan();
    const shown = changes.map((it) => `${it.address}: ${it.actions.join(' and ')} of ${it.attributes.join(', ')}`);
    if (shown.length > 0)
      throw new Error(`expected an empty plan right after the apply, found\n  ${shown.join('\n  ')}`);
    say('empty');
  });
  const made = await kindsNamed(running.url, namePrefix);
  if (made.length < kinds.length) {
    const missing = kinds.filter((kind) => !made.includes(kind));
    throw new Error(`expected something of every kind after the apply, found none of ${missing.join(', ')}`);
  }

  const wiring = parseWiring(JSON.parse(readFileSync(join(root, 'infra', 'wiring.json'), 'utf8')), 'aws');
  const completions = await listenToCompletions(running.url, cloud, outputs.completion_pattern);
  const file = makeFile(rowCount);
  const sluice = createSluice(root, folder, proxy.url, deployment.outputsFile, signal);
  const stage: Stage = { endpoint: running.url, cloud, outputs, wiring, file, service, sluice, completions, signal };
  await steps.run('an upload whose event is lost', (say) => findLostUpload(stage, say));
  const jobId = await steps.run('upload', (say) => upload(stage, say));
  await Promise.all([
    steps.run('through the pipeline', (say) => checkHeld(stage, say)),
    steps.run('watched', (say) => watch(stage, say, jobId)),
  ]);
  await steps.run('a dead row, repaired', (say) => repairByHand(stage, say));
  await steps.run('dead rows, redriven', (say) => redriveDead(stage, say));
  await steps.run('the same upload again', (say) => repeatUpload(stage, say));
  await steps.run('a deleted object', (say) => deleteBeforeReading(stage, say));
  await steps.run('verified, exported, told of', (say) => lookAtResults(stage, say));
  await steps.run('rejects, mended', (say) => mendRejects(stage, say));
  await steps.run('failed rows, retried', (say) => retryFailed(stage, say));
  await steps.run('dead rows, dropped', (say) => dropDead(stage, say));
  await steps.run('a job, cancelled and forgotten', (say) => cancelAndForget(stage, say));
  await steps.run('the deployment, looked over', (say) => lookOver(stage, say));

  await completions.stop();
  await steps.run('terraform destroy', () => deployment.destroy());
  const left = await kindsNamed(running.url, 'sluice-');
  if (left.length > 0) throw new Error(`expected nothing to be left after the destroy, found ${left.join(', ')}`);
  if (proxy.problems.length > 0) {
    throw new Error(
      `expected the proxy to understand every request, found\n  ${proxy.problems.slice(0, 10).join('\n  ')}`,
    );
  }
};

/** What the functions and the emulator said that is more than information. */
const showLogs = (log: string): void => {
  const isWorth = (line: string): boolean => /"level":"(?:WARN|ERROR)|^\S+ \S+ (?:WARNING|ERROR) /.test(line);
  const lines = endOf(log, 2_000_000).split('\n').filter(isWorth).slice(-60);
  if (lines.length > 0)
    print(`\nThe functions and the emulator, at the end:\n${lines.map((line) => line.slice(0, 600)).join('\n')}`);
};

const aborted = new Promise<never>((_, reject) => {
  signal.addEventListener('abort', () => reject(signal.reason));
});

let failure: unknown;
try {
  await Promise.race([runAll(), aborted]);
} catch (thrown) {
  failure = thrown;
}
clearTimeout(deadline);
// Whatever is still under way beside what failed ends now.
if (failure !== undefined) controller.abort(failure);
for (const close of closing.reverse()) await close().catch(() => undefined);

print('');
for (const [name, seconds] of steps.timings()) print(`${seconds.toFixed(1).padStart(8)} s  ${name}`);
if (isKept) print(`\n${folder} is kept`);
if (failure === undefined) {
  print(`\ne2e: PASSED in ${(performance.now() / 1000).toFixed(0)} s`);
} else {
  if (failure instanceof CommandFailed) print(`\n${failure.output.trimEnd()}`);
  if (emulator !== undefined) showLogs(emulator.log);
  print(`\ne2e: FAILED: ${failure instanceof Error ? failure.message : String(failure)}`);
}
process.exit(failure === undefined ? 0 : 1);
