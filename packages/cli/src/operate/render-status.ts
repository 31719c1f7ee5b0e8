import { dollarsText } from '../cost.ts';
import { countText, durationText, toTerminalText } from '../terminal-text.ts';
import { bar, percentText } from '../view/bar.ts';
import type { Line } from '../view/fit-lines.ts';
import { flowItems } from '../view/flow-items.ts';
import type { Style } from '../view/style.ts';
import type { JobStatus } from './job-status.ts';
import type { PredictedStatus, Prediction } from './prediction.ts';
import type { StageProgress } from './stage-progress.ts';
import { type TableColumn, tableLines } from './table-lines.ts';

/** What goes last where there are few rows. */
const ranks = { heading: 9, ledger: 8, stalled: 7, left: 6, table: 5, todo: 4, more: 1 } as const;
const barCellsMax = 40;
/** What stands beside the bar: how far, and how long it will take. */
const besideBarCells = 36;
/** Ages below it are those of a count just made. */
const freshSeconds = 5;

const numberText = (value: number | null): string => (value === null ? '-' : countText(value));

const numberColumn = (
  title: string,
  of: (stage: StageProgress) => number | null,
  rank?: number,
): TableColumn<StageProgress> => ({
  title,
  textOf: (stage) => numberText(of(stage)),
  isNumber: true,
  ...(rank === undefined ? {} : { rank }),
});

/** Above these, the next larger unit says enough in a table. */
const secondsMax = 119;
const minutesMax = 119;

const timeText = (seconds: number | null): string => {
  if (seconds === null) return '-';
  if (seconds <= secondsMax) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes <= minutesMax ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
};

const columns: readonly TableColumn<StageProgress>[] = [
  { title: 'stage', textOf: ({ stage }) => stage },
  numberColumn('waiting', ({ waiting }) => waiting, 2),
  numberColumn('in flight', ({ inFlight }) => inFlight, 5),
  numberColumn('delayed', ({ delayed }) => delayed, 7),
  { title: 'oldest', textOf: ({ oldestAgeSeconds }) => timeText(oldestAgeSeconds), isNumber: true, rank: 4 },
  numberColumn('DLQ', ({ deadLetters }) => deadLetters, 3),
  numberColumn('rows', ({ rows }) => rows),
  numberColumn('rows/s', ({ rowsPerSecond }) => rowsPerSecond, 1),
  {
    title: 'left',
    textOf: ({ rowsLeft, secondsLeft }) => (rowsLeft === 0 ? '' : timeText(secondsLeft)),
    isNumber: true,
    rank: 6,
  },
];

const colourOf = ({ state }: JobStatus, style: Style): ((text: string) => string) => {
  if (state === 'COMPLETE') return style.good;
  if (state === 'OPEN' || state === 'PLANNING') return style.bold;
  return state === 'HELD' ? style.warn : style.bad;
};

const nameOf = ({ state, reason }: JobStatus): string =>
  state === 'REFUSED' && reason?.code === 'CANCELLED' ? 'CANCELLED' : state;

const secondsSince = ({ at }: JobStatus, then: string): number => (Date.parse(at) - Date.parse(then)) / 1000;

const fromNow = (status: JobStatus, then: string): string => {
  const seconds = -secondsSince(status, then);
  return seconds <= 0 ? 'due now' : `due in ${durationText(seconds)}`;
};

const ledgerItems = ({ ledger, isPlanned, state, plannedShare }: JobStatus, style: Style): string[] => {
  const { rows, done, failed, rejected, dead, open } = ledger;
  const share = plannedShare === null ? '' : `, ${percentText(plannedShare).trim()} of the file`;
  const isEnded = state === 'REFUSED' || state === 'SUPERSEDED';
  return [
    `rows ${countText(rows)}${isPlanned ? '' : ` so far${share}`}`,
    style.good(`done ${countText(done)}`),
    `failed ${countText(failed)}`,
    `rejected ${countText(rejected)}`,
    dead > 0 ? style.bad(`dead ${countText(dead)}`) : 'dead 0',
    `${isEnded ? 'left over' : 'open'} ${countText(open)}`,
  ];
};

/** How old the ledger is, and whether it is exact. */
const ledgerNote = (status: JobStatus): string | undefined => {
  const { ledgerFrom, ledgerAt, state } = status;
  if (ledgerFrom === 'audited') {
    const when =
      ledgerAt === null ? 'and none was made yet' : `about ${durationText(secondsSince(status, ledgerAt))} ago`;
    return `in part as of the last audit, ${when}: too many rows to count them now`;
  }
  if (state === 'COMPLETE' || ledgerAt === null) return undefined;
  const seconds = secondsSince(status, ledgerAt);
  return seconds < freshSeconds ? 'counted just now' : `counted within the last ${durationText(seconds)}`;
};

const auditItems = (status: JobStatus): string[] => {
  const { repairs, nextAuditAt } = status;
  const next = repairs.nextAt === null ? '' : `, the next ${fromNow(status, repairs.nextAt)} at the earliest`;
  return [
    ...(nextAuditAt === null ? [] : [`next audit ${fromNow(status, nextAuditAt)}`]),
    ...(repairs.isAsked ? ['a repair was asked for'] : []),
    ...(repairs.made > 0 || repairs.nextAt !== null ? [`repairs made ${repairs.made} of ${repairs.of}${next}`] : []),
  ];
};

const tableNote = ({ stages }: JobStatus): string => {
  const sources = new Set(stages.map(({ rateFrom }) => rateFrom));
  const rates = sources.has('job')
    ? sources.has('metrics')
      ? '; rows/s of this job over half a minute, of relay-rows and process-rows of all jobs in the last minute'
      : '; rows/s of this job over half a minute'
    : sources.has('metrics')
      ? '; rows/s of all jobs in the last minute'
      : '';
  return `messages are those of all jobs${rates}`;
};

const stageLines = (status: JobStatus, columnsMax: number, style: Style): readonly string[] => {
  const [titles = '', ...lines] = tableLines(columns, status.stages, columnsMax - 2);
  return [
    style.dim(`  ${titles}`),
    ...lines.map((line, index) => {
      const { isStuck = false, deadLetters = 0 } = status.stages[index] ?? {};
      if (isStuck) return style.bad(`  ${line}`);
      return (deadLetters ?? 0) > 0 ? style.warn(`  ${line}`) : `  ${line}`;
    }),
  ];
};

const comparedText = (actual: number, predicted: number): string => {
  const percent = Math.round((actual / predicted - 1) * 100);
  if (!Number.isFinite(percent) || percent === 0) return 'as predicted';
  return `${countText(Math.abs(percent))} % ${percent > 0 ? 'more' : 'less'}`;
};

const predictionItems = ({ seconds, actualSeconds, dollars, actualDollars }: Prediction): string[] => [
  `predicted ${durationText(seconds)} in all, about ${dollarsText(dollars)}`,
  ...(actualSeconds === null ? [] : [`took ${durationText(actualSeconds)}, ${comparedText(actualSeconds, seconds)}`]),
  ...(actualDollars === null
    ? []
    : [`cost about ${dollarsText(actualDollars)}, ${comparedText(actualDollars, dollars)}`]),
];

/** A status as people read it; of what takes more than `columnsMax` cells, the table leaves columns out, and text goes on below. */
export const statusLines = (status: PredictedStatus, columnsMax: number, style: Style): readonly Line[] => {
  const { jobId, key, means, reason, ledger, isPlanned, secondsLeft, stalled, todo, unknown, state } = status;
  const { prediction } = status;
  const ranked = (rank: number, lines: readonly string[]): readonly Line[] => lines.map((text) => ({ text, rank }));
  const wrapped = (text: string): string[] => flowItems(text.split(' '), columnsMax, '  ', ' ');
  const part = (rank: number, lines: readonly string[]): readonly Line[] =>
    lines.length === 0 ? [] : ['', ...ranked(rank, lines)];
  const share = ledger.rows > 0 ? (ledger.rows - ledger.open) / ledger.rows : 0;
  const cells = Math.max(0, Math.min(barCellsMax, columnsMax - besideBarCells));
  const left = secondsLeft === null ? '' : `  about ${durationText(secondsLeft)} left`;
  const hasBar = isPlanned && state === 'OPEN' && ledger.rows > 0;
  const why = reason === null || state === 'COMPLETE' ? undefined : `${reason.code}: ${reason.message}`;
  const note = ledgerNote(status);
  return [
    { text: `${colourOf(status, style)(nameOf(status))}  ${style.bold(toTerminalText(key))}`, rank: ranks.heading },
    ...ranked(ranks.more, [
      ...flowItems([jobId, `${durationText(status.ageSeconds)} old`], columnsMax),
      ...wrapped(means),
      ...(why === undefined ? [] : wrapped(toTerminalText(why))),
    ]),
    ...part(ranks.ledger, flowItems(ledgerItems(status, style), columnsMax)),
    ...(note === undefined ? [] : ranked(ranks.more, wrapped(note).map(style.dim))),
    ...(hasBar ? part(ranks.left, [`  ${bar(share, cells, style)} ${percentText(share)}${left}`]) : []),
    ...part(ranks.table, stageLines(status, columnsMax, style)),
    ...ranked(ranks.more, wrapped(tableNote(status)).map(style.dim)),
    ...part(
      ranks.more,
      prediction === null
        ? []
        : [
            ...flowItems(predictionItems(prediction), columnsMax),
            ...prediction.notes.flatMap((text) => wrapped(toTerminalText(text))).map(style.dim),
          ],
    ),
    ...part(
      ranks.stalled,
      stalled.flatMap((text) => wrapped(`stalled: ${text}`).map(style.bad)),
    ),
    ...part(ranks.more, flowItems(auditItems(status), columnsMax)),
    ...part(
      ranks.todo,
      todo.flatMap((text) => wrapped(`next: ${text}`)),
    ),
    ...part(
      ranks.more,
      unknown.flatMap((text) => wrapped(toTerminalText(text))),
    ),
  ];
};

/** A status in one line, for where no picture can be; the same as long as nothing changed. */
export const statusLine = (status: JobStatus): string => {
  const { ledger, isPlanned } = status;
  const counts = (['done', 'failed', 'rejected', 'dead', 'open'] as const).map(
    (name) => `${name} ${countText(ledger[name])}`,
  );
  return `${nameOf(status)}  rows ${countText(ledger.rows)}${isPlanned ? '' : ' so far'}  ${counts.join('  ')}`;
};
