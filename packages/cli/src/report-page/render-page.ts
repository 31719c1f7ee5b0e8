import { countText } from '../terminal-text.ts';
import { renderCodeSections } from './codes-section.ts';
import { renderCost } from './cost-section.ts';
import type { Html } from './html.ts';
import { html, trustedHtml } from './html.ts';
import { renderLedger } from './ledger-section.ts';
import { pageStyle } from './page-style.ts';
import { bytesText, durationText, momentHtml } from './page-text.ts';
import type { ReportPage } from './report-page.ts';
import { renderStages } from './stages-section.ts';
import { renderTimeline } from './timeline-section.ts';

/** Nothing is loaded and nothing runs, whatever stands in the page. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** How a verdict is coloured; its name is always there in words. */
const toneOf = (verdict: string): string => {
  if (verdict === 'COMPLETE') return 'good';
  return verdict === 'REFUSED' || verdict === 'INCONSISTENT' ? 'bad' : 'open';
};

const fact = (name: string, value: Html | string | undefined): Html | undefined =>
  value === undefined ? undefined : html`<div><dt>${name}</dt><dd>${value}</dd></div>`;

const renderFacts = ({ file, jobId, ledger, times }: ReportPage): Html => {
  const { beganAt, endedAt, seconds, rowsPerSecond, peakRssBytes } = times;
  const facts = [
    fact('Rows', countText(ledger.rows)),
    fact('Took', seconds === undefined ? undefined : durationText(seconds)),
    fact('Rows per second', rowsPerSecond === undefined ? undefined : countText(rowsPerSecond)),
    fact('File', bytesText(file.bytes)),
    fact('Memory at most', peakRssBytes === undefined ? undefined : bytesText(peakRssBytes)),
    fact('Began', momentHtml(beganAt)),
    fact('Ended', endedAt === undefined ? 'not yet' : momentHtml(endedAt)),
    fact('Job', html`<code>${jobId}</code>`),
  ];
  return html`<dl class="facts">${facts.filter((entry) => entry !== undefined)}</dl>`;
};

const renderHeader = (page: ReportPage): Html => {
  const { file, verdict, meaning, reason } = page;
  return html`<header><p class="eyebrow">Sluice report</p><h1>${file.name} <span class="verdict ${toneOf(verdict)}">${verdict}</span></h1><p class="meaning">${meaning}</p>${reason === undefined ? undefined : html`<p class="reason">${reason}</p>`}${renderFacts(page)}</header>`;
};

const renderSettings = ({ settings }: ReportPage): Html =>
  html`<section aria-labelledby="settings"><h2 id="settings">Settings</h2><dl class="settings">${settings.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></section>`;

/** The page as one HTML document that needs nothing else. */
export const renderPage = async (page: ReportPage): Promise<string> => {
  const { file, verdict, writtenAt, version } = page;
  const body = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer"><title>${verdict}: ${file.name} - Sluice report</title><style>${trustedHtml(pageStyle)}</style></head>
<body>${renderHeader(page)}<main>
${renderLedger(page)}
${await renderTimeline(page)}
${renderCodeSections(page)}
${renderStages(page)}
${renderCost(page)}
${renderSettings(page)}
</main><footer><p>Written ${momentHtml(writtenAt)} by sluice ${version}. Examples show what stands in rows of the file.</p></footer></body></html>
`;
  return body.html;
};
