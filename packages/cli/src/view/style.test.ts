import { afterEach, describe, expect, it, vi } from 'vitest';
import { createStyle } from './style.ts';
import { createTerminalHarness } from './terminal-harness.ts';

afterEach(() => void vi.unstubAllEnvs());

const paintedWith = (environment: Readonly<Record<string, string | undefined>>, isTTY = true): string => {
  for (const name of ['NO_COLOR', 'FORCE_COLOR', 'NODE_DISABLE_COLORS', 'TERM', 'COLORTERM', 'CI', 'TMUX']) {
    vi.stubEnv(name, environment[name]);
  }
  const { stream } = createTerminalHarness();
  // As tty.WriteStream asks the environment.
  const getColorDepth = () => (process.env['NO_COLOR'] !== undefined || process.env['TERM'] === 'dumb' ? 1 : 8);
  return createStyle(Object.assign(stream, { isTTY, getColorDepth })).good('ok');
};

const green = '\u001b[32mok\u001b[39m';

describe('a style', () => {
  it('is there on a terminal', () => {
    expect(paintedWith({ TERM: 'xterm' })).toBe(green);
  });

  it.each([
    ['elsewhere', {}, false],
    ['with NO_COLOR', { TERM: 'xterm', NO_COLOR: '1' }, true],
    ['on a dumb terminal', { TERM: 'dumb' }, true],
  ])('is not there %s', (_, environment, isTTY) => {
    expect(paintedWith(environment, isTTY)).toBe('ok');
  });

  it('is there wherever FORCE_COLOR asks for it', () => {
    expect(paintedWith({ FORCE_COLOR: '1' }, false)).toBe(green);
  });

  it('leaves nothing of an empty text', () => {
    vi.stubEnv('FORCE_COLOR', '1');
    expect(createStyle(createTerminalHarness().stream).bad('')).toBe('');
  });
});
