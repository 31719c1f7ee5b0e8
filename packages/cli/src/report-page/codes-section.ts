import { countText } from '../terminal-text.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { barHtml, scrolling, shareText } from './page-text.ts';
import type { CodeCount, Codes, DeadRows, Example, ReportPage } from './report-page.ts';

/** Characters of a row that are shown. */
const rawMost = 200;

type Kind = {
  readonly id: string;
  readonly title: string;
  readonly of: string;
  readonly colour: string;
  readonly none: string;
};

const note = (text: string | undefined): Html | undefined =>
  text === undefined ? undefined : html`<p class="note">${text}</p>`;

/** Where nothing was found: that there is none, unless the note says that not everything was looked at. */
const nothing = (none: string, text: string | undefined): Html => note(text) ?? html`<p>${none}</p>`;

const section = ({ id, title }: Pick<Kind, 'id' | 'title'>, ...content: readonly (Html | undefined)[]): Html =>
  html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${content.filter((part) => part !== undefined)}</section>`;

const sum = (counts: readonly { readonly rows: number }[], others: number): number =>
  counts.reduce((all, { rows }) => all + rows, others);

const countLine = (name: Html, rows: number, all: number, most: number, colour: string): Html =>
  html`<tr>${name}<td class="number">${countText(rows)}</td><td class="number">${shareText(rows, all)}</td><td class="bar-cell">${barHtml(rows, most, colour)}</td></tr>`;

const countTable = (
  caption: string,
  heads: readonly string[],
  lines: readonly { readonly names: readonly string[]; readonly rows: number }[],
  others: number,
  colour: string,
): Html => {
  const all = sum(lines, others);
  const most = Math.max(others, ...lines.map(({ rows }) => rows));
  const names = ([first = '', ...rest]: readonly string[]): Html =>
    html`<th scope="row"><code>${first}</code></th>${rest.map((name) => html`<td><code>${name}</code></td>`)}`;
  const body = lines.map(({ names: ofLine, rows }) => countLine(names(ofLine), rows, all, most, colour));
  const rest =
    others === 0
      ? []
      : [countLine(html`<th scope="row" colspan="${heads.length}">all other codes</th>`, others, all, most, colour)];
  return scrolling(
    caption,
    html`<table class="counts"><caption>${caption}</caption><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}<th scope="col" class="number">Rows</th><th scope="col" class="number">Share</th><td></td></tr></thead><tbody>${body}${rest}</tbody></table>`,
  );
};

const rawHtml = (raw: string | undefined): Html => {
  if (raw === undefined) return html`<td></td>`;
  const shown = raw.length > rawMost ? `${raw.slice(0, rawMost)}...` : raw;
  return html`<td><code class="raw">${shown}</code></td>`;
};

const exampleLine = ({ row, line, column, message, raw }: Example, isWide: boolean, head: Html | undefined): Html =>
  html`<tr>${head}<td class="number">${countText(row)}</td>${
    isWide ? html`<td class="number">${line === undefined ? '' : countText(line)}</td><td>${column}</td>` : undefined
  }<td class="why">${message}</td>${isWide ? rawHtml(raw) : undefined}</tr>`;

const examplesOf = ({ code, examples }: CodeCount, isWide: boolean): Html =>
  html`<tbody>${examples.map((example, i) =>
    exampleLine(
      example,
      isWide,
      i > 0 ? undefined : html`<th scope="rowgroup" rowspan="${examples.length}"><code>${code}</code></th>`,
    ),
  )}</tbody>`;

const exampleTable = (caption: string, counts: readonly CodeCount[], isWide: boolean): Html | undefined => {
  const shown = counts.filter(({ examples }) => examples.length > 0);
  if (shown.length === 0) return undefined;
  const wide = (markup: Html): Html | undefined => (isWide ? markup : undefined);
  return scrolling(
    caption,
    html`<table class="${isWide ? 'examples wide' : 'examples'}"><caption>${caption}</caption><thead><tr><th scope="col">Code</th><th scope="col" class="number">Row</th>${wide(html`<th scope="col" class="number">Line</th><th scope="col">Column</th>`)}<th scope="col">Why</th>${wide(html`<th scope="col">What stands there</th>`)}</tr></thead>${shown.map((count) => examplesOf(count, isWide))}</table>`,
  );
};

const renderCodes = (kind: Kind, codes: Codes, isWide: boolean): Html => {
  const { counts, others } = codes;
  if (sum(counts, others) === 0) return section(kind, nothing(kind.none, codes.note));
  const lines = counts.map(({ code, rows }) => ({ names: [code], rows }));
  return section(
    kind,
    countTable(`${kind.of} rows by code`, ['Code'], lines, others, kind.colour),
    note(codes.note),
    exampleTable(`The first ${kind.of.toLowerCase()} rows of each code`, counts, isWide),
  );
};

const renderDead = ({ counts, others, note: text }: DeadRows): Html => {
  const kind = { id: 'dead', title: 'Dead rows' };
  if (sum(counts, others) === 0) return section(kind, nothing('No row ran out of tries.', text));
  const lines = counts.map(({ stage, code, rows }) => ({ names: [stage, code], rows }));
  return section(
    kind,
    countTable('Dead rows by stage and code', ['Stage', 'Code'], lines, others, '--dead'),
    note(text),
  );
};

/** Rows that are not done: how many by code, and the first of each. */
export const renderCodeSections = ({ rejects, failed, dead }: ReportPage): readonly Html[] => [
  renderCodes(
    { id: 'rejects', title: 'Rejected rows', of: 'Rejected', colour: '--rejected', none: 'No row was rejected.' },
    rejects,
    true,
  ),
  renderCodes(
    { id: 'failed', title: 'Failed rows', of: 'Failed', colour: '--failed', none: 'The processor refused no row.' },
    failed,
    false,
  ),
  renderDead(dead),
];
