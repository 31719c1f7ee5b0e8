import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Line } from './fit-lines.ts';
import { createLiveView, type LiveView } from './live-view.ts';
import { createTerminalHarness } from './terminal-harness.ts';

const environment = { TERM: 'xterm-256color' };

let view: LiveView | undefined;
afterEach(() => view?.end());

/** A terminal on which a shell has said something, and a view on it. */
const setUp = (columns = 80, rows = 24) => {
  const terminal = createTerminalHarness(columns, rows);
  terminal.stream.write('$ sluice run a.csv\n');
  const live = createLiveView(terminal.stream, environment);
  view = live;
  return { terminal, view: live };
};

const pictureOf = (frame: number): string[] => [
  `heading ${frame}`,
  '',
  ...Array.from({ length: 8 }, (_, index) => `stage ${index} ${'█'.repeat(60)} ${frame}`),
  '',
  `ledger ${frame}`,
];

const drawn = (frame: number, columns: number): string[] =>
  pictureOf(frame).map((line) => (line.length <= columns ? line : `${line.slice(0, columns - 1)}…`));

const before = ['$ sluice run a.csv'];

describe('a picture', () => {
  it.each([
    ['narrower', [[40, 24]]],
    ['much narrower, a step at a time', Array.from({ length: 50 }, (_, index) => [80 - index, 24])],
    ['wider', [[132, 24]]],
    [
      'narrower, then wider again',
      [
        [30, 24],
        [120, 24],
        [50, 30],
      ],
    ],
    ['taller', [[80, 60]]],
    [
      'shorter, then taller again',
      [
        [80, 12],
        [80, 40],
      ],
    ],
  ])('stands alone on the screen after the terminal was made %s', async (_, sizes) => {
    const { terminal, view } = setUp();
    let frame = 0;
    view.draw(pictureOf(frame));
    for (const [columns = 0, rows = 0] of sizes) {
      await terminal.resize(columns, rows);
      expect(await terminal.screen()).toEqual(drawn(frame, columns));
      frame++;
      view.draw(pictureOf(frame));
      expect(await terminal.screen()).toEqual(drawn(frame, columns));
    }
    view.end();
    expect(await terminal.history()).toEqual(before);
    expect(await terminal.screen()).toEqual(before);
  });

  it('stays one picture when frames and sizes change at random', async () => {
    const { terminal, view } = setUp();
    let state = 7;
    const draw = (least: number, most: number): number => {
      state = (state * 48_271) % 0x7fffffff;
      return least + (state % (most - least + 1));
    };
    for (let frame = 0; frame < 200; frame++) {
      const columns = draw(10, 140);
      await terminal.resize(columns, draw(12, 50));
      view.draw(pictureOf(frame));
      expect(await terminal.screen()).toEqual(drawn(frame, columns));
    }
    view.end();
    expect(await terminal.history()).toEqual(before);
  });

  it('keeps what matters most when there are fewer rows than lines', async () => {
    const { terminal, view } = setUp(80, 4);
    const lines: readonly Line[] = [
      { text: 'file', rank: 3 },
      '',
      'one',
      'two',
      'three',
      '',
      { text: 'ledger', rank: 4 },
      { text: 'step', rank: 2 },
    ];
    view.draw(lines);
    expect(await terminal.screen()).toEqual(['file', 'one', 'ledger', 'step']);
    await terminal.resize(80, 2);
    expect(await terminal.screen()).toEqual(['file', 'ledger']);
    await terminal.resize(80, 24);
    expect(await terminal.screen()).toEqual(['file', '', 'one', 'two', 'three', '', 'ledger', 'step']);
  });

  it('shrinks with its lines', async () => {
    const { terminal, view } = setUp();
    view.draw(['one, and more', 'two', 'three']);
    view.draw(['one']);
    expect(await terminal.screen()).toEqual(['one']);
  });

  it('is one write a frame, and none when it is the same', () => {
    const { terminal, view } = setUp();
    view.draw(['one']);
    const writes = terminal.writes();
    view.draw(['two', 'three']);
    view.draw(['two', 'three']);
    expect(terminal.writes()).toBe(writes + 1);
  });

  it('is drawn for the size that there is, also where none is known', async () => {
    const { terminal, view } = setUp(100, 30);
    view.draw(({ columns, rows }) => [`${columns} x ${rows}`]);
    expect(await terminal.screen()).toEqual(['100 x 30']);
    await terminal.resize(60, 20);
    expect(await terminal.screen()).toEqual(['60 x 20']);
    Object.assign(terminal.stream, { columns: 0, rows: undefined });
    terminal.stream.emit('resize');
    expect(await terminal.screen()).toEqual(['80 x 24']);
  });

  it('keeps wide characters and styles within the line', async () => {
    const { terminal, view } = setUp(20, 5);
    view.draw([`\u001b[31m${'表'.repeat(20)}\u001b[39m`, 'below']);
    expect(await terminal.screen()).toEqual([`${'表'.repeat(9)}…`, 'below']);
  });
});

describe('the terminal', () => {
  it('has its cursor and its text again at the end, also when that comes twice', async () => {
    const { terminal, view } = setUp();
    view.draw(['one']);
    expect(await terminal.isCursorShown()).toBe(false);
    view.end();
    const writes = terminal.writes();
    view.end();
    expect(terminal.writes()).toBe(writes);
    expect(await terminal.isCursorShown()).toBe(true);
    expect(await terminal.screen()).toEqual(before);
  });

  it.each(['exit', 'uncaughtExceptionMonitor'])('is given back on %s', async (event) => {
    const { terminal, view } = setUp();
    const others = process.listeners(event as 'exit');
    view.draw(['one']);
    // Only what the view listens by: nothing else is to believe it.
    for (const listener of process.listeners(event as 'exit')) if (!others.includes(listener)) listener(0);
    expect(await terminal.isCursorShown()).toBe(true);
    expect(await terminal.screen()).toEqual(before);
  });

  it('is left alone by a view that drew nothing', async () => {
    const { terminal, view } = setUp();
    const writes = terminal.writes();
    view.end();
    expect(terminal.writes()).toBe(writes);
  });

  it('listens to nothing afterwards', () => {
    const names = ['exit', 'uncaughtExceptionMonitor', 'SIGTSTP', 'SIGCONT', 'SIGINT', 'SIGQUIT'];
    const listening = (): number[] => names.map((name) => process.listenerCount(name));
    const atFirst = listening();
    const { terminal, view } = setUp();
    view.draw(['one']);
    expect(listening()).toEqual(atFirst.map((count) => count + 1));
    view.end();
    expect(listening()).toEqual(atFirst);
    expect(terminal.stream.listenerCount('resize')).toBe(0);
  });

  it('shows what others write meanwhile in the picture, as text, and keeps it below what was there before', async () => {
    const { terminal, view } = setUp();
    view.draw(['one']);
    let isWritten = false;
    terminal.stream.write('sluice: \u001b[2Jinterrupted\n', () => {
      isWritten = true;
    });
    expect(await terminal.screen()).toEqual(['one']);
    view.draw(['two']);
    expect(await terminal.screen()).toEqual(['two', '', '  sluice: interrupted']);
    await setTimeout();
    expect(isWritten).toBe(true);
    view.end();
    terminal.stream.write('COMPLETE\n');
    // The screen was emptied by what was written, which is its writer's affair.
    expect((await terminal.screen()).map((line) => line.trim())).toEqual(['', 'interrupted', 'COMPLETE']);
  });
});

describe('no view', () => {
  it.each([
    ['off a terminal', false, environment],
    ['on a dumb terminal', true, { TERM: 'dumb' }],
    ['on a terminal that nobody knows', true, {}],
    ['in CI', true, { ...environment, CI: 'true' }],
  ])('is there %s', (_, isTTY, given) => {
    const terminal = createTerminalHarness();
    Object.assign(terminal.stream, { isTTY });
    const none = createLiveView(terminal.stream, given);
    none.draw(['one']);
    none.end();
    expect(none.isLive).toBe(false);
    expect(terminal.writes()).toBe(0);
  });
});
