import { dollarsText, priceText } from '../cost.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { scrolling } from './page-text.ts';
import type { ReportPage } from './report-page.ts';

/** What the job costs on AWS, line by line, with what that rests on. */
export const renderCost = ({ cost }: ReportPage): Html => {
  const { lines, dollars, dollarsPerMillionRows, assumptions } = cost;
  const body = lines.map(
    ({ what, arithmetic, price, dollars: ofLine }) =>
      html`<tr><th scope="row">${what}</th><td>${arithmetic}</td><td class="price">${priceText(price)}<br><small>${price.source}</small></td><td class="number">${dollarsText(ofLine)}</td></tr>`,
  );
  const table = html`<table class="cost"><caption>An estimate for one job like this, in us-east-1</caption><thead><tr><th scope="col">What</th><th scope="col">How many</th><th scope="col">Price</th><th scope="col" class="number">Cost</th></tr></thead><tbody>${body}</tbody><tfoot><tr><th scope="row" colspan="3">together</th><td class="number">${dollarsText(dollars)}</td></tr></tfoot></table>`;
  const perMillion =
    dollarsPerMillionRows === undefined ? undefined : html`, or ${dollarsText(dollarsPerMillionRows)} per million rows`;
  return html`<section aria-labelledby="cost"><h2 id="cost">Cost on AWS</h2><p>About <b>${dollarsText(dollars)}</b>${perMillion}. An estimate by the arithmetic below, not a bill.</p>${scrolling('Cost, line by line', table)}<h3>What it assumes</h3><ul>${assumptions.map((assumption) => html`<li>${assumption}</li>`)}</ul></section>`;
};
