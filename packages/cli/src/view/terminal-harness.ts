import { EventEmitter } from 'node:events';
import xterm from '@xterm/headless';

// A terminal in memory, as xterm.js shows it, behind a stream. For tests.

export type TerminalHarness = {
  readonly stream: NodeJS.WriteStream;
  /** How often something was written to it. */
  readonly writes: () => number;
  /** Resizes the terminal as a window is, and tells the stream. */
  resize(columns: number, rows: number): Promise<void>;
  /** What can be seen, line by line, without blank lines at the end. */
  screen(): Promise<string[]>;
  /** The screen and the scrollback that a shell works on, without blank lines at the end. */
  history(): Promise<string[]>;
  isCursorShown(): Promise<boolean>;
};

type Buffer = InstanceType<typeof xterm.Terminal>['buffer']['active'];

/** Colours are left to FORCE_COLOR. */
export const createTerminalHarness = (columns = 80, rows = 24): TerminalHarness => {
  const terminal = new xterm.Terminal({ cols: columns, rows, scrollback: 1_000, allowProposedApi: true });
  let writes = 0;
  let isCursorShown = true;
  terminal.parser.registerCsiHandler({ prefix: '?', final: 'h' }, (modes) => {
    if (modes.includes(25)) isCursorShown = true;
    return false;
  });
  terminal.parser.registerCsiHandler({ prefix: '?', final: 'l' }, (modes) => {
    if (modes.includes(25)) isCursorShown = false;
    return false;
  });
  const stream = Object.assign(new EventEmitter(), {
    isTTY: true,
    columns,
    rows,
    write(text: string): boolean {
      writes++;
      // As the line discipline of a terminal does it.
      terminal.write(text.replaceAll('\n', '\r\n'));
      return true;
    },
  });
  const settled = (): Promise<void> => new Promise((resolve) => terminal.write('', resolve));
  const linesOf = (buffer: Buffer, from: number): string[] => {
    const lines = Array.from({ length: buffer.length - from }, (_, index) =>
      // xterm.js keeps what was right of the last column, where nobody sees it.
      (buffer.getLine(from + index)?.translateToString(true, 0, terminal.cols) ?? '').trimEnd(),
    );
    return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
  };
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    writes: () => writes,
    async resize(newColumns, newRows) {
      await settled();
      terminal.resize(newColumns, newRows);
      Object.assign(stream, { columns: newColumns, rows: newRows });
      stream.emit('resize');
      await settled();
    },
    async screen() {
      await settled();
      return linesOf(terminal.buffer.active, terminal.buffer.active.baseY);
    },
    async history() {
      await settled();
      return linesOf(terminal.buffer.normal, 0);
    },
    async isCursorShown() {
      await settled();
      return isCursorShown;
    },
  };
};
