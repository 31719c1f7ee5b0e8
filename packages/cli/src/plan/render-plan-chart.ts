import { type StageName, stageNames } from '@sluice/core/wiring';
import { parse, View } from 'vega';
import type { TopLevelSpec } from 'vega-lite';
import { compile } from 'vega-lite';
import { dollarsText } from '../cost.ts';
import { countText, durationText, toTerminalText } from '../terminal-text.ts';
import type { Plan } from './plan.ts';
import { costsByService, type PlanView } from './render-plan.ts';

// A plan as one picture that stands alone: no script, no style sheet, no font of its own, nothing fetched.

const width = 640;
const linesHeight = 300;
const barHeight = 22;
/** Above it a title is cut: it would leave the picture. */
const nameCharactersMax = 80;

/** Told apart on white and by most who see colours otherwise. Source: Okabe and Ito, "Color Universal Design". */
const colours: Readonly<Record<StageName, string>> = {
  'split-file': '#7f7f7f',
  'clean-rows': '#e69f00',
  'store-rows': '#0072b2',
  'relay-rows': '#56b4e9',
  'process-rows': '#009e73',
  'finish-rows': '#d55e00',
  'audit-job': '#cc79a7',
};

const ink = '#1f2328';
const muted = '#59636e';
const grid = '#e4e7eb';

/** A unit of time in which the whole has between two and some hundred units. */
const timeUnit = (seconds: number): { readonly name: string; readonly seconds: number } => {
  if (seconds <= 180) return { name: 'seconds', seconds: 1 };
  if (seconds <= 3 * 3600) return { name: 'minutes', seconds: 60 };
  return { name: 'hours', seconds: 3600 };
};

/** 40000 as 40k; Vega's own format would say 0k beside it. */
const countLabel = "datum.value === 0 ? '0' : format(datum.value, '~s')";

const specOf = (plan: Plan, { name, design }: PlanView): TopLevelSpec => {
  const unit = timeUnit(plan.seconds);
  const carried = plan.timeline.flatMap(({ atSeconds, carried: rows }) =>
    stageNames.map((stage) => ({ at: atSeconds / unit.seconds, stage, rows: rows[stage] })),
  );
  const costs = costsByService(plan.cost).map(({ service, dollars }) => ({
    service,
    dollars,
    label: dollarsText(dollars),
  }));
  const what = toTerminalText(name ?? `${countText(plan.file.rows)} rows`, nameCharactersMax);
  const title = design === 'article' ? `${what}, by the article's design` : what;
  const summary = `${countText(plan.file.rows)} rows complete after ${durationText(plan.seconds)}, for ${dollarsText(plan.dollars)} in ${plan.settings.region} (prices as of ${plan.pricesAsOf})`;
  return {
    description: `${title}: ${summary}`,
    background: 'white',
    padding: 16,
    title: { text: title, subtitle: [summary, toTerminalText(plan.bottleneck.text)], anchor: 'start', offset: 16 },
    spacing: 28,
    vconcat: [
      {
        width,
        height: linesHeight,
        data: { values: carried },
        title: { text: 'Rows carried by each stage', anchor: 'start' },
        mark: { type: 'line', strokeWidth: 2, strokeJoin: 'round' },
        encoding: {
          x: {
            field: 'at',
            type: 'quantitative',
            scale: { domain: [0, Math.max(plan.seconds / unit.seconds, 1e-6)], nice: false },
            axis: { title: `${unit.name} since the upload`, grid: false, labelFlush: true },
          },
          y: {
            field: 'rows',
            type: 'quantitative',
            axis: { title: 'rows', labelExpr: countLabel, tickMinStep: 1 },
          },
          color: {
            field: 'stage',
            type: 'nominal',
            scale: { domain: [...stageNames], range: stageNames.map((stage) => colours[stage]) },
            legend: { title: null, symbolStrokeWidth: 3, symbolType: 'stroke' },
          },
        },
      },
      {
        width,
        height: { step: barHeight },
        data: { values: costs },
        title: { text: `Cost: ${dollarsText(plan.dollarsPerMillionRows)} per million rows`, anchor: 'start' },
        encoding: {
          y: { field: 'service', type: 'nominal', sort: null, axis: { title: null, domain: false, ticks: false } },
          x: {
            field: 'dollars',
            type: 'quantitative',
            // Room for the number beside the longest bar.
            scale: { domainMax: Math.max(...costs.map(({ dollars }) => dollars), 1e-9) * 1.12, nice: false },
            axis: null,
          },
        },
        layer: [
          { mark: { type: 'bar', color: colours['store-rows'], height: { band: 0.7 } } },
          {
            mark: { type: 'text', align: 'left', dx: 5, color: ink, fontSize: 11 },
            encoding: { text: { field: 'label', type: 'nominal' } },
          },
        ],
      },
    ],
    config: {
      font: 'system-ui, sans-serif',
      view: { stroke: null },
      title: { color: ink, fontSize: 13, subtitleColor: muted, subtitleFontSize: 11, subtitlePadding: 4 },
      axis: {
        labelColor: muted,
        titleColor: muted,
        gridColor: grid,
        domainColor: muted,
        tickColor: muted,
        titleFontWeight: 'normal',
      },
      legend: { labelColor: ink },
    },
  };
};

/** A plan as an SVG: the rows that each stage has carried over time, and what it costs by service. */
export const renderPlanChart = async (plan: Plan, about: PlanView): Promise<string> => {
  const view = new View(parse(compile(specOf(plan, about)).spec), { renderer: 'none' });
  try {
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
};
