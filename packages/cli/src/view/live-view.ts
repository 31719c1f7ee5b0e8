import { stripVTControlCharacters } from 'node:util';
import { toTerminalText } from '../terminal-text.ts';
import type { Line, Size } from './fit-lines.ts';
import { fitLines } from './fit-lines.ts';
import { textWidth } from './text-width.ts';

/** Lines for the room that there is. */
export type Picture = (size: Size) => readonly Line[];

/** A picture on a terminal that changes in place. */
export type LiveView = {
  /** False where nothing can change in place; `draw` does nothing then, and the caller writes lines of its own. */
  readonly isLive: boolean;
  /** Shows the picture instead of the one before; kept, and drawn anew whenever the terminal's size changes. */
  draw(picture: readonly Line[] | Picture): void;
  /** The terminal as it was before, and below it what others wrote to the stream meanwhile. May be called twice. */
  end(): void;
};

/** Where no size is known. Source: what the VT100 had. */
const usualSize: Size = { columns: 80, rows: 24 };
/** Lines of what others wrote that a picture shows. */
const keptLinesMax = 3;
/** What others wrote stands in a picture before anything else. */
const keptRank = 100;

// Source: xterm, "Control Sequences". The alternate screen is the one place that no terminal reflows when it is made narrower, and
// whose lines never get into the scrollback: elsewhere nobody can tell how many rows a picture takes by now.
const enter = '\u001b[?1049h\u001b[?25l';
// The screen is emptied for terminals that have only one.
const leave = '\u001b[H\u001b[J\u001b[?25h\u001b[?1049l';
/** Frames in between appear at once on terminals that know this; others pass over it. Source: "Synchronized Output", mode 2026. */
const begin = '\u001b[?2026h';
const commit = '\u001b[?2026l';

/** Signals that end a process nobody has told otherwise. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

const isSet = (value: string | undefined): boolean => value !== undefined && !['', '0', 'false'].includes(value);

/** One write per frame. Each line has a place of its own, so that one that is wider than it was thought to be moves no other. */
const frameOf = (lines: readonly string[], { columns, rows }: Size): string => {
  const placed = lines.map((line, index) => {
    // At the last column, the character there would be erased.
    const rest = textWidth(line) < columns ? '\u001b[K' : '';
    return `\u001b[${index + 1};1H${line}${rest}`;
  });
  const below = lines.length < rows ? `\u001b[${lines.length + 1};1H\u001b[J` : '';
  return `${begin}${placed.join('')}${below}${commit}`;
};

/**
 * Pictures on the terminal behind `stream`, cut to its size. On a dumb terminal, in CI and elsewhere it is not live. Until its
 * end, what others write to the stream is kept; it stands in the picture too. The terminal is given back when the process ends
 * by an exit, a signal or an error, and while it is stopped (Ctrl-Z).
 */
export const createLiveView = (
  stream: NodeJS.WriteStream,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): LiveView => {
  const isDumb = environment['TERM'] === undefined || environment['TERM'] === 'dumb';
  const isLive = stream.isTTY === true && !isDumb && !isSet(environment['CI']);
  if (!isLive) return { isLive, draw: () => undefined, end: () => undefined };

  const write = stream.write;
  const put = (text: string): void => void write.call(stream, text);
  const kept: string[] = [];
  let picture: Picture | undefined;
  let shown = '';
  let isEntered = false;

  const size = (): Size => ({
    columns: stream.columns || usualSize.columns,
    rows: stream.rows || usualSize.rows,
  });

  const keptLines = (): readonly Line[] =>
    kept
      .join('')
      .split('\n')
      .map((line) => toTerminalText(stripVTControlCharacters(line).trim()))
      .filter((line) => line !== '')
      .slice(-keptLinesMax)
      .map((text) => ({ text: `  ${text}`, rank: keptRank }));

  const redraw = (): void => {
    if (picture === undefined || !isEntered || stream.writableNeedDrain) return;
    const room = size();
    const said = keptLines();
    const frame = frameOf(fitLines([...picture(room), ...(said.length === 0 ? [] : ['', ...said])], room), room);
    if (frame === shown) return;
    shown = frame;
    put(frame);
  };

  const showAnew = (): void => {
    shown = '';
    redraw();
  };

  // As Writable.write: what is written, and what to call when it is.
  const keep = (chunk: string | Uint8Array, ...more: readonly unknown[]): boolean => {
    kept.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
    const callback = more.find((one) => typeof one === 'function');
    if (callback !== undefined) process.nextTick(callback);
    return true;
  };

  const open = (): void => {
    isEntered = true;
    stream.write = keep as typeof stream.write;
    put(enter);
  };

  const close = (): void => {
    if (!isEntered) return;
    isEntered = false;
    stream.write = write;
    put(leave);
    for (const text of kept.splice(0)) put(text);
  };

  const onStop = (): void => {
    close();
    process.kill(process.pid, 'SIGSTOP');
  };
  const onContinue = (): void => {
    open();
    showAnew();
  };
  // Whoever listens besides decides what becomes of the process; an exit then closes.
  const onEnding = (signal: NodeJS.Signals): void => {
    if (process.listenerCount(signal) > 1) return;
    end();
    process.kill(process.pid, signal);
  };

  const listen = (): void => {
    stream.on('resize', showAnew);
    process.on('exit', close);
    // Before the error is printed, which would go with the alternate screen.
    process.on('uncaughtExceptionMonitor', close);
    process.on('SIGTSTP', onStop);
    process.on('SIGCONT', onContinue);
    for (const signal of endings) process.on(signal, onEnding);
  };

  const end = (): void => {
    if (picture === undefined) return;
    picture = undefined;
    close();
    stream.off('resize', showAnew);
    process.off('exit', close);
    process.off('uncaughtExceptionMonitor', close);
    process.off('SIGTSTP', onStop);
    process.off('SIGCONT', onContinue);
    for (const signal of endings) process.off(signal, onEnding);
  };

  return {
    isLive,
    draw(drawn) {
      if (picture === undefined) {
        listen();
        open();
      }
      picture = typeof drawn === 'function' ? drawn : () => drawn;
      redraw();
    },
    end,
  };
};
