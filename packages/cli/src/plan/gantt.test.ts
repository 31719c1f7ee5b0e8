import { describe, expect, it } from 'vitest';
import { createStyle } from '../view/style.ts';
import { createTerminalHarness } from '../view/terminal-harness.ts';
import { ganttBar } from './gantt.ts';

const { stream } = createTerminalHarness();
const style = createStyle(Object.assign(stream, { isTTY: false }));
const bar = (startsAt: number, endsAt: number, whole: number) =>
  ganttBar({ startsAt, endsAt, whole }, 10, style, (text) => text);

describe('a bar over time', () => {
  it.each([
    [0, 100, 100, '██████████'],
    [0, 50, 100, '█████·····'],
    [25, 75, 100, '··██████··'],
    [0, 0.1, 100, '█·········'],
    [99.9, 100, 100, '·········█'],
    [100, 100, 100, '·········█'],
    [0, 0, 0, '█·········'],
  ])('from %d to %d of %d', (startsAt, endsAt, whole, expected) => {
    expect(bar(startsAt, endsAt, whole)).toBe(expected);
  });
});
