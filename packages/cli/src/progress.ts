import { createRunPicture, type RunCounts, shownStages } from './run-picture.ts';
import { countText } from './terminal-text.ts';
import { createLiveView } from './view/live-view.ts';
import { createStyle } from './view/style.ts';

/** Says how far a run is, on standard error. */
export type Progress = {
  /** What happens now, when it is no more the stages. */
  say(step: string): void;
  /** Closes the view; a picture goes, lines stay. */
  end(): void;
};

/** Between two pictures on a terminal, and between two lines elsewhere. */
export const pictureMilliseconds = 120;
export const lineMilliseconds = 2_000;
/** Before the first picture: what is over sooner shows none. */
export const firstPictureMilliseconds = 480;

/** Since the process began. */
export const seconds = (): string => `${(performance.now() / 1000).toFixed(1)} s`;

/** Pictures of every stage on a terminal, a line now and then elsewhere, nothing when `quiet`. */
export const startProgress = (
  stream: NodeJS.WriteStream,
  file: string,
  counts: RunCounts,
  quiet: boolean,
  view = createLiveView(stream),
): Progress => {
  let step: string | undefined;
  if (quiet) return { say: () => undefined, end: () => undefined };
  const say = (text: string): void => {
    step = text;
  };

  if (view.isLive) {
    const picture = createRunPicture(file, counts, createStyle(stream));
    let waited = 0;
    const timer = setInterval(() => {
      waited += pictureMilliseconds;
      if (waited >= firstPictureMilliseconds) {
        view.draw((size) => picture(size, performance.now(), seconds(), step));
      }
    }, pictureMilliseconds);
    return {
      say,
      end() {
        clearInterval(timer);
        view.end();
      },
    };
  }

  const told = (): string =>
    shownStages.map((stage) => `${stage} ${countText(counts.totals.get(stage)?.rowsIn ?? 0)}`).join('  ');
  // Before the first row there is nothing to tell, and a file that is refused is told of in one line.
  let last = told();
  const print = (): void => {
    const line = step ?? told();
    if (line === last) return;
    last = line;
    stream.write(`${seconds().padStart(7)}  ${line}\n`);
  };
  const timer = setInterval(print, lineMilliseconds);
  return { say, end: () => clearInterval(timer) };
};
