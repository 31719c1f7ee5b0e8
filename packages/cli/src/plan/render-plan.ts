import { dollarsText } from '../cost.ts';
import { type TableColumn, tableLines } from '../operate/table-lines.ts';
import { countOf, countText, durationText, toTerminalText } from '../terminal-text.ts';
import { flowItems } from '../view/flow-items.ts';
import type { Style } from '../view/style.ts';
import { ganttBar } from './gantt.ts';
import type { Limit, Plan, PlannedChange, PlannedCost, StagePlan } from './plan.ts';

/** What of a plan is shown besides what it says. */
export type PlanView = {
  /** The file's name, if it is there. */
  readonly name?: string;
  readonly design: Design;
  /** The same file by the other design. */
  readonly comparison?: Comparison;
  /** Cells of a line; undefined where nobody looks at a terminal, and there are no bars then. */
  readonly width?: number;
};

export type Design = 'sluice' | 'article';
export type Outcome = Pick<Plan, 'seconds' | 'dollars'>;
export type Comparison = Readonly<Record<Design, Outcome>>;

const barCells = 24;
const indent = '  ';

const limitNames: Readonly<Record<Limit, string>> = {
  reading: 'reading',
  cpu: 'vCPU',
  calls: 'waiting for calls',
  concurrency: 'concurrency',
  ramp: 'ramp',
  'write-budget': 'write budget',
  'table-units': 'table units',
  shards: 'stream shards',
  input: 'what comes in',
  schedule: 'schedule',
};

/** 50.2 MB: thousands, as disks and --bytes have them. */
const sizeText = (bytes: number): string => {
  const steps = Math.max(0, Math.min(4, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const unit = ['bytes', 'kB', 'MB', 'GB', 'TB'][steps];
  return steps === 0 ? countOf(bytes, 'byte') : `${(bytes / 1000 ** steps).toFixed(1)} ${unit}`;
};

/** Below ten seconds tenths say something. */
const timeText = (seconds: number): string =>
  seconds < 9.95 ? `${Number(seconds.toFixed(1))} s` : durationText(seconds);

const fileText = ({ file }: Plan): string => {
  const { rows, bytes, columns, acceptedShare, known } = file;
  const rejected = acceptedShare < 1 ? `, ${Number(((1 - acceptedShare) * 100).toPrecision(2))} % rejected` : '';
  const about = known === 'sampled' ? 'about ' : '';
  return `${about}${countOf(rows, 'row')}, ${sizeText(bytes)}, ${countOf(columns, 'column')}${rejected}`;
};

const stageColumns = (plan: Plan, style: Style, hasBars: boolean): readonly TableColumn<StagePlan>[] => {
  const bar = ({ stage, startsAtSeconds, endsAtSeconds }: StagePlan): string =>
    ganttBar(
      { startsAt: startsAtSeconds, endsAt: endsAtSeconds, whole: plan.seconds },
      barCells,
      style,
      stage === plan.bottleneck.stage ? style.warn : style.good,
    );
  const end = timeText(plan.seconds);
  return [
    { title: 'stage', textOf: ({ stage }) => stage },
    ...(hasBars ? [{ title: `0 s${end.padStart(barCells - 3)}`, textOf: bar, rank: 2 }] : []),
    { title: 'from', textOf: ({ startsAtSeconds }) => timeText(startsAtSeconds), isNumber: true, rank: 5 },
    { title: 'to', textOf: ({ endsAtSeconds }) => timeText(endsAtSeconds), isNumber: true },
    {
      title: 'rows/s',
      textOf: ({ rowsPerSecondMax }) =>
        Number.isFinite(rowsPerSecondMax) ? countText(Math.round(rowsPerSecondMax)) : '-',
      isNumber: true,
      rank: 1,
    },
    { title: 'at once', textOf: ({ concurrencyMax }) => countText(concurrencyMax), isNumber: true, rank: 4 },
    { title: 'held back by', textOf: ({ limit }) => limitNames[limit], rank: 3 },
  ];
};

type ServiceCost = { readonly service: string; readonly what: string; readonly dollars: number };

const costColumns: readonly TableColumn<ServiceCost>[] = [
  { title: 'service', textOf: ({ service }) => service },
  { title: 'cost', textOf: ({ dollars }) => dollarsText(dollars), isNumber: true },
  { title: 'for', textOf: ({ what }) => what, least: 8 },
];

/** By service, the dearest first; what there is of each, too. */
export const costsByService = (cost: readonly PlannedCost[]): readonly ServiceCost[] => {
  const services = [...new Set(cost.map(({ service }) => service))];
  return services
    .map((service) => {
      const own = cost.filter((line) => line.service === service).sort((a, b) => b.dollars - a.dollars);
      const dollars = own.reduce((sum, line) => sum + line.dollars, 0);
      return { service, dollars, what: own.map(({ what }) => what).join(', ') };
    })
    .sort((a, b) => b.dollars - a.dollars);
};

const moreText = (dollars: number): string =>
  Math.abs(dollars) < 0.000_05
    ? 'costs the same'
    : dollars > 0
      ? `costs ${dollarsText(dollars)} more`
      : `costs ${dollarsText(-dollars)} less`;

const changeText = ({ seconds, secondsSaved, dollarsMore, dollarsOnce }: PlannedChange): string => {
  const saved =
    secondsSaved >= 0.5
      ? `saves ${timeText(secondsSaved)}, then ${timeText(seconds)}`
      : secondsSaved <= -0.5
        ? `takes ${timeText(-secondsSaved)} more, then ${timeText(seconds)}`
        : 'takes as long';
  const once = dollarsOnce > 0 ? `, and ${dollarsText(dollarsOnce)} once` : '';
  return `${saved}; ${moreText(dollarsMore)}${once}`;
};

const times = (one: number, other: number): string => `${Number((one / Math.max(other, 1e-9)).toPrecision(2))} times`;

/** Both designs in one sentence. */
export const comparisonText = ({ sluice, article }: Comparison): string =>
  `The article's design: ${timeText(article.seconds)}, ${dollarsText(article.dollars)}. Sluice: ${timeText(sluice.seconds)}, ${dollarsText(sluice.dollars)}. That is ${times(article.seconds, sluice.seconds)} the time and ${times(article.dollars, sluice.dollars)} the cost.`;

/** A plan as people read it, line by line. */
export const planLines = (plan: Plan, view: PlanView, style: Style): readonly string[] => {
  const { width } = view;
  const most = width ?? Number.POSITIVE_INFINITY;
  const wrap = (text: string, by = indent): string[] =>
    flowItems(toTerminalText(text, 2_000).split(' '), most, by, ' ');
  const part = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : ['', `${indent}${style.bold(title)}`, ...lines];
  const table = (lines: readonly string[]): readonly string[] =>
    lines.map((line, index) => `${indent}${index === 0 ? style.dim(line) : line}`);

  const perMillion = `${dollarsText(plan.dollarsPerMillionRows)} per million rows`;
  const stages = tableLines(stageColumns(plan, style, width !== undefined), plan.stages, most - indent.length);
  const costs = tableLines(costColumns, costsByService(plan.cost), most - indent.length);
  return [
    style.bold(toTerminalText(view.name ?? (view.design === 'article' ? "The article's design" : 'Plan'))),
    ...wrap(fileText(plan)),
    ...wrap(`${plan.settings.region}, prices as of ${plan.pricesAsOf}`).map(style.dim),
    '',
    ...flowItems(
      [
        `${style.good('COMPLETE')} after ${style.bold(timeText(plan.seconds))}`,
        `${countText(Math.round(plan.rowsPerSecond))} rows/s`,
        `${style.bold(dollarsText(plan.dollars))}, ${perMillion}`,
      ],
      most,
    ),
    ...(view.comparison === undefined ? [] : wrap(comparisonText(view.comparison))),
    '',
    ...table(stages),
    '',
    ...wrap(`Bottleneck: ${plan.bottleneck.text}`).map(style.warn),
    ...part('cost', [...table(costs), ...wrap(`together ${dollarsText(plan.dollars)}, ${perMillion}`)]),
    ...part(
      'to change',
      plan.changes.flatMap((change) => [
        ...wrap(change.change, indent.repeat(2)),
        ...wrap(changeText(change), indent.repeat(3)),
        ...wrap(change.how, indent.repeat(3)).map(style.dim),
      ]),
    ),
    ...part('warnings', plan.warnings.flatMap((text) => wrap(text, indent.repeat(2))).map(style.bad)),
    ...part('assumed', plan.assumptions.flatMap((text) => wrap(text, indent.repeat(2))).map(style.dim)),
  ];
};
