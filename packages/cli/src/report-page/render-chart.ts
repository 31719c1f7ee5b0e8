import { parse, View } from 'vega';
import type { TopLevelSpec } from 'vega-lite';
import { compile } from 'vega-lite';
import type { Html } from './html.ts';
import { html, trustedHtml } from './html.ts';

// Charts as SVG. What they hold is numbers alone; words about them stand around them, in the page's own markup.
// Colours are the page's custom properties, so that one picture serves a light page, a dark one and paper.

/** In pixels of the picture, which grows and shrinks with the page: texts are meant to be read where it has this size. */
const height = 84;

/** A value over time that holds for each interval; `times` has one number more than `values`. */
export type Steps = { readonly times: readonly number[]; readonly values: readonly number[] };

export type ChartOptions = {
  /** What a unit of time is to be called, and how many seconds it has. */
  readonly time: { readonly name: string; readonly seconds: number };
  /** Highest value of the axis; by the values where it is not given. */
  readonly most?: number;
  /** Of the place for it, in pixels, without the axis. */
  readonly width: number;
  /** A custom property of the page, such as --rate. */
  readonly colour: string;
};

export type ChartWords = {
  /** Unique in the page: letters, digits and hyphens. */
  readonly id: string;
  readonly title: string;
  /** One sentence about what it shows. */
  readonly summary: string;
};

const axis = {
  domainColor: 'var(--axis)',
  tickColor: 'var(--axis)',
  gridColor: 'var(--grid)',
  labelColor: 'var(--muted)',
  titleColor: 'var(--muted)',
  labelFontSize: 10,
  titleFontSize: 10,
  titleFontWeight: 'normal',
  tickSize: 3,
  labelPadding: 3,
} as const;

/** 40000 as 40k; Vega's own format would say 0k beside it. */
const countLabel = "datum.value === 0 ? '0' : format(datum.value, '~s')";

const specOf = ({ time, most, colour, width }: ChartOptions, end: readonly [number, number]): TopLevelSpec => ({
  width,
  height,
  padding: 2,
  background: 'transparent',
  data: { name: 'steps' },
  encoding: {
    x: {
      field: 'at',
      type: 'quantitative',
      scale: { domain: [...end], nice: false },
      axis: { ...axis, grid: false, tickCount: 5, title: time.name, titlePadding: 2, labelFlush: true },
    },
    y: {
      field: 'value',
      type: 'quantitative',
      scale: most === undefined ? { zero: true, nice: 3 } : { domain: [0, Math.max(1, most)], nice: 3 },
      axis: {
        ...axis,
        domain: false,
        ticks: false,
        tickCount: 3,
        tickMinStep: 1,
        title: null,
        minExtent: 26,
        labelExpr: countLabel,
      },
    },
  },
  layer: [
    { mark: { type: 'area', interpolate: 'step-after', color: `var(${colour})`, opacity: 0.22 } },
    {
      mark: { type: 'line', interpolate: 'step-after', color: `var(${colour})`, strokeWidth: 1.5, strokeJoin: 'round' },
    },
  ],
  config: { aria: false, view: { stroke: null } },
});

/** What of Vega's markup says nothing here, or what the page's own styles say: fonts, roles, empty shapes, many digits. */
const tidy = (svg: string): string =>
  svg
    .replace(/^<svg[^>]*viewBox="([^"]*)"[^>]*>/, '')
    .replace(/<\/svg>\s*$/, '')
    .replace(/ (?:role|aria-[a-z]+|pointer-events|class|font-family|xmlns(?::xlink)?)="[^"]*"/g, '')
    .replace(/<path[^>]*(?:d=""|d="M0,0h0v0h0Z"|display="none")[^>]*\/>/g, '')
    .replace(/-?\d+\.\d{2,}/g, (number) => String(Math.round(Number(number) * 10) / 10))
    .replace(/<g[^>]*><\/g>/g, '');

const boxOf = (svg: string): string => /viewBox="([-\d. ]+)"/.exec(svg)?.[1] ?? '';

/** A chart of one value over time, as a picture with a name and a description. */
export const renderSteps = async (
  { times, values }: Steps,
  options: ChartOptions,
  { id, title, summary }: ChartWords,
): Promise<Html> => {
  const inUnits = times.map((seconds) => seconds / options.time.seconds);
  const last = values.at(-1) ?? 0;
  const steps = inUnits.map((at, i) => ({ at, value: values[i] ?? last }));
  const ends = [inUnits[0] ?? 0, inUnits.at(-1) ?? 0] as const;
  const view = new View(parse(compile(specOf(options, ends)).spec), { renderer: 'none' }).data('steps', steps);
  try {
    const svg = await view.toSVG();
    return html`<svg role="img" aria-labelledby="${id}-title" aria-describedby="${id}-summary" viewBox="${boxOf(svg)}"><title id="${id}-title">${title}</title><desc id="${id}-summary">${summary}</desc>${trustedHtml(tidy(svg))}</svg>`;
  } finally {
    view.finalize();
  }
};
