import type { Ledger } from '@sluice/core/ledger';
import { countText, toTerminalText } from '../terminal-text.ts';
import type { BoundedList } from './bounded-list.ts';
import type { PlannedJob } from './count-source.ts';
import type { TableCount } from './count-table.ts';
import type { Gap, GapKind, GapList } from './row-gaps.ts';
import type { SourceAnswer, Verdict } from './verdict.ts';
import type { Difference } from './verify-chunk.ts';

/** What `verify` found of a job whose rows could be counted. */
export type Verified = {
  readonly job: PlannedJob;
  readonly source: SourceAnswer;
  readonly table: TableCount;
  readonly counted: Ledger;
  readonly verdict: Verdict;
};

/** Ranges, chunks and objects that are shown to people; --json has more of them. */
const shownMax = 20;

const rangeText = ([first, last]: readonly [number, number]): string =>
  first === last ? countText(first) : `${countText(first)} to ${countText(last)}`;

const whatText: Readonly<Record<GapKind, string>> = {
  pending: 'in the table, not final, no mark',
  dead: 'dead',
  missing: 'not in the table, not rejected, no mark: nothing is known',
  unknown: 'not in the table; the reject object that would tell is gone or broken',
  doubled: 'in more than one place: rejected and in the table, or rejected twice',
  stray: 'found with a chunk to which it does not belong',
};

const gapLine = ({ kind, rows, chunks, reason }: Gap): string => {
  const why =
    reason === undefined
      ? ''
      : ` at ${reason.stage}: ${reason.code}, ${countText(reason.attempts)} attempts${reason.permanent === true ? ', for good' : ''}`;
  const of = chunks[0] === chunks[1] ? 'chunk' : 'chunks';
  return `  ${rangeText(rows)} (${of} ${rangeText(chunks)})  ${toTerminalText(whatText[kind] + why)}`;
};

const moreLine = (more: number, what: string): string[] => (more > 0 ? [`  and ${countText(more)} more ${what}`] : []);

const gapLines = (gaps: GapList): string[] => {
  const listed = gaps.listed();
  if (listed.length === 0) return [];
  const more = listed.length - shownMax + gaps.more();
  return ['', '  rows', ...listed.slice(0, shownMax).map(gapLine), ...moreLine(more, 'ranges')];
};

const listLines = <Entry>(
  title: string,
  { listed, more }: BoundedList<Entry>,
  line: (entry: Entry) => string,
): string[] =>
  listed.length === 0
    ? []
    : [
        '',
        `  ${title}`,
        ...listed.slice(0, shownMax).map((entry) => `  ${toTerminalText(line(entry))}`),
        ...moreLine(listed.length - shownMax + more, 'such'),
      ];

const differenceText = ({ chunk, of, counted, ledger }: Difference): string =>
  of === 'closed'
    ? `chunk ${countText(chunk)}: expected to be closed, since the job is COMPLETE, found open`
    : `chunk ${countText(chunk)}: ${of} ${countText(counted)} counted, ${countText(ledger)} in the ledger`;

const sourceText = (source: SourceAnswer): string => {
  if ('error' in source) return 'the plan (the file could not be read)';
  return source.isDecoded ? 'the uploaded file, unpacked or decoded again' : 'the uploaded file';
};

const tableLines = ({ source, table, counted }: Verified): string[] => {
  const { ledger } = table;
  const from = 'table';
  const entries: readonly (readonly [string, number, number | undefined, string])[] = [
    ['rows', counted.rows, ledger.rows, sourceText(source)],
    ['rejected', counted.rejected, ledger.rejected, 'reject objects'],
    ['done', counted.done, ledger.done, from],
    ['failed', counted.failed, ledger.failed, from],
    ['dead', counted.dead, undefined, 'marks of rows that are not final'],
    ['open', counted.open, undefined, 'what is left'],
  ];
  const shown = entries.map(([name, count, of, where]) => {
    const inLedger = of === undefined ? '-' : countText(of);
    const differs = of !== undefined && of !== count ? '  <- differs' : '';
    return `  ${name.padEnd(9)} ${countText(count).padStart(15)} ${inLedger.padStart(15)}  ${where}${differs}`;
  });
  return [`  ${''.padEnd(9)} ${'counted'.padStart(15)} ${'ledger'.padStart(15)}  from`, ...shown];
};

/** One line that adds up. */
const equationText = ({ rows, rejected, done, failed, dead, open }: Ledger): string =>
  `${countText(rows)} rows = ${countText(rejected)} rejected + ${countText(done)} done + ${countText(failed)} failed + ${countText(dead)} dead + ${countText(open)} open`;

/** The last lines of every answer. */
export const verdictLines = ({ verdict, reasons }: Verdict): string[] =>
  verdict === 'holds'
    ? ['  holds: every row of the file is in exactly one place, and the ledger says so too']
    : reasons.map(
        (reason, i) => `  ${i === 0 ? `${verdict}:` : ' '.repeat(verdict.length + 1)} ${toTerminalText(reason, 500)}`,
      );

/** Which job it is about. */
export const headLines = ({ jobId, file, state }: Pick<PlannedJob, 'jobId' | 'file' | 'state'>): string[] => [
  `${state}  ${jobId}  ${toTerminalText(file.key)}`,
  '',
];

export const verifyLines = (verified: Verified): string[] => {
  const { job, source, table, counted, verdict } = verified;
  const faults = 'error' in source ? { listed: [], more: 0 } : source.faults;
  return [
    ...headLines(job),
    ...tableLines(verified),
    '',
    `  ${equationText(counted)}`,
    ...listLines('file', faults, ({ chunk, message }) =>
      chunk === undefined ? message : `chunk ${countText(chunk)}: ${message}`,
    ),
    ...gapLines(table.gaps),
    ...listLines('ledger', table.differences, differenceText),
    ...listLines(
      'rejects',
      table.rejectsGone,
      ({ chunk, what, counted: rows }) =>
        `chunk ${countText(chunk)}: the reject object is ${what}; the ledger counted ${countText(rows)} rows in it`,
    ),
    '',
    ...verdictLines(verdict),
  ];
};
