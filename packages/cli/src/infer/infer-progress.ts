import { firstPictureMilliseconds, lineMilliseconds, pictureMilliseconds, seconds } from '../progress.ts';
import { countText, toTerminalText } from '../terminal-text.ts';
import { bar, percentText } from '../view/bar.ts';
import { createLiveView } from '../view/live-view.ts';
import { createStyle } from '../view/style.ts';
import type { OnRead } from './infer-schema.ts';

/** Says how far reading is, on standard error. */
export type InferProgress = { readonly onRead: OnRead; end(): void };

const barCellsMax = 30;
/** What stands beside the bar, at most. */
const besideCells = 40;

/** A bar on a terminal, a line now and then elsewhere, nothing when `quiet`. */
export const startInferProgress = (
  stream: NodeJS.WriteStream,
  file: string,
  quiet: boolean,
  view = createLiveView(stream),
): InferProgress => {
  let rows = 0;
  let share = 0;
  const onRead: OnRead = (rowsNow, shareNow) => {
    rows = rowsNow;
    share = shareNow;
  };
  if (quiet) return { onRead, end: () => undefined };

  if (view.isLive) {
    const style = createStyle(stream);
    let waited = 0;
    const timer = setInterval(() => {
      waited += pictureMilliseconds;
      if (waited < firstPictureMilliseconds) return;
      view.draw(({ columns }) => {
        const cells = Math.max(0, Math.min(barCellsMax, columns - besideCells));
        const how = `${percentText(share)}  ${countText(rows)} rows  ${seconds()}`;
        return [
          '',
          `  ${style.bold(toTerminalText(file))}`,
          '',
          { text: `  ${bar(share, cells, style)}${how}`, rank: 2 },
        ];
      });
    }, pictureMilliseconds);
    return {
      onRead,
      end() {
        clearInterval(timer);
        view.end();
      },
    };
  }

  const print = (): void =>
    void stream.write(`${seconds().padStart(7)}  read ${countText(rows)} rows, ${Math.floor(share * 100)} %\n`);
  const timer = setInterval(print, lineMilliseconds);
  return { onRead, end: () => clearInterval(timer) };
};
