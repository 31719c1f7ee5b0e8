/** Colours that texts (4.5:1 at least) and marks have on their ground; the places' colours differ for colour-blind eyes too. */
const light = `
  --ground: #ffffff; --surface: #f5f7f9; --ink: #191d22; --muted: #56606b; --line: #d5dbe1;
  --grid: #e3e7eb; --axis: #8b95a0; --rate: #0b6aa8; --queue: #6f4fae;
  --done: #0072b2; --failed: #c8440c; --rejected: #c08a00; --dead: #2b2f36; --missing: #b5489a;
  --good-ink: #0a5c2f; --good: #dcf3e4; --open-ink: #6b4a00; --open: #fdf0cf; --bad-ink: #8f1414; --bad: #fde3e1;`;

const dark = `
  --ground: #101418; --surface: #181d23; --ink: #e4e9ee; --muted: #9ba7b3; --line: #2f3740;
  --grid: #262d35; --axis: #66717d; --rate: #4ea8de; --queue: #b39ae8;
  --done: #3d9fd8; --failed: #f07f4a; --rejected: #e8bb4a; --dead: #d3dae1; --missing: #e08cca;
  --good-ink: #8fe0ae; --good: #12351f; --open-ink: #f2cf7c; --open: #3a2d0a; --bad-ink: #ffaba4; --bad: #451a18;`;

/** The page's only styles: a sheet for screens from 320 px on, light and dark, and for paper. */
export const pageStyle = `
:root {${light}
  color-scheme: light dark;
  font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif; }
@media screen and (prefers-color-scheme: dark) { :root {${dark} } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 66rem; padding: 2rem 1.25rem 3rem; background: var(--ground); color: var(--ink); }
h1, h2, h3, p, dl, dd, ul, figure { margin: 0; }
h1 { font-size: 1.75rem; line-height: 1.25; font-weight: 650; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; font-weight: 650; margin-bottom: .6rem; }
h3 { font-size: .95rem; font-weight: 600; margin: 1rem 0 .25rem; }
section { margin-top: 2.75rem; }
section > p { max-width: 46rem; margin-bottom: .75rem; }
code { font: .875em/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
small { color: var(--muted); }
.eyebrow { color: var(--muted); font-size: .85rem; letter-spacing: .02em; margin-bottom: .2rem; }
.verdict { display: inline-block; vertical-align: .2em; margin-left: .35rem; padding: .1rem .6rem; border-radius: 1rem;
  font-size: .85rem; font-weight: 650; letter-spacing: .03em; }
.good { color: var(--good-ink); background: var(--good); }
.open { color: var(--open-ink); background: var(--open); }
.bad { color: var(--bad-ink); background: var(--bad); }
.meaning { margin-top: .5rem; font-size: 1.05rem; max-width: 46rem; }
.reason { margin-top: .5rem; padding-left: .8rem; border-left: 3px solid var(--axis); max-width: 46rem; overflow-wrap: anywhere; }
.note { color: var(--muted); font-size: .875rem; margin-top: .5rem; }
dt { color: var(--muted); font-size: .8rem; }
dd { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(12.5rem, 1fr)); gap: .9rem 1.5rem; margin-top: 1.4rem;
  padding: 1rem 1.2rem; background: var(--surface); border-radius: .5rem; }
.settings { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .9rem 1.5rem; }
.stack { display: flex; gap: 2px; height: 1.75rem; margin-bottom: 1rem; border-radius: .25rem; overflow: hidden;
  background: var(--surface); }
.stack i { min-width: 4px; }
.swatch { display: inline-block; width: .7em; height: .7em; margin-right: .55em; border-radius: .15em; }
.scroll { overflow-x: auto; }
.scroll + .scroll, .note + .scroll { margin-top: 1.25rem; }
.scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--rate); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); font-size: .85rem; padding-bottom: .35rem; }
th, td { padding: .35rem .9rem .35rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { color: var(--muted); font-weight: 500; font-size: .8rem; white-space: nowrap; vertical-align: bottom; }
tbody th { font-weight: 500; white-space: nowrap; }
tfoot th, tfoot td { border-bottom: 0; font-weight: 650; }
tfoot td:last-child:not(.number) { font-weight: 400; }
.number { text-align: right; white-space: nowrap; }
.bar-cell { width: 22%; min-width: 5rem; padding-right: 0; vertical-align: middle; }
.bar { display: block; height: .7rem; }
.bar i { display: block; height: 100%; min-width: 2px; border-radius: .1rem; }
.wide { min-width: 58rem; }
.cost { min-width: 46rem; }
.price { min-width: 12rem; }
.counts .number { width: 8rem; }
.counts .bar-cell { width: 50%; }
.examples td { overflow-wrap: break-word; }
.examples td:not(.number) { min-width: 6.5rem; }
.place { min-width: 11rem; }
.wide .why { min-width: 17rem; }
.raw { display: block; min-width: 18rem; max-width: 30rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); gap: 1.25rem 1.75rem; }
.four { grid-template-columns: repeat(auto-fill, minmax(min(100%, 13rem), 1fr)); }
.chart figcaption { display: flex; justify-content: space-between; gap: .5rem; font-size: .875rem; }
.chart figcaption b { font-weight: 600; }
.chart figcaption span { color: var(--muted); font-variant-numeric: tabular-nums; }
.chart svg { display: block; width: 100%; height: auto; font-family: inherit; }
details { margin-top: 1rem; font-size: .9rem; }
details .scroll { max-height: 24rem; overflow-y: auto; margin-top: .5rem; }
summary { cursor: pointer; color: var(--muted); width: fit-content; }
.numbers td, .numbers th { text-align: right; padding: .15rem .9rem .15rem 0; font-size: .8rem; }
ul { padding-left: 1.2rem; font-size: .9rem; max-width: 46rem; }
li + li { margin-top: .25rem; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--muted); font-size: .85rem; }
@media (max-width: 30rem) { body { padding: 1.25rem 1rem 2rem; } h1 { font-size: 1.4rem; }
  .facts { grid-template-columns: 1fr 1fr; } section { margin-top: 2.25rem; } }
@media print {
  @page { margin: 14mm; }
  :root { font-size: 11px; }
  body { max-width: none; padding: 0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  section { margin-top: 1.6rem; }
  h2, h3, caption { break-after: avoid; }
  tr, figure, .facts, .stack { break-inside: avoid; }
  .scroll, details .scroll { overflow: visible; max-height: none; }
  .wide, .wide .why, .raw, .cost { min-width: 0; }
  .charts { grid-template-columns: repeat(3, 1fr); gap: .8rem 1.2rem; }
  .four { grid-template-columns: repeat(4, 1fr); }
  .facts { grid-template-columns: repeat(4, 1fr); }
  details:not([open]) { display: none; }
}
`;
