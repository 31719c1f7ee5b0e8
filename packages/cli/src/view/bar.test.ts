import { expect, it } from 'vitest';
import { bar, percentText } from './bar.ts';
import type { Style } from './style.ts';

const as =
  (name: string) =>
  (text: string): string =>
    text === '' ? '' : `${name}(${text})`;
const style: Style = { bold: as('bold'), dim: as('dim'), good: as('good'), warn: as('warn'), bad: as('bad') };

it.each([
  [0, 'dim(░░░░)'],
  [0.5, 'good(██)dim(░░)'],
  [0.999, 'good(███)dim(░)'],
  [1, 'good(████)'],
  [7, 'good(████)'],
  [-1, 'dim(░░░░)'],
  [Number.NaN, 'dim(░░░░)'],
])('draws %d as %s', (share, drawn) => {
  expect(bar(share, 4, style)).toBe(drawn);
});

it('says 100 % only of all of it', () => {
  expect([0, 0.4, 0.9999, 1, 2].map(percentText)).toEqual(['  0 %', ' 40 %', ' 99 %', '100 %', '100 %']);
});
