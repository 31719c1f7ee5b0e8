import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLiveView } from '../view/live-view.ts';
import { createTerminalHarness } from '../view/terminal-harness.ts';
import { startInferProgress } from './infer-progress.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const setUp = (isTTY: boolean, quiet = false) => {
  const terminal = createTerminalHarness(80, 24);
  Object.assign(terminal.stream, { isTTY });
  const view = createLiveView(terminal.stream, { TERM: 'xterm' });
  return { terminal, progress: startInferProgress(terminal.stream, 'a\u001b.csv', quiet, view) };
};

describe('progress of reading', () => {
  it('is a bar on a terminal, which goes at the end', async () => {
    const { terminal, progress } = setUp(true);
    progress.onRead(1_234, 0.5);
    vi.advanceTimersByTime(600);
    expect(await terminal.screen()).toEqual([
      '',
      '  a\\u{1b}.csv',
      '',
      `  ${'█'.repeat(15)}${'░'.repeat(15)} 50 %  1,234 rows  0.6 s`,
    ]);
    progress.end();
    expect(await terminal.screen()).toEqual([]);
  });

  it('is a line now and then elsewhere', async () => {
    const { terminal, progress } = setUp(false);
    progress.onRead(1_234, 0.5);
    vi.advanceTimersByTime(2_000);
    progress.end();
    vi.advanceTimersByTime(2_000);
    expect(await terminal.screen()).toEqual(['  2.0 s  read 1,234 rows, 50 %']);
  });

  it('is nothing when it is to be quiet', () => {
    const { terminal, progress } = setUp(true, true);
    progress.onRead(1, 1);
    vi.advanceTimersByTime(4_000);
    progress.end();
    expect(terminal.writes()).toBe(0);
  });
});
