import { countText } from '../terminal-text.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { scrolling, shareText } from './page-text.ts';
import type { ReportPage } from './report-page.ts';

type Place = { readonly name: string; readonly rows: number; readonly colour: string; readonly meaning: string };

const placesOf = ({ ledger, missingName }: ReportPage): readonly Place[] => [
  { name: 'done', rows: ledger.done, colour: '--done', meaning: 'processed, with the result kept' },
  { name: 'failed', rows: ledger.failed, colour: '--failed', meaning: 'refused by the processor, with a code' },
  {
    name: 'rejected',
    rows: ledger.rejected,
    colour: '--rejected',
    meaning: 'could not be cleaned; kept with a code and the bytes',
  },
  { name: 'dead', rows: ledger.dead, colour: '--dead', meaning: 'ran out of tries, with the stage and the error' },
  {
    name: missingName,
    rows: ledger.missing,
    colour: '--missing',
    meaning: missingName === 'open' ? 'in none of these places yet' : 'in none of these places',
  },
];

/** One sentence: where the rows are. */
const summaryOf = (places: readonly Place[], rows: number): string =>
  rows === 0
    ? 'The file has no rows.'
    : `Of ${countText(rows)} rows ${places
        .filter((place) => place.rows > 0)
        .map((place) => `${countText(place.rows)} are ${place.name}`)
        .join(', ')}.`;

const bar = (places: readonly Place[], rows: number): Html =>
  html`<div class="stack" role="img" aria-label="${`Where the rows are. ${summaryOf(places, rows)}`}">${places
    .filter((place) => place.rows > 0)
    .map((place) => html`<i style="flex:${place.rows / rows} 1 0;background:var(${place.colour})"></i>`)}</div>`;

const line = ({ name, rows, colour, meaning }: Place, all: number): Html =>
  html`<tr><th scope="row"><i class="swatch" style="background:var(${colour})"></i>${name}</th><td class="number">${countText(rows)}</td><td class="number">${shareText(rows, all)}</td><td class="place">${meaning}</td></tr>`;

/** Where every row is, as a bar and in numbers that add up. */
export const renderLedger = (page: ReportPage): Html => {
  const { rows } = page.ledger;
  const places = placesOf(page);
  const caption =
    'Rows by where they are. They add up to the rows counted from the file. In the bar even the fewest are wide enough to be seen.';
  const table = html`<table><caption>${caption}</caption><thead><tr><th scope="col">Place</th><th scope="col" class="number">Rows</th><th scope="col" class="number">Share</th><th scope="col">Meaning</th></tr></thead><tbody>${places.map((place) => line(place, rows))}</tbody><tfoot><tr><th scope="row">rows</th><td class="number">${countText(rows)}</td><td class="number">${shareText(rows, rows)}</td><td>counted from the file</td></tr></tfoot></table>`;
  return html`<section aria-labelledby="ledger"><h2 id="ledger">Ledger</h2>${bar(places, rows)}${scrolling('Ledger, in numbers', table)}${page.ledgerNote === undefined ? undefined : html`<p class="note">${page.ledgerNote}</p>`}</section>`;
};
