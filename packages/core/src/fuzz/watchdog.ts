import { writeSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

/** A case that takes this long does not end: a loop without end or a pattern that backtracks stops the thread that would notice. */
const caseMillisecondsMax = 60_000;
const lookMilliseconds = 1_000;

type Watched = { readonly current: Int32Array; readonly hint: string };

/** Ends the process when one case never does, and says which. Told of each case before it begins. */
export const startWatchdog = (
  hint: string,
): { readonly see: (caseNumber: number) => void; readonly stop: () => void } => {
  const current = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(new URL(import.meta.url), { workerData: { current, hint } satisfies Watched });
  worker.unref();
  return {
    see(caseNumber) {
      Atomics.store(current, 0, caseNumber);
      Atomics.add(current, 1, 1);
    },
    stop: () => void worker.terminate(),
  };
};

const watch = ({ current, hint }: Watched): void => {
  let seen = -1;
  let unchanged = 0;
  setInterval(() => {
    const begun = Atomics.load(current, 1);
    unchanged = begun === seen ? unchanged + lookMilliseconds : 0;
    seen = begun;
    if (unchanged < caseMillisecondsMax) return;
    const caseNumber = Atomics.load(current, 0);
    writeSync(
      2,
      `fuzz: expected every case to end, found case ${caseNumber} without an end\n${hint} CASE=${caseNumber}\n`,
    );
    process.kill(process.pid, 'SIGKILL');
  }, lookMilliseconds);
};

if (!isMainThread) watch(workerData as Watched);
