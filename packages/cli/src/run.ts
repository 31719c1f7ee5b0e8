import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { jobIdOf } from '@sluice/core/identity';
import { createLogger } from '@sluice/core/logger';
import type { Job, Profile } from '@sluice/core/ports/job-store';
import { realClock } from '@sluice/core/real-clock';
import type { StagePorts } from '@sluice/core/stage';
import type { StageName, Wiring } from '@sluice/core/wiring';
import { parseWiring } from '@sluice/core/wiring';
import { openDatabase, StateDamaged } from '@sluice/local-cloud/database';
import { forgetMarks } from '@sluice/local-cloud/job-store';
import { createLocalCloud } from '@sluice/local-cloud/local-cloud';
import type { WorkerFunctions } from '@sluice/local-cloud/worker-function';
import { createWorkerFunctions } from '@sluice/local-cloud/worker-function';
import wiringJson from '../../../infra/wiring.json' with { type: 'json' };
import packageJson from '../package.json' with { type: 'json' };
import { inboxBucket, workBucket } from './buckets.ts';
import type { BundledProcessor } from './bundle-processor.ts';
import { bundleProcessor } from './bundle-processor.ts';
import type { Pipeline } from './carry-through.ts';
import { attachStages, carryThrough, runDirectly } from './carry-through.ts';
import type { Chaos } from './chaos/chaos.ts';
import type { ChaosReport } from './chaos/render-chaos.ts';
import { estimateNeed } from './estimate-need.ts';
import type { Exported } from './export-job.ts';
import { exportJob } from './export-job.ts';
import { watchFinals } from './final-counts.ts';
import type { FreeSpaceOf } from './free-space.ts';
import { checkFreeSpace, freeSpaceOf } from './free-space.ts';
import { startProgress } from './progress.ts';
import type { Report } from './report.ts';
import { createReport, reasonOf } from './report.ts';
import { collectExamples } from './report-page/collect-examples.ts';
import { sampleRun } from './report-page/sample-run.ts';
import { readInboxFile, readProfile } from './run-input.ts';
import type { RunOptions } from './run-options.ts';
import { createStageCounts } from './stage-counts.ts';
import type { StageWorkerData } from './stage-worker.ts';
import { openStateFolder } from './state-folder.ts';
import { isStaged, takeUp } from './take-up.ts';
import { countText, toTerminalText } from './terminal-text.ts';
import { closeTogether, createTextFile } from './text-file.ts';
import { UsageError } from './usage-error.ts';

/** Different reasons of crashes that are told. */
const crashesMax = 5;
/** Wait before messages come back whose function died, each after a time of its own; nobody waits for a visibility timeout here. */
const returnAfterSeconds = (): number => 0.1 + Math.random() / 2;

const stageWorker = new URL('./stage-worker.ts', import.meta.url).href;

/** What a run came to. */
export type RunResult = {
  readonly report: Report;
  readonly rejects: Exported['rejects'];
  /** Why the job ended as it did, where the ledger does not tell. */
  readonly reason: string | undefined;
  /** What struck, and what held; for a run under faults. */
  readonly chaos?: ChaosReport;
};

/** What must be the same for a run to go on where an earlier one stopped. */
const hashRun = (jobId: string, profile: Profile, processor: BundledProcessor | undefined): string =>
  createHash('sha256')
    .update(JSON.stringify([jobId, profile.maxRejectedRatio ?? null, processor?.hash ?? null]))
    .digest('hex')
    .slice(0, 32);

/** A file that could not be read at all is the caller's to mend; nothing was begun. */
const refusal = (file: string, job: Job): UsageError | undefined =>
  job.state === 'REFUSED' && job.layout === undefined
    ? new UsageError(
        `${toTerminalText(file)}: ${toTerminalText(job.reason?.message ?? 'refused')} (${job.reason?.code})`,
      )
    : undefined;

/** Interrupted so early that there is nothing to report. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted before the file was read');
    this.name = 'Interrupted';
  }
}

/** What faults left of a run cannot be exported. */
export class BrokenUnderFaults extends Error {
  readonly chaos: ChaosReport;

  constructor(chaos: ChaosReport, cause: Error) {
    super(`expected results under faults, found none: ${cause.message}`);
    this.name = 'BrokenUnderFaults';
    this.chaos = chaos;
  }
}

/** Nothing more can be written; what was is kept. */
export class DiskFull extends Error {
  constructor() {
    super('the disk is full; free some space and run the same command again');
    this.name = 'DiskFull';
  }
}

/** One thing that is given back when the run ends, however it ends. */
type Cleanup = () => void | Promise<void>;

/** What a test may put in the place of the machine's own. */
export type RunSeams = { readonly freeSpaceOf: FreeSpaceOf };

/**
 * Takes a file through the whole pipeline in this process, and writes report.json, report.html, rows.ndjson, rejects.ndjson and
 * dead.ndjson into `options.out`. When `signal` aborts, the run stops where it is and reports INCOMPLETE. Throws UsageError for
 * a file, schema, processor or folder that cannot be used; the folder is then as it was. A state that is damaged is made again,
 * once; throws StateDamaged for the second time.
 */
export const run = async (
  options: RunOptions,
  signal: AbortSignal,
  seams: RunSeams = { freeSpaceOf },
): Promise<RunResult> => {
  try {
    return await runOnce(options, signal, seams, false);
  } catch (thrown) {
    if (!(thrown instanceof StateDamaged)) throw thrown;
    process.stderr.write('sluice: the state of the earlier run is damaged; beginning anew\n');
    return await runOnce(options, signal, seams, true);
  }
};

const runOnce = async (
  options: RunOptions,
  signal: AbortSignal,
  seams: RunSeams,
  isAnew: boolean,
): Promise<RunResult> => {
  const cleanups: Cleanup[] = [];
  try {
    return await runWith(options, signal, seams, isAnew, (cleanup) => cleanups.push(cleanup));
  } finally {
    for (const cleanup of cleanups.reverse()) {
      try {
        await cleanup();
      } catch {
        // The results are written by now, or something worse is being thrown; the others must be given back all the same.
      }
    }
  }
};

const runWith = async (
  options: RunOptions,
  signal: AbortSignal,
  seams: RunSeams,
  isAnew: boolean,
  onEnd: (cleanup: Cleanup) => void,
): Promise<RunResult> => {
  const wiring: Wiring = parseWiring(wiringJson, 'local');
  const file = await readInboxFile(options.file);
  const { profile, profileHash } = readProfile(options);
  const jobId = jobIdOf({ bucket: inboxBucket, key: file.key, etag: file.head.etag }, profileHash);
  // Loaded only when it is asked for.
  const chaos: Chaos | undefined =
    options.chaos === undefined
      ? undefined
      : (await import('./chaos/chaos.ts')).createChaos(options.chaos, file, wiring);
  if (chaos !== undefined) onEnd(chaos.close);
  const clock = chaos?.clock ?? realClock;
  const processor = options.processor === undefined ? undefined : await bundleProcessor(options.processor);
  if (processor !== undefined) onEnd(processor.remove);

  // Stages take a failing write for a passing failure; on a full disk, or over a damaged state, everything must end.
  const broken = new AbortController();
  const onDiskFull = (): void => broken.abort(new DiskFull());
  const onDamage = (damage: StateDamaged): void => broken.abort(damage);
  const stop = AbortSignal.any([signal, broken.signal]);
  const counts = createStageCounts();
  // Once for each reason: a row that ends the process does so at every try.
  const crashes = new Set<string>();
  const onCrash = (reason: string): void => {
    if (options.quiet || crashes.has(reason) || crashes.size === crashesMax || chaos?.isOwnEnd(reason)) return;
    crashes.add(reason);
    process.stderr.write(`sluice: a worker ended over a row and was started again: ${toTerminalText(reason)}\n`);
  };
  const startWorker = (
    stages: StageWorkerData['stages'],
    buckets: Readonly<Record<string, string>>,
  ): WorkerFunctions => {
    const data: StageWorkerData = {
      wiring,
      stages,
      profile,
      codeVersion: packageJson.version,
      ...(options.chunkBytes === undefined ? {} : { chunkBytes: options.chunkBytes }),
      ...(options.rowsPerMessage === undefined ? {} : { rowsPerMessage: options.rowsPerMessage }),
      ...(processor === undefined ? {} : { processor: processor.module }),
      ...(chaos === undefined ? {} : { chaos: chaos.workerData }),
    };
    const worker = createWorkerFunctions({
      module: stageWorker,
      buckets,
      data,
      // The cloud is made before any function is called.
      services: (caller) => chaos?.services(caller) ?? cloud.services,
      metrics: counts.take,
      onCrash,
      onDiskFull,
    });
    onEnd(() => worker.close());
    return worker;
  };

  // First of all the user's code: when it cannot be used, nothing has been touched yet.
  const processing = startWorker('processing', {});
  try {
    await processing.start();
  } catch (thrown) {
    const complaint = toTerminalText(thrown instanceof Error ? thrown.message : String(thrown));
    throw new UsageError(`--processor: ${toTerminalText(options.processor ?? '')}: ${complaint}`);
  }

  // What took effect is held from the first row on: a run under faults takes up none before it.
  const isFresh = isAnew || chaos !== undefined;
  const state = openStateFolder(options.out, hashRun(jobId, profile, processor), options.force, isFresh);
  onEnd(state.close);
  const need = options.force ? undefined : estimateNeed(resolve(options.file), profile, processor === undefined);
  if (need !== undefined) await checkFreeSpace(need, { state: state.path, out: options.out }, seams.freeSpaceOf);
  const work = join(state.path, 'work');
  mkdirSync(work, { recursive: true });
  const database = openDatabase(state.path, { onDiskFull, onDamage });
  onEnd(() => database.close());
  const buckets = { [inboxBucket]: file.folder, [workBucket]: work };
  const reading = startWorker('reading', buckets);
  const cloud = createLocalCloud({ wiring, clock, database, buckets, returnAfterSeconds, ...chaos?.cloudOptions });
  onEnd(cloud.close);

  const { finals, watch } = watchFinals();
  const progress = startProgress(process.stderr, options.file, { totals: counts.totals, finals }, options.quiet);
  onEnd(progress.end);
  const portsOf = (stage: StageName): StagePorts => ({
    ...cloud.services,
    rows: watch(cloud.services.rows),
    clock: realClock,
    random: chaos?.random ?? Math.random,
    metrics: counts.take,
    logger: createLogger(stage, 'SILENT'),
    wiring,
  });
  attachStages(cloud, chaos?.runStages(cloud, portsOf) ?? runDirectly(portsOf), reading, processing);
  const pipeline: Pipeline = { cloud, clock, ports: portsOf('audit-job') };

  const sampling = sampleRun(cloud, counts.totals);
  onEnd(() => void sampling.end());
  if (state.isResumed) await takeUp(jobId, pipeline.ports, () => forgetMarks(database, jobId));
  const isThrough = await carryThrough(pipeline, jobId, file, state, database.commit, stop, signal, (until) =>
    chaos?.operate(pipeline, jobId, until),
  );
  const samples = sampling.end();
  const job = await pipeline.ports.jobs.getJob(jobId);
  if (job === undefined) {
    throw isThrough ? new Error('expected a job, found none') : new Interrupted();
  }
  const refused = refusal(options.file, job);
  if (refused !== undefined) throw refused;
  // The copy belongs to the state, whatever became of the file.
  if (job.state === 'SUPERSEDED' && isStaged(job))
    throw new StateDamaged('the unpacked copy of the file changed or gone');

  state.claim();
  const examples = collectExamples();
  const sayRows = (rows: number): void => progress.say(`writing results: ${countText(rows)} rows`);
  const exported = await exportJob(job, pipeline.ports, options.out, sayRows, examples).catch(
    async (thrown: unknown) => {
      if (chaos === undefined || !(thrown instanceof StateDamaged)) throw thrown;
      throw new BrokenUnderFaults(await chaos.report(pipeline, job, undefined), thrown);
    },
  );
  const report = createReport(resolve(options.file), job, exported, cloud.stats(), counts.totals, !isThrough);
  const reason = reasonOf(job);
  const reportFile = createTextFile(join(options.out, 'report.json'));
  const pageFile = createTextFile(join(options.out, 'report.html'));
  for (const results of [...exported.files, pageFile, reportFile]) onEnd(results.discard);
  reportFile.write(`${JSON.stringify(report, undefined, 2)}\n`);
  // Loaded only now: what draws charts is large.
  const { renderRun } = await import('./report-page/render-run.ts');
  pageFile.write(
    await renderRun({
      report,
      job,
      reason,
      examples,
      samples,
      ...(processor === undefined ? {} : { processor: { file: options.processor ?? '', hash: processor.hash } }),
      ...(options.chaos === undefined ? {} : { chaos: options.chaos }),
      version: packageJson.version,
      wiring: parseWiring(wiringJson, 'aws'),
      beganAt: performance.timeOrigin,
    }),
  );
  closeTogether([...exported.files, pageFile], reportFile);
  const result = { report, rejects: exported.rejects, reason };
  return chaos === undefined
    ? result
    : { ...result, chaos: await chaos.report(pipeline, isThrough ? job : undefined, options.out) };
};
