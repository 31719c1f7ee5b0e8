import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type Campaign, openCampaign, type Run } from './campaign.ts';
import type { CampaignShare, WorkerSays } from './campaign-worker.ts';
import type { Outcome } from './simulate.ts';
import { addSums, noSums, type Sums } from './sums.ts';

/** A simulation that takes this long does not end: a loop without end stops the thread that would notice. */
const runMillisecondsMax = 60_000;
const lookMilliseconds = 1_000;
/** Most of what a simulation makes is gone before its end; with room for it a tenth of the time is saved. */
const youngMegabytes = 192;

/** The first run of a campaign, by number, in which an invariant did not hold. */
export type Broken = { readonly run: Run; readonly outcome: Outcome };
export type CampaignReport = { readonly sums: Sums; readonly broken?: Broken };

export type CampaignOptions = {
  readonly workers?: number;
  readonly mutation?: string;
  /** Told now and then. */
  readonly onProgress?: (sums: Sums, runs: number) => void;
};

/** What is known of a run that had to be ended from outside. */
const unended = ({ seed, knobs }: Run, invariant: string, message: string): Outcome => ({
  seed,
  knobs,
  violation: { invariant, message: `${invariant}: ${message}` },
  digest: '',
  virtualMilliseconds: 0,
  calls: 0,
  rows: 0,
  hits: {},
  faults: [],
  trace: [],
});

/**
 * Carries a campaign out on worker threads, and stops at the first run that breaks an invariant: of several the one with the lowest
 * number, whoever came to it first. Rejects when a worker fails by itself.
 */
export const runCampaign = async (campaign: Campaign, options: CampaignOptions = {}): Promise<CampaignReport> => {
  const { runs, at } = openCampaign(campaign);
  const workers = Math.max(1, Math.min(options.workers ?? availableParallelism(), runs));
  const stop = new Int32Array(new SharedArrayBuffer(4));
  stop[0] = runs;
  const sums = noSums();
  const broken = new Map<number, Outcome>();

  const work = (first: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const current = new Int32Array(new SharedArrayBuffer(4));
      current[0] = first;
      const mutation = options.mutation === undefined ? {} : { mutation: options.mutation };
      const share: CampaignShare = { campaign, first, step: workers, stop, current, ...mutation };
      const worker = new Worker(new URL('./campaign-worker.ts', import.meta.url), {
        workerData: share,
        resourceLimits: { maxYoungGenerationSizeMb: youngMegabytes },
      });
      let seen = -1;
      let seenAt = performance.now();
      const giveUp = (invariant: string, message: string): void => {
        const index = Atomics.load(current, 0);
        stop[0] = Math.min(index, Atomics.load(stop, 0));
        broken.set(index, unended(at(index), invariant, message));
        clearInterval(look);
        void worker.terminate().then(() => resolve());
      };
      const look = setInterval(() => {
        const index = Atomics.load(current, 0);
        if (index !== seen) {
          seen = index;
          seenAt = performance.now();
        } else if (performance.now() - seenAt > runMillisecondsMax) {
          giveUp('liveness', `expected the run to end within ${runMillisecondsMax / 1000} s, found it still at work`);
        }
      }, lookMilliseconds);
      worker.on('message', (message: WorkerSays) => {
        if (message.kind === 'broke') {
          broken.set(message.index, message.outcome);
          return;
        }
        addSums(sums, message.sums);
        options.onProgress?.(sums, runs);
        if (!message.isLast) return;
        clearInterval(look);
        void worker.terminate().then(() => resolve());
      });
      worker.on('error', (thrown: Error & { readonly code?: string }) => {
        if (thrown.code === 'ERR_WORKER_OUT_OF_MEMORY') {
          giveUp('I14', 'expected the run to fit into memory, found it did not');
          return;
        }
        clearInterval(look);
        reject(thrown);
      });
    });

  await Promise.all(Array.from({ length: workers }, (_, first) => work(first)));
  const lowest = Math.min(...broken.keys());
  const outcome = broken.get(lowest);
  return { sums, ...(outcome === undefined ? {} : { broken: { run: at(lowest), outcome } }) };
};
