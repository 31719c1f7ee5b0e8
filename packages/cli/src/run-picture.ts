import type { StageCounts } from '@sluice/core/ports/metrics';
import type { StageName } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import type { FinalCounts } from './final-counts.ts';
import { countText, durationText, toTerminalText } from './terminal-text.ts';
import { bar, percentText } from './view/bar.ts';
import type { Line, Size } from './view/fit-lines.ts';
import { flowItems } from './view/flow-items.ts';
import type { Speed } from './view/speed.ts';
import { createSpeed } from './view/speed.ts';
import type { Style } from './view/style.ts';
import { textWidth } from './view/text-width.ts';

/** What a run has counted so far; both change while it goes on. */
export type RunCounts = {
  readonly totals: ReadonlyMap<StageName, StageCounts>;
  readonly finals: FinalCounts;
};

/** The audit looks at all rows at the end; there is no progress in it. */
export const shownStages = stageNames.filter((stage) => stage !== 'audit-job');

/** How long counts are looked back at for what goes on now. */
const speedMilliseconds = 3_000;
const barCellsMax = 30;
const barCellsMin = 6;
/** Below this width there is one blank between columns, not two. */
const narrowColumns = 50;
const nameCells = 12;
const speedCells = 9;

/** What goes first where there are few rows: the stages that say least about how far all of it is. */
const stageRanks: Partial<Record<StageName, number>> = { 'clean-rows': 4, 'process-rows': 3, 'finish-rows': 5 };
const fileRank = 7;
const ledgerRank = 8;
const stepRank = 9;

const ledgerOf = ({ totals, finals }: RunCounts) => {
  const rows = totals.get('split-file')?.rowsOut ?? 0;
  const cleaned = totals.get('clean-rows');
  const rejected = Math.max(0, (cleaned?.rowsIn ?? 0) - (cleaned?.rowsOut ?? 0) - (cleaned?.dead ?? 0));
  const dead = [...totals.values()].reduce((sum, counts) => sum + counts.dead, 0);
  // Under faults nobody looks at the outcomes one by one.
  const final = Math.max(finals.DONE + finals.FAILED, totals.get('finish-rows')?.rowsOut ?? 0);
  const ended = rejected + dead + final;
  return { ...finals, rows, final, rejected, dead, ended, open: rows > ended ? rows - ended : undefined };
};

/** Rows that a stage will have seen at the end, as far as can be told; 0 while it cannot. */
const expectedRows = (stage: StageName, { rows, rejected }: ReturnType<typeof ledgerOf>): number =>
  stage === 'split-file' || stage === 'clean-rows' ? rows : Math.max(0, rows - rejected);

/** Draws a run as it stands; told the time in milliseconds, and what happens now besides the stages. */
export const createRunPicture = (file: string, counts: RunCounts, style: Style) => {
  const speeds = new Map<StageName, Speed>(shownStages.map((stage) => [stage, createSpeed(speedMilliseconds)]));
  const endSpeed = createSpeed(speedMilliseconds);
  const name = style.bold(toTerminalText(file));

  const notesOf = (stage: StageName): string => {
    const { retried = 0, dead = 0 } = counts.totals.get(stage) ?? {};
    const notes = [
      ...(dead > 0 ? [style.bad(`${countText(dead)} dead`)] : []),
      ...(retried > 0 ? [style.warn(`${countText(retried)} tried again`)] : []),
    ];
    return notes.join(', ');
  };

  const stageLines = (columns: number): readonly Line[] => {
    const gap = columns < narrowColumns ? ' ' : '  ';
    const ledger = ledgerOf(counts);
    const countCells = Math.max(9, countText(ledger.rows).length);
    const noteCells = Math.max(...shownStages.map((stage) => textWidth(notesOf(stage))));
    const beside = 2 + nameCells + 5 + countCells + speedCells + noteCells + gap.length * (noteCells === 0 ? 4 : 5);
    const cells = Math.min(barCellsMax, columns - beside);
    return shownStages.map((stage) => {
      const rows = counts.totals.get(stage)?.rowsIn ?? 0;
      const expected = expectedRows(stage, ledger);
      const share = expected === 0 ? 0 : rows / expected;
      // What is through stands still.
      const perSecond = share === 1 ? 0 : Math.round(speeds.get(stage)?.perSecond() ?? 0);
      const parts = [
        `  ${stage.padEnd(nameCells)}`,
        ...(cells < barCellsMin ? [] : [bar(share, cells, style)]),
        expected === 0 ? ' '.repeat(5) : percentText(share),
        countText(rows).padStart(countCells),
        (perSecond > 0 ? `${countText(perSecond)}/s` : '').padStart(speedCells),
        notesOf(stage),
      ];
      return { text: parts.join(gap).trimEnd(), rank: stageRanks[stage] ?? 2 };
    });
  };

  const ledgerItems = (): string[] => {
    const { DONE: done, FAILED: failed, final, rejected, dead, open } = ledgerOf(counts);
    const isEachKnown = done + failed > 0 || final === 0;
    return [
      ...(isEachKnown
        ? [style.good(`done ${countText(done)}`), `failed ${countText(failed)}`]
        : [style.good(`final ${countText(final)}`)]),
      `rejected ${countText(rejected)}`,
      dead > 0 ? style.bad(`dead ${countText(dead)}`) : 'dead 0',
      ...(open === undefined ? [] : [style.dim(`open ${countText(open)}`)]),
    ];
  };

  /** Time that is left at the speed at which rows come to their end; nothing while that is not known. */
  const leftText = (): string | undefined => {
    const { open } = ledgerOf(counts);
    const perSecond = endSpeed.perSecond() ?? 0;
    return open !== undefined && perSecond > 0 ? `about ${durationText(open / perSecond)} left` : undefined;
  };

  return ({ columns }: Size, now: number, seconds: string, step: string | undefined): readonly Line[] => {
    for (const [stage, speed] of speeds) speed.note(now, counts.totals.get(stage)?.rowsIn ?? 0);
    endSpeed.note(now, ledgerOf(counts).ended);
    const left = step === undefined ? leftText() : undefined;
    return [
      '',
      { text: `  ${name}`, rank: fileRank },
      '',
      ...stageLines(columns),
      '',
      ...flowItems(ledgerItems(), columns).map((text) => ({ text, rank: ledgerRank })),
      '',
      {
        text: `  ${[seconds, ...(left === undefined ? [] : [left]), step ?? ''].join('  ')}`.trimEnd(),
        rank: stepRank,
      },
    ];
  };
};
