import type { StageCounts } from '@sluice/core/ports/metrics';
import type { StageName } from '@sluice/core/wiring';
import { stageNames } from '@sluice/core/wiring';
import { createLogUpdate } from 'log-update';
import { countText, toTerminalText } from './terminal-text.ts';

/** Says how far a run is, on standard error. */
export type Progress = {
  /** What happens now, when it is no more the stages. */
  say(step: string): void;
  /** Closes the view; a picture goes, lines stay. */
  end(): void;
};

type Totals = ReadonlyMap<StageName, StageCounts>;

/** The audit looks at all rows at the end; there is no progress in it. */
const shown = stageNames.filter((stage) => stage !== 'audit-job');
const barWidth = 30;
/** Between two pictures on a terminal, and between two lines elsewhere. */
export const pictureMilliseconds = 120;
export const lineMilliseconds = 2_000;

/** How far something is, as a picture; any number is fine. */
export const bar = (share: number): string => {
  const full = Math.round(Math.max(0, Math.min(1, share)) * barWidth);
  return '█'.repeat(full) + '░'.repeat(barWidth - full);
};

/** Rows that reach a stage: those of the file, and after cleaning those that were accepted. */
const expectedRows = (stage: StageName, totals: Totals): number =>
  totals.get(stage === 'split-file' || stage === 'clean-rows' ? 'split-file' : 'clean-rows')?.rowsOut ?? 0;

const renderStage = (stage: StageName, totals: Totals): string => {
  const { rowsIn = 0, retried = 0, dead = 0 } = totals.get(stage) ?? {};
  const expected = expectedRows(stage, totals);
  const notes = [retried > 0 ? `${countText(retried)} tried again` : '', dead > 0 ? `${countText(dead)} dead` : ''];
  const note = notes.filter((text) => text !== '').join(', ');
  return `  ${stage.padEnd(13)} ${bar(expected === 0 ? 0 : rowsIn / expected)} ${countText(rowsIn).padStart(13)}  ${note}`;
};

/** Since the process began. */
export const seconds = (): string => `${(performance.now() / 1000).toFixed(1)} s`;

/** Pictures of every stage on a terminal, a line now and then elsewhere, nothing when `quiet`. */
export const startProgress = (stream: NodeJS.WriteStream, file: string, totals: Totals, quiet: boolean): Progress => {
  let step: string | undefined;
  if (quiet) return { say: () => undefined, end: () => undefined };

  if (stream.isTTY) {
    const update = createLogUpdate(stream);
    const draw = (): void => {
      const lines = shown.map((stage) => renderStage(stage, totals));
      update(['', `  ${toTerminalText(file)}`, '', ...lines, '', `  ${seconds()}  ${step ?? ''}`].join('\n'));
    };
    const timer = setInterval(draw, pictureMilliseconds);
    return {
      say(text) {
        step = text;
      },
      end() {
        clearInterval(timer);
        update.clear();
        update.done();
      },
    };
  }

  const counts = (): string => shown.map((stage) => `${stage} ${countText(totals.get(stage)?.rowsIn ?? 0)}`).join('  ');
  // Before the first row there is nothing to tell, and a file that is refused is told of in one line.
  let last = counts();
  const print = (): void => {
    const line = step ?? counts();
    if (line === last) return;
    last = line;
    stream.write(`${seconds().padStart(7)}  ${line}\n`);
  };
  const timer = setInterval(print, lineMilliseconds);
  return {
    say(text) {
      step = text;
    },
    end: () => clearInterval(timer),
  };
};
