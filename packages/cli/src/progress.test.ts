import type { StageCounts } from '@sluice/core/ports/metrics';
import type { StageName } from '@sluice/core/wiring';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startProgress } from './progress.ts';
import { createLiveView } from './view/live-view.ts';
import { createTerminalHarness } from './view/terminal-harness.ts';

let endAll: () => void = () => undefined;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
afterEach(() => {
  endAll();
  vi.useRealTimers();
});

const setUp = ({ isTTY = false, quiet = false, columns = 80, rows = 24, term = 'xterm' } = {}) => {
  const terminal = createTerminalHarness(columns, rows);
  const { stream, screen } = terminal;
  Object.assign(stream, { isTTY });
  const totals = new Map<StageName, StageCounts>();
  const finals = { DONE: 0, FAILED: 0 };
  const count = (stage: StageName, rowsIn: number, rowsOut = rowsIn, more: Partial<StageCounts> = {}): void =>
    void totals.set(stage, { stage, rowsIn, rowsOut, retried: 0, dead: 0, messagesFailed: 0, ...more });
  const view = createLiveView(stream, { TERM: term });
  const progress = startProgress(stream, 'a\u001b.csv', { totals, finals }, quiet, view);
  endAll = progress.end;
  return { terminal, progress, count, finals, screen };
};

describe('progress', () => {
  it.each([
    ['off a terminal', {}],
    ['on a dumb terminal', { isTTY: true, term: 'dumb' }],
  ])('is a line for every change %s, none while nothing is read, and nothing that acts on one', async (_, where) => {
    const { progress, count, screen } = setUp({ ...where, columns: 160 });
    vi.advanceTimersByTime(2_000);
    count('split-file', 1_000);
    vi.advanceTimersByTime(6_000);
    progress.say('writing results');
    vi.advanceTimersByTime(2_000);
    progress.end();
    vi.advanceTimersByTime(10_000);
    expect(await screen()).toEqual([
      '  4.0 s  split-file 1,000  clean-rows 0  store-rows 0  relay-rows 0  process-rows 0  finish-rows 0',
      ' 10.0 s  writing results',
    ]);
  });

  it('is a picture of every stage on a terminal: how far, how fast, what was tried again, what is left', async () => {
    const { count, finals, screen, progress, terminal } = setUp({ isTTY: true });
    count('split-file', 100_000);
    vi.advanceTimersByTime(1_000);
    count('clean-rows', 50_000, 49_990);
    count('store-rows', 24_995, 24_995, { retried: 3 });
    count('process-rows', 20_000, 20_000, { dead: 2 });
    count('finish-rows', 10_000);
    Object.assign(finals, { DONE: 9_990, FAILED: 10 });
    vi.advanceTimersByTime(2_040);
    expect(await screen()).toEqual([
      '',
      '  a\\u{1b}.csv',
      '',
      '  split-file    ████████████████████  100 %    100,000',
      '  clean-rows    ██████████░░░░░░░░░░   50 %     50,000   19,841/s',
      '  store-rows    █████░░░░░░░░░░░░░░░   24 %     24,995    9,919/s  3 tried again',
      '  relay-rows    ░░░░░░░░░░░░░░░░░░░░    0 %          0',
      '  process-rows  ████░░░░░░░░░░░░░░░░   20 %     20,000    7,937/s  2 dead',
      '  finish-rows   ██░░░░░░░░░░░░░░░░░░   10 %     10,000    3,968/s',
      '',
      '  done 9,990   failed 10   rejected 10   dead 2   open 89,988',
      '',
      '  3.0 s  about 23 s left',
    ]);
    progress.say('writing results');
    vi.advanceTimersByTime(120);
    expect((await screen()).at(-1)).toBe('  3.1 s  writing results');
    progress.end();
    expect(await screen()).toEqual([]);
    expect(await terminal.history()).toEqual([]);
  });

  it('fits a small terminal', async () => {
    const { count, finals, screen } = setUp({ isTTY: true, columns: 40, rows: 7 });
    count('split-file', 1_000_000);
    count('clean-rows', 500_000);
    count('finish-rows', 400_000);
    Object.assign(finals, { DONE: 400_000 });
    vi.advanceTimersByTime(600);
    expect(await screen()).toEqual([
      '  a\\u{1b}.csv',
      '  clean-rows    50 %   500,000',
      '  process-rows   0 %         0',
      '  finish-rows   40 %   400,000',
      '  done 400,000   failed 0   rejected 0',
      '  dead 0   open 600,000',
      '  0.6 s',
    ]);
  });

  it('shows no picture of what is over at once', () => {
    const { terminal, progress } = setUp({ isTTY: true });
    vi.advanceTimersByTime(400);
    progress.end();
    vi.advanceTimersByTime(10_000);
    expect(terminal.writes()).toBe(0);
  });

  it('says nothing of the time left while it cannot know', async () => {
    const { count, screen } = setUp({ isTTY: true });
    vi.advanceTimersByTime(5_040);
    expect((await screen()).at(-1)).toBe('  5.0 s');
    count('split-file', 1_000);
    vi.advanceTimersByTime(5_040);
    expect((await screen()).at(-1)).toBe('  10.1 s');
    expect((await screen()).join('\n')).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('is nothing when it is to be quiet', () => {
    const { terminal, progress, count } = setUp({ isTTY: true, quiet: true });
    count('split-file', 1_000);
    progress.say('writing results');
    vi.advanceTimersByTime(10_000);
    progress.end();
    expect(terminal.writes()).toBe(0);
  });
});
