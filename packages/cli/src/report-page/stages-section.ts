import { countText } from '../terminal-text.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { barHtml, durationText, scrolling } from './page-text.ts';
import type { ReportPage, StageRow } from './report-page.ts';

/** The stage whose functions worked longest; undefined where that is known of none. */
const slowestOf = (stages: readonly StageRow[]): StageRow | undefined =>
  stages.reduce<StageRow | undefined>(
    (most, stage) => ((stage.busySeconds ?? 0) > (most?.busySeconds ?? 0) ? stage : most),
    undefined,
  );

const judge = (stages: readonly StageRow[]): Html => {
  const slowest = slowestOf(stages);
  if (slowest?.busySeconds === undefined) {
    return html`<p>Which stage was the slowest is not known: there are no times of their functions.</p>`;
  }
  const all = stages.reduce((sum, { busySeconds = 0 }) => sum + busySeconds, 0);
  const share = Math.round((slowest.busySeconds / all) * 100);
  return html`<p><b>${slowest.name}</b> was the slowest: of ${durationText(all)} that all functions worked, ${durationText(slowest.busySeconds)} (${share} %) were its own. That is what it is judged by.</p>`;
};

const line = ({ name, rowsIn, rowsOut, retried, dead, busySeconds }: StageRow, most: number): Html =>
  html`<tr><th scope="row">${name}</th>${[rowsIn, rowsOut, retried, dead].map(
    (rows) => html`<td class="number">${countText(rows)}</td>`,
  )}<td class="number">${busySeconds === undefined ? 'not known' : durationText(busySeconds)}</td><td class="bar-cell">${barHtml(busySeconds ?? 0, most, '--rate')}</td></tr>`;

/** What each stage did, and which one was the slowest. */
export const renderStages = ({ stages, stagesNote }: ReportPage): Html => {
  if (stages.length === 0) {
    return html`<section aria-labelledby="stages"><h2 id="stages">Stages</h2><p class="note">${stagesNote}</p></section>`;
  }
  const most = slowestOf(stages)?.busySeconds ?? 0;
  const heads = ['Rows in', 'Rows out', 'Tried again', 'Dead', 'Busy'];
  const table = html`<table><caption>What each stage did, in rows; in is a first delivery</caption><thead><tr><th scope="col">Stage</th>${heads.map((head) => html`<th scope="col" class="number">${head}</th>`)}<td></td></tr></thead><tbody>${stages.map((stage) => line(stage, most))}</tbody></table>`;
  return html`<section aria-labelledby="stages"><h2 id="stages">Stages</h2>${judge(stages)}${scrolling('Stages, in numbers', table)}<p class="note">${stagesNote}</p></section>`;
};
