import type { StageName } from '@sluice/core/wiring';
import { parse, View } from 'vega';
import type { TopLevelSpec } from 'vega-lite';
import { compile } from 'vega-lite';
import { dollarsText } from '../cost.ts';
import { countText, durationText, toTerminalText } from '../terminal-text.ts';
import { flowItems } from '../view/flow-items.ts';
import type { Plan } from './plan.ts';
import { costsByService, type PlanView } from './render-plan.ts';

// A plan as one picture that stands alone: no script, no style sheet, no font of its own, nothing fetched.

const width = 640;
/** Of the place of one stage. Above each other they can be told apart, however alike they go. */
const stageHeight = 46;
const barHeight = 22;
/** Above it a title is cut: it would leave the picture. */
const nameCharactersMax = 64;
const lineCharactersMax = 88;

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

/** In as many lines as the picture is wide for, about. */
const wrapped = (text: string): string[] => flowItems(toTerminalText(text).split(' '), lineCharactersMax, '', ' ');

/** 40000 as 40k; Vega's own format would say 0k beside it. */
const countLabel = "datum.value === 0 ? '0' : format(datum.value, '~s')";

/** Of what stands beside every place: the same for all, so that they stand below each other. Unit: pixels. */
const besideWidth = 124;

const beside = { minExtent: besideWidth, maxExtent: besideWidth } as const;
const innerTitle = { anchor: 'start', frame: 'group', offset: 8 } as const;

type Unit = ReturnType<typeof timeUnit>;
type PartSpec = Extract<TopLevelSpec, { readonly vconcat: unknown }>['vconcat'][number];

const stageSpec = (
  plan: Plan,
  stage: StageName,
  unit: Unit,
  { isFirst, isLast }: { readonly isFirst: boolean; readonly isLast: boolean },
): PartSpec => ({
  width,
  height: stageHeight,
  data: {
    values: plan.timeline.map(({ atSeconds, carried }) => ({ at: atSeconds / unit.seconds, rows: carried[stage] })),
  },
  ...(isFirst ? { title: { text: 'Rows carried by each stage', ...innerTitle } } : {}),
  encoding: {
    x: {
      field: 'at',
      type: 'quantitative',
      scale: { domain: [0, Math.max(plan.seconds / unit.seconds, 1e-6)], nice: false },
      axis: {
        title: isLast ? `${unit.name} since the upload` : null,
        grid: false,
        format: '~g',
        labels: isLast,
        ticks: isLast,
      },
    },
    y: {
      field: 'rows',
      type: 'quantitative',
      scale: { domain: [0, Math.max(1, plan.file.rows)], nice: false },
      axis: {
        title: stage,
        titleAngle: 0,
        titleAlign: 'left',
        titleX: -besideWidth,
        titleY: stageHeight / 2 + 4,
        titleColor: ink,
        labelExpr: countLabel,
        values: [0, plan.file.rows],
        domain: false,
        ticks: false,
        ...beside,
      },
    },
  },
  layer: [
    { mark: { type: 'area', color: colours[stage], opacity: 0.25 } },
    { mark: { type: 'line', color: colours[stage], strokeWidth: 1.5, strokeJoin: 'round' } },
  ],
});

const costSpec = (plan: Plan): PartSpec => {
  const costs = costsByService(plan.cost).map(({ service, dollars }) => ({
    service,
    dollars,
    label: dollarsText(dollars),
  }));
  return {
    width,
    height: { step: barHeight },
    data: { values: costs },
    title: { text: `Cost: ${dollarsText(plan.dollarsPerMillionRows)} per million rows`, ...innerTitle },
    encoding: {
      y: {
        field: 'service',
        type: 'nominal',
        sort: null,
        axis: { title: null, domain: false, ticks: false, labelPadding: 6, ...beside },
      },
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
  };
};

const specOf = (plan: Plan, { name, design }: PlanView): TopLevelSpec => {
  const unit = timeUnit(plan.seconds);
  const stages = plan.stages.map(({ stage }) => stage);
  const what = toTerminalText(name ?? `${countText(plan.file.rows)} rows`, nameCharactersMax);
  const title = design === 'article' ? `${what}, by the article's design` : what;
  const summary = `${countText(plan.file.rows)} rows complete after ${durationText(plan.seconds)}, for ${dollarsText(plan.dollars)} in ${plan.settings.region} (prices as of ${plan.pricesAsOf})`;
  return {
    description: `${title}: ${summary}`,
    background: 'white',
    padding: 16,
    title: {
      text: title,
      subtitle: [summary, ...wrapped(`Bottleneck: ${plan.bottleneck.text}`)],
      anchor: 'start',
      offset: 18,
    },
    spacing: 26,
    vconcat: [
      {
        spacing: 10,
        vconcat: stages.map((stage, index) =>
          stageSpec(plan, stage, unit, { isFirst: index === 0, isLast: index === stages.length - 1 }),
        ),
      },
      costSpec(plan),
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
