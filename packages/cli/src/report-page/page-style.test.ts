import { describe, expect, it } from 'vitest';
import { pageStyle } from './page-style.ts';

/** Contrast of two colours from 1 to 21. Source: WCAG 2.2, "relative luminance" and "contrast ratio". */
const contrast = (a: string, b: string): number => {
  const luminance = (colour: string): number => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5]
      .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
};

const [lightBlock = '', darkBlock = ''] = pageStyle.match(/--ground:[^}]*/g) ?? [];
const coloursOf = (block: string): ReadonlyMap<string, string> =>
  new Map([...block.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]));

describe.each([
  ['light', coloursOf(lightBlock)],
  ['dark', coloursOf(darkBlock)],
])('the %s page', (_, colours) => {
  const colour = (name: string): string => {
    const found = colours.get(name);
    if (found === undefined) throw new Error(`expected a colour --${name}, found none`);
    return found;
  };

  it.each([
    ['ink', 'ground'],
    ['ink', 'surface'],
    ['muted', 'ground'],
    ['muted', 'surface'],
    ['good-ink', 'good'],
    ['open-ink', 'open'],
    ['bad-ink', 'bad'],
  ])('has texts of colour %s that can be read on %s', (ink, ground) => {
    expect(contrast(colour(ink), colour(ground))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(['done', 'failed', 'rejected', 'dead', 'missing', 'rate', 'queue'])(
    'has marks of colour %s that can be seen',
    (mark) => {
      expect(contrast(colour(mark), colour('ground'))).toBeGreaterThanOrEqual(3);
    },
  );
});
