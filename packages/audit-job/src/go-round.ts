import type { Invocation } from '@sluice/core/invocation';
import { addLedgers, emptyLedger } from '@sluice/core/ledger';
import type { AuditNote, AuditSums, Job, Witness } from '@sluice/core/ports/job-store';
import type { AuditPorts } from './audit-job.ts';
import { countChunk } from './count-chunk.ts';
import { createMarkReader } from './mark-reader.ts';

/** What one pass may cost: chunks whose rows are counted, those of them in vain, and chunks whose records are read. */
export type Budget = { readonly counts: number; readonly countsInVain: number; readonly records: number };

/** Counts of one pass. A chunk of 8 MiB with rows of 100 bytes takes about 5,000 read units to count. */
const countsMax = 64;
/** Of these, counts that closed nothing: when so many chunks in a row are not through, those behind them seldom are. */
const countsInVainMax = 8;
/** Chunk records of one pass, about 1.5 MB of them. */
const recordsMax = 4_096;

/** Witnesses that are remembered: about 7 KB of the job's item. */
const witnessesMax = 200;

/** Looks at what may be through by now, and at no more. */
export const glance: Budget = { counts: countsMax, countsInVain: countsInVainMax, records: recordsMax };
/** Goes round as fast as a pass may: something is to be decided at the end of it. */
export const thorough: Budget = { ...glance, countsInVain: Number.POSITIVE_INFINITY };
/** Where nothing is paid for and somebody waits. */
export const unlimited: Budget = {
  counts: Number.POSITIVE_INFINITY,
  countsInVain: Number.POSITIVE_INFINITY,
  records: Number.POSITIVE_INFINITY,
};

/** What a pass came to. `isWhole`: the sums are those of every chunk, and may be judged. */
export type Pass = {
  readonly note: AuditNote;
  /** Of the closed chunks in front and of the round so far. */
  readonly sums: AuditSums;
  readonly isWhole: boolean;
  /** The budget or the time was used up by work that got on: there is more of it. */
  readonly isBusy: boolean;
  readonly isCounting: boolean;
  /** Rows of the chunks that this pass closed. */
  readonly closedRows: number;
};

const noSums: AuditSums = { ledger: emptyLedger, closed: 0, cleaned: 0, isNegative: false };

const accountedIn = ({ ledger, closed, cleaned }: AuditSums): number =>
  ledger.rejected + ledger.done + ledger.failed + closed + cleaned;

/**
 * Goes on with a round through a job's chunks, or begins one behind those that are closed from the first on: closes what can
 * be closed and sums up. What a pass does not get to, the next one does; so every chunk has its turn, whatever those before it
 * are like.
 */
export const goRound = async (
  job: Job,
  before: AuditNote,
  budget: Budget,
  ports: AuditPorts,
  invocation: Invocation,
): Promise<Pass> => {
  const { jobId } = job;
  let { through, ledger: front } = before;
  let { next, ...round } = before.round ?? { ...noSums, next: through };
  const marksOf = createMarkReader(ports.jobs, jobId, next);
  const witnesses = new Map((before.witnesses ?? []).map((witness) => [witness[0], witness]));
  let records = 0;
  let counts = 0;
  let inVain = 0;
  let closedRows = 0;

  const goOn = async (): Promise<boolean> => {
    for await (const page of ports.jobs.listChunks(jobId, next)) {
      for (const chunk of page) {
        if (records >= budget.records || counts >= budget.counts || inVain >= budget.countsInVain) return false;
        if (invocation.isShort()) return false;
        const marks = chunk.closed === undefined ? await marksOf(chunk.chunk) : [];
        const { ledger, isClosed, isNewlyClosed, isCounted, witness } = await countChunk(
          jobId,
          chunk,
          marks,
          ports,
          witnesses.get(chunk.chunk),
        );
        records++;
        if (isCounted) counts++;
        if (isCounted && !isClosed) inVain++;
        if (isNewlyClosed) closedRows += ledger.rows;
        next = chunk.chunk + 1;
        if (witness === undefined) witnesses.delete(chunk.chunk);
        else witnesses.set(chunk.chunk, witness);
        if (isClosed && chunk.chunk === through && ledger.open === 0) {
          front = addLedgers(front, ledger);
          through = next;
        } else {
          round = {
            ledger: addLedgers(round.ledger, ledger),
            closed: round.closed + (isClosed ? 1 : 0),
            cleaned: round.cleaned + (chunk.cleaned === undefined ? 0 : 1),
            isNegative: round.isNegative || ledger.open < 0,
          };
        }
      }
    }
    return true;
  };

  const isWhole = await goOn();
  const sums: AuditSums = {
    ledger: addLedgers(front, round.ledger),
    closed: through + round.closed,
    cleaned: through + round.cleaned,
    isNegative: round.isNegative,
  };
  const accounted = isWhole ? accountedIn(sums) : before.accounted;
  const hasGrown = closedRows > 0 || accounted > before.accounted;
  const { round: _, witnesses: __, ...kept } = before;
  const remembered: readonly Witness[] = [...witnesses.values()].sort(([a], [b]) => a - b).slice(0, witnessesMax);
  return {
    note: {
      ...kept,
      through,
      ledger: front,
      ...(isWhole ? {} : { round: { ...round, next } }),
      ...(remembered.length === 0 ? {} : { witnesses: remembered }),
      accounted,
      fruitless: hasGrown ? 0 : before.fruitless + 1,
    },
    sums,
    isWhole,
    isBusy: !isWhole && inVain < budget.countsInVain,
    isCounting: counts > 0,
    closedRows,
  };
};
