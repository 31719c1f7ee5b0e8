import { createLogUpdate } from 'log-update';
import { bar, lineMilliseconds, pictureMilliseconds, seconds } from '../progress.ts';
import { countText, toTerminalText } from '../terminal-text.ts';
import type { OnRead } from './infer-schema.ts';

/** Says how far reading is, on standard error. */
export type InferProgress = { readonly onRead: OnRead; end(): void };

/** A bar on a terminal, a line now and then elsewhere, nothing when `quiet`. */
export const startInferProgress = (stream: NodeJS.WriteStream, file: string, quiet: boolean): InferProgress => {
  let rows = 0;
  let share = 0;
  const onRead: OnRead = (rowsNow, shareNow) => {
    rows = rowsNow;
    share = shareNow;
  };
  if (quiet) return { onRead, end: () => undefined };

  if (stream.isTTY) {
    const update = createLogUpdate(stream);
    const draw = (): void =>
      update(['', `  ${toTerminalText(file)}`, '', `  ${bar(share)} ${countText(rows)} rows  ${seconds()}`].join('\n'));
    const timer = setInterval(draw, pictureMilliseconds);
    return {
      onRead,
      end() {
        clearInterval(timer);
        update.clear();
        update.done();
      },
    };
  }

  const print = (): void =>
    void stream.write(`${seconds().padStart(7)}  read ${countText(rows)} rows, ${Math.floor(share * 100)} %\n`);
  const timer = setInterval(print, lineMilliseconds);
  return { onRead, end: () => clearInterval(timer) };
};
