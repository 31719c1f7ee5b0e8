import { parse, View } from 'vega';
import type { TopLevelSpec } from 'vega-lite';
import { compile } from 'vega-lite';
import type { ExperimentResult, Results } from './results.ts';

// Pictures for the page of figures. A page may be white or dark: they bring their own light ground.

const palette = {
  ours: '#0b7285',
  peer: '#adb5bd',
  line: '#0b7285',
  ink: '#212529',
  muted: '#495057',
  grid: '#e9ecef',
};

const config = {
  font: 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif',
  view: { stroke: null },
  axis: {
    labelColor: palette.muted,
    titleColor: palette.muted,
    labelFontSize: 11,
    titleFontSize: 11,
    titleFontWeight: 'normal',
  },
  header: { labelColor: palette.ink, labelFontSize: 12, labelFontWeight: 'bold' },
  title: { color: palette.ink, fontSize: 14, anchor: 'start', offset: 12 },
  legend: { labelColor: palette.muted, labelFontSize: 11, orient: 'top', title: null },
} as const satisfies TopLevelSpec['config'];

const ground = { background: '#ffffff', padding: 16, config } as const;

const toSvg = async (spec: TopLevelSpec): Promise<string> => {
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  try {
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
};

/** Titles up to where they begin to explain, unless two would be the same then. The table has all of them. */
const shortTitles = (titles: readonly string[]): readonly string[] => {
  const short = titles.map((title) => title.split(/[:;]/, 1)[0] ?? title);
  return new Set(short).size === titles.length ? short : titles;
};

const rateOf = ({ measures }: ExperimentResult): string | undefined =>
  measures.find(({ unit }) => unit === 'rows/s')?.name;

type Rate = {
  readonly contender: string;
  readonly whose: 'Sluice' | 'the usual ways';
  readonly median: number;
  readonly min: number;
  readonly max: number;
};

/** The rates of an experiment that has ours and peers; none of any other. */
const ratesOf = (experiment: ExperimentResult): readonly Rate[] => {
  const name = rateOf(experiment);
  const { contenders } = experiment;
  if (name === undefined || contenders.every(({ isOurs }) => isOurs)) return [];
  const titles = shortTitles(contenders.map(({ title }) => title));
  return contenders.flatMap(({ isOurs, measures }, i) => {
    const spread = measures[name];
    if (spread === undefined) return [];
    const { median, min, max } = spread;
    return [{ contender: titles[i] ?? '', whose: isOurs ? 'Sluice' : 'the usual ways', median, min, max }];
  });
};

/** Pixels for the names of contenders, the same in every panel so that bars begin in one line. */
const namesWidth = 330;
const powersOfTen = Array.from({ length: 12 }, (_, i) => 10 ** i);

/** A panel of bars with the least and the most, on a logarithmic axis from one bound to the other. */
const ratesPanel = (title: string, rates: readonly Rate[], domain: [number, number], isLast: boolean) => {
  const x = { type: 'quantitative' as const, scale: { type: 'log' as const, domain, nice: false } };
  const axis = {
    title: isLast ? 'rows per second' : null,
    labels: isLast,
    ticks: isLast,
    domain: isLast,
    gridColor: palette.grid,
    format: '~s',
    values: powersOfTen.filter((value) => value >= domain[0] && value <= domain[1]),
  };
  return {
    title: { text: title, fontSize: 12, offset: 4 },
    data: { values: [...rates] },
    width: 400,
    height: { step: 22 },
    encoding: {
      y: {
        field: 'contender',
        type: 'nominal' as const,
        sort: null,
        axis: {
          title: null,
          ticks: false,
          domain: false,
          labelLimit: namesWidth - 8,
          minExtent: namesWidth,
          maxExtent: namesWidth,
        },
      },
    },
    layer: [
      {
        mark: { type: 'bar' as const, height: 14 },
        encoding: {
          x: { ...x, field: 'median', axis },
          x2: { datum: domain[0] },
          color: {
            field: 'whose',
            type: 'nominal' as const,
            scale: { domain: ['Sluice', 'the usual ways'], range: [palette.ours, palette.peer] },
          },
        },
      },
      {
        mark: { type: 'rule' as const, color: palette.ink, strokeWidth: 1.5 },
        encoding: { x: { ...x, field: 'min' }, x2: { field: 'max' } },
      },
      {
        mark: { type: 'text' as const, align: 'left' as const, dx: 6, color: palette.ink, fontSize: 11 },
        encoding: { x: { ...x, field: 'max' }, text: { field: 'median', format: ',.0f' } },
      },
    ],
  };
};

/** Rows per second of ours and of the peers in every experiment that has both; undefined when there is none yet. */
export const renderRatios = async ({ experiments }: Results): Promise<string | undefined> => {
  const shown = experiments
    .map((of) => ({ title: of.title, rates: ratesOf(of) }))
    .filter(({ rates }) => rates.length > 0);
  const values = shown.flatMap(({ rates }) => rates);
  if (values.length === 0) return undefined;
  const least = 10 ** Math.floor(Math.log10(Math.min(...values.map(({ min }) => min))));
  const domain: [number, number] = [least, Math.max(...values.map(({ max }) => max)) * 2];
  return toSvg({
    ...ground,
    title: 'Rows per second: more is better, each grid line is ten times the one before',
    spacing: 12,
    vconcat: shown.map(({ title, rates }, i) => ratesPanel(title, rates, domain, i === shown.length - 1)),
  });
};

/** Vega's own format would say 0M beside 1M. */
const rowsLabel = "datum.value === 0 ? '0' : format(datum.value, '~s')";

/** Seconds and peak memory by rows, of the experiment over growing files; undefined while there are no figures of it. */
export const renderScaling = async ({ experiments }: Results): Promise<string | undefined> => {
  const experiment = experiments.find(({ id }) => id === 'scaling');
  const points = (experiment?.contenders ?? []).flatMap(({ measures }) => {
    const { seconds, rowsPerSecond, peakMebibytes } = measures;
    if (seconds === undefined || rowsPerSecond === undefined || peakMebibytes === undefined) return [];
    const rows = Math.round((seconds.values[0] ?? 0) * (rowsPerSecond.values[0] ?? 0));
    return [{ rows, seconds: seconds.median, mebibytes: peakMebibytes.median }];
  });
  if (points.length === 0) return undefined;
  const panel = (field: 'seconds' | 'mebibytes', title: string) =>
    ({
      title: { text: title, fontSize: 12 },
      width: 300,
      height: 200,
      mark: {
        type: 'line',
        point: { filled: true, size: 45, color: palette.line },
        color: palette.line,
        strokeWidth: 2,
      },
      encoding: {
        x: {
          field: 'rows',
          type: 'quantitative',
          axis: { title: 'rows', labelExpr: rowsLabel, gridColor: palette.grid, tickCount: 5 },
        },
        y: {
          field,
          type: 'quantitative',
          scale: { zero: true },
          axis: { title: null, gridColor: palette.grid, tickCount: 5, domain: false },
        },
      },
    }) as const;
  return toSvg({
    ...ground,
    title: 'A whole run on this machine as files grow',
    data: { values: points },
    spacing: 40,
    hconcat: [panel('seconds', 'Seconds'), panel('mebibytes', 'Peak memory, MiB')],
  });
};
