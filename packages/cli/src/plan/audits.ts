import { glance } from '@sluice/audit-job/go-round';
import { secondsToNextAudit, toleranceMilliseconds } from '@sluice/audit-job/next-audit';
import type { Flow } from './assemble-flow.ts';
import type { Model } from './rates.ts';
import { callMilliseconds, hopSeconds, initMilliseconds, networkBytesPerSecond } from './stage-speeds.ts';

/** Bytes of a page of a Query. Source: DynamoDB quotas. */
const pageBytes = 1024 * 1024;
/** Partitions that the rows of a chunk spread over; they are counted all at once. */
const partitionsPerChunk = 16;
/** Moments of the schedule's minute that the file's end is put to; what comes of them is averaged. */
const phasesMost = 6;
/** From here on the schedule's minute is nothing beside the time that the rows take, and one moment of it stands for all. Unit: seconds. */
const longSeconds = 6 * 3600;
const passesMax = 20_000;
/** Chunks that are followed one by one; of more, all are taken to be closed after the last row. */
const chunksFollowedMax = 20_000;

export type Audits = {
  readonly startsAtSeconds: number;
  /** When the job is COMPLETE. */
  readonly endsAtSeconds: number;
  readonly passes: number;
  /** Chunks that were counted, those among them that were not through yet. */
  readonly counts: number;
  readonly busySeconds: number;
};

/** Seconds for a chunk to be counted. */
const countSeconds = ({ load }: Model): number => {
  const bytes = load.chunks === 0 ? 0 : (load.accepted / load.chunks) * load.finishedBytes;
  const pages = Math.max(1, Math.ceil(bytes / partitionsPerChunk / pageBytes));
  return (pages * callMilliseconds.query + callMilliseconds.ledger) / 1000;
};

/** Seconds for the rejects of all chunks to be merged. */
const mergeSeconds = ({ load }: Model): number => {
  const rejected = load.rows - load.accepted;
  if (rejected === 0) return 0;
  const objects = Math.min(load.chunks, rejected);
  return (objects * callMilliseconds.object) / 1000 + (2 * rejected * load.rowBytes) / networkBytesPerSecond;
};

/** The audits of a job under one phase of the schedule, by the rules of `audit-job`. */
const auditFrom = (model: Model, closableAt: readonly number[], plannedAt: number, firstSweepAt: number): Audits => {
  const { auditEverySeconds } = model.settings.wiring.pipeline;
  const chunks = closableAt.length;
  const tolerance = toleranceMilliseconds(auditEverySeconds) / 1000;
  const perCount = countSeconds(model);
  const fixed = (initMilliseconds + 6 * callMilliseconds.ledger) / 1000;
  const isClosed = new Uint8Array(chunks);
  const isWitnessed = new Uint8Array(chunks);
  let through = 0;
  let next = 0;
  let isRoundClosed = true;
  let fruitless = 0;
  let dueAt = plannedAt;
  let passes = 0;
  let countsInAll = 0;
  let busySeconds = 0;
  let startsAtSeconds = -1;
  let endsAtSeconds = 0;

  // Sweeps that find nothing due are left out.
  for (let sweepAt = firstSweepAt; passes < passesMax; sweepAt += auditEverySeconds) {
    if (dueAt > sweepAt + tolerance) {
      sweepAt += Math.max(0, Math.ceil((dueAt - tolerance - sweepAt) / auditEverySeconds) - 1) * auditEverySeconds;
      continue;
    }
    const at = sweepAt + 2 * hopSeconds;
    if (startsAtSeconds < 0) startsAtSeconds = at;
    passes++;
    let counts = 0;
    let inVain = 0;
    let newlyClosed = 0;
    let records = 0;
    while (next < chunks) {
      if (counts >= glance.counts || inVain >= glance.countsInVain || records >= glance.records) break;
      records++;
      if (isClosed[next] === 0) {
        if ((closableAt[next] ?? 0) <= at) {
          isClosed[next] = 1;
          counts++;
          newlyClosed++;
        } else {
          if (isWitnessed[next] === 0) {
            counts++;
            inVain++;
            isWitnessed[next] = 1;
          }
          isRoundClosed = false;
        }
      }
      next++;
      if (isRoundClosed && through === next - 1) through = next;
    }
    countsInAll += counts;
    const isWhole = next >= chunks;
    const seconds = fixed + counts * perCount;
    busySeconds += seconds;
    endsAtSeconds = at + seconds;
    fruitless = newlyClosed > 0 || isWhole ? 0 : fruitless + 1;
    const isBusy = !isWhole && inVain < glance.countsInVain;
    if (isWhole && isRoundClosed) break;
    if (isWhole) {
      next = through;
      isRoundClosed = true;
    }
    dueAt = isBusy ? at : at + seconds + secondsToNextAudit('OPEN', fruitless, auditEverySeconds);
  }
  const merging = mergeSeconds(model);
  return {
    startsAtSeconds: Math.max(0, startsAtSeconds),
    endsAtSeconds: endsAtSeconds + merging,
    passes,
    counts: countsInAll,
    busySeconds: busySeconds + merging,
  };
};

/** When the rows of each chunk are final. Chunks that are cleaned beside each other come to their ends together. */
const closableAtOf = ({ load }: Model, flow: Flow): readonly number[] => {
  const together = Math.max(1, flow.stages.get('clean-rows')?.concurrencyMax ?? 1);
  return Array.from({ length: load.chunks }, (_, chunk) =>
    flow.timeOf('finish-rows', Math.min(1, Math.max(together, chunk + 1) / load.chunks)),
  );
};

/** The audits of a job whose upload came so long before the schedule's next turn. */
export const auditsAt = (model: Model, flow: Flow, firstSweepAt: number): Audits =>
  auditFrom(model, closableAtOf(model, flow), flow.stages.get('split-file')?.endsAtSeconds ?? 0, firstSweepAt);

/** The audits of a job: what is to be expected, whenever within the schedule's minute its file came. */
export const auditsOf = (model: Model, flow: Flow): Audits => {
  const { load, settings } = model;
  const { auditEverySeconds } = settings.wiring.pipeline;
  const plannedAt = flow.stages.get('split-file')?.endsAtSeconds ?? 0;
  const finishedAt = flow.stages.get('finish-rows')?.endsAtSeconds ?? 0;
  if (auditEverySeconds === 0 || model.relaxed?.limit === 'schedule') {
    const seconds = load.chunks * countSeconds(model) + mergeSeconds(model) + initMilliseconds / 1000;
    const startsAtSeconds = Math.max(plannedAt, finishedAt);
    const endsAtSeconds = startsAtSeconds + seconds;
    return { startsAtSeconds, endsAtSeconds, passes: 1, counts: load.chunks, busySeconds: seconds };
  }
  if (load.chunks > chunksFollowedMax) {
    const passes = Math.ceil(load.chunks / glance.counts);
    const busySeconds = load.chunks * countSeconds(model) + mergeSeconds(model);
    const startsAtSeconds = plannedAt + auditEverySeconds / 2;
    const endsAtSeconds = finishedAt + Math.max(passes * auditEverySeconds, busySeconds);
    return { startsAtSeconds, endsAtSeconds, passes, counts: load.chunks, busySeconds };
  }
  const closableAt = closableAtOf(model, flow);
  const phases = finishedAt > longSeconds ? 1 : phasesMost;
  const found = Array.from({ length: phases }, (_, phase) =>
    auditFrom(model, closableAt, plannedAt, ((phase + 0.5) / phases) * auditEverySeconds),
  );
  const mean = (pick: (audits: Audits) => number): number =>
    found.reduce((sum, audits) => sum + pick(audits), 0) / phases;
  return {
    startsAtSeconds: mean(({ startsAtSeconds }) => startsAtSeconds),
    endsAtSeconds: Math.max(
      finishedAt,
      mean(({ endsAtSeconds }) => endsAtSeconds),
    ),
    passes: Math.round(mean(({ passes }) => passes)),
    counts: Math.round(mean(({ counts }) => counts)),
    busySeconds: mean(({ busySeconds }) => busySeconds),
  };
};
