import { countText } from '../terminal-text.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { durationText, scrolling } from './page-text.ts';
import { renderSteps } from './render-chart.ts';
import type { ReportPage, Timeline } from './report-page.ts';

type Unit = { readonly name: string; readonly seconds: number };

/** The unit in which so much time is told. */
const unitOf = (seconds: number): Unit => {
  if (seconds <= 300) return { name: 'seconds', seconds: 1 };
  return seconds <= 4 * 3600 ? { name: 'minutes', seconds: 60 } : { name: 'hours', seconds: 3600 };
};

/** One kind of value, of several stages or queues over the same time. */
type Multiples = {
  readonly id: string;
  readonly title: string;
  readonly intro: string;
  readonly caption: string;
  readonly unit: string;
  readonly colour: string;
  readonly isSharedAxis: boolean;
  readonly times: readonly number[];
  readonly values: ReadonlyMap<string, readonly number[]>;
};

/** When a value was highest: the beginning of that interval, and the value. */
const highestOf = (values: readonly number[]): { readonly index: number; readonly value: number } =>
  values.reduce((most, value, index) => (value > most.value ? { index, value } : most), { index: 0, value: 0 });

/** The mean over the time in which anything happened. */
const meanWhileBusy = (values: readonly number[], times: readonly number[]): number => {
  let sum = 0;
  let seconds = 0;
  values.forEach((value, i) => {
    const length = (times[i + 1] ?? 0) - (times[i] ?? 0);
    sum += value * length;
    if (value > 0) seconds += length;
  });
  return seconds === 0 ? 0 : sum / seconds;
};

/** Pixels of a chart where three, and where four, stand beside each other. */
const widthOfThree = 250;
const widthOfFour = 190;
const isFour = (charts: number): boolean => charts % 4 === 0;

const whole = (value: number): string => countText(Math.round(value));

const renderChart = async (
  name: string,
  values: readonly number[],
  { id, unit, colour, times, isSharedAxis, ...multiples }: Multiples,
  time: Unit,
): Promise<Html> => {
  const { index, value } = highestOf(values);
  const at = durationText((times[index] ?? 0) - (times[0] ?? 0));
  const mean = unit === 'rows/s' ? `${whole(meanWhileBusy(values, times))} ${unit} on average while it had any, ` : '';
  const summary =
    value === 0 ? `None at any time.` : `${mean}${whole(value)} ${unit} at most, ${at} after the beginning.`;
  const most = isSharedAxis ? Math.max(...[...multiples.values.values()].flat()) : value;
  const width = isFour(multiples.values.size) ? widthOfFour : widthOfThree;
  const words = { id: `${id}-${name}`, title: `${name}: ${unit} over time`, summary };
  const picture = await renderSteps({ times, values }, { time, colour, most, width }, words);
  return html`<figure class="chart"><figcaption><b>${name}</b> <span>at most ${whole(value)}</span></figcaption>${picture}</figure>`;
};

const renderTable = ({ caption, times, values }: Multiples, time: Unit): Html => {
  const names = [...values.keys()];
  const from = (i: number): string =>
    (((times[i] ?? 0) - (times[0] ?? 0)) / time.seconds).toFixed(time.seconds === 1 ? 2 : 1);
  const rows = times
    .slice(0, -1)
    .map(
      (_, i) =>
        html`<tr><th scope="row">${from(i)}</th>${names.map((name) => html`<td>${whole(values.get(name)?.[i] ?? 0)}</td>`)}</tr>`,
    );
  return html`<table class="numbers"><caption>${caption}</caption><thead><tr><th scope="col">from, ${time.name}</th>${names.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${rows}</tbody></table>`;
};

const renderMultiples = async (multiples: Multiples): Promise<Html> => {
  const { id, title, intro, times, values } = multiples;
  const time = unitOf((times.at(-1) ?? 0) - (times[0] ?? 0));
  const charts: Html[] = [];
  for (const [name, ofName] of values) charts.push(await renderChart(name, ofName, multiples, time));
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2><p>${intro}</p><div class="${isFour(charts.length) ? 'charts four' : 'charts'}">${charts}</div><details><summary>${title}: the numbers</summary>${scrolling(`${title}, numbers`, renderTable(multiples, time))}</details></section>`;
};

const shift = ({ times }: Timeline): readonly number[] => times.map((at) => at - (times[0] ?? 0));

/** Rows a second by stage and messages by queue, over time, each as small charts beside each other and as a table. */
export const renderTimeline = async ({ timeline, timelineNote }: ReportPage): Promise<readonly Html[]> => {
  if (timeline === undefined) {
    return [
      html`<section aria-labelledby="rates"><h2 id="rates">Over time</h2><p class="note">${timelineNote}</p></section>`,
    ];
  }
  const times = shift(timeline);
  return [
    await renderMultiples({
      id: 'rates',
      title: 'Rows per second by stage',
      intro: `All on one scale. ${timelineNote}`,
      caption: 'Rows per second that each stage handed on, by interval',
      unit: 'rows/s',
      colour: '--rate',
      isSharedAxis: true,
      times,
      values: timeline.rates,
    }),
    await renderMultiples({
      id: 'queues',
      title: 'Messages by queue',
      intro:
        'Each on its own scale: a message of chunks stands for a part of the file, one of the others for many rows.',
      caption: 'Most messages in each queue, by interval',
      unit: 'messages',
      colour: '--queue',
      isSharedAxis: false,
      times,
      values: timeline.messages,
    }),
  ];
};
