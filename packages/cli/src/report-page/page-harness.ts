import { parseWiring } from '@sluice/core/wiring';
import wiringJson from '../../../../infra/wiring.json' with { type: 'json' };
import { estimateCost } from '../cost.ts';
import type { ReportPage } from './report-page.ts';

// A page of one's choice, and a reader of markup that takes only what is well formed. For tests.

const wiring = parseWiring(wiringJson, 'aws');

/** A page of a small run; `changes` replace what stands in it. */
export const pageOf = (changes: Partial<ReportPage> = {}): ReportPage => ({
  file: { name: 'a.csv', bytes: 5_000 },
  jobId: '0123456789abcdefghjkmnpqrs',
  verdict: 'COMPLETE',
  meaning: 'Every row is somewhere.',
  ledger: { rows: 1_000, done: 900, failed: 60, rejected: 40, dead: 0, missing: 0 },
  missingName: 'missing',
  times: { beganAt: 0, endedAt: 4_000, seconds: 4, rowsPerSecond: 250, peakRssBytes: 1024 ** 2 },
  timeline: {
    times: [0, 1, 2, 4],
    rates: new Map([
      ['clean-rows', [1_234, 500, 0]],
      ['store-rows', [0, 0, 480]],
    ]),
    messages: new Map([['work', [1, 22, 0]]]),
  },
  timelineNote: 'As sampled.',
  rejects: {
    counts: [
      {
        code: 'REQUIRED',
        rows: 40,
        examples: [{ row: 3, line: 4, column: 'n', message: 'expected a value, found none', raw: ',x' }],
      },
    ],
    others: 0,
  },
  failed: {
    counts: [{ code: 'NOT_WANTED', rows: 60, examples: [{ row: 7, message: 'expected another' }] }],
    others: 0,
  },
  dead: { counts: [], others: 0 },
  stages: [
    { name: 'clean-rows', rowsIn: 1_000, rowsOut: 960, retried: 3, dead: 0, busySeconds: 1.5 },
    { name: 'store-rows', rowsIn: 960, rowsOut: 960, retried: 0, dead: 0, busySeconds: 0.5 },
  ],
  stagesNote: 'Of this run.',
  settings: [['Delimiter', 'comma']],
  cost: estimateCost(
    {
      rows: 1_000,
      accepted: 960,
      chunks: 1,
      bytes: 5_000,
      columns: 2,
      rowsPerMessage: 0,
      busySeconds: new Map(),
      measured: 'on this machine',
    },
    wiring,
  ),
  writtenAt: 4_000,
  version: '1.2.3',
  ...changes,
});

export type Element = {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly text: string;
};

/** Elements in document order, each with all text in it; entities are decoded. */
export type Markup = { readonly elements: readonly Element[]; readonly text: string };

const voids = new Set(['meta', 'br']);
const entities = new Map([
  ['&amp;', '&'],
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&quot;', '"'],
  ['&#39;', "'"],
]);

const decode = (text: string): string =>
  text.replace(/&[^;]*;?/g, (entity) => {
    const character = entities.get(entity);
    if (character === undefined) throw new Error(`expected a known entity, found ${entity}`);
    return character;
  });

type Open = { name: string; attributes: ReadonlyMap<string, string>; text: string };

const readAttributes = (text: string): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  let rest = text;
  while (rest !== '') {
    const match = /^ ([a-zA-Z][a-zA-Z0-9-]*)="([^"<>]*)"/.exec(rest);
    if (match === null) throw new Error(`expected an attribute in quotes, found ${rest.slice(0, 80)}`);
    const [all, name = '', value = ''] = match;
    if (found.has(name)) throw new Error(`expected an attribute once, found ${name} twice`);
    found.set(name, decode(value));
    rest = rest.slice(all.length);
  }
  return found;
};

/** Reads a whole document. Throws for anything a browser would have to guess about. */
export const readMarkup = (document: string): Markup => {
  const start = '<!doctype html>\n';
  if (!document.startsWith(start)) throw new Error('expected a document type, found none');
  const elements: Open[] = [];
  const open: Open[] = [];
  let all = '';
  const addText = (text: string): void => {
    for (const element of open) element.text += text;
    all += text;
  };
  let rest = document.slice(start.length);
  while (rest !== '') {
    const [text = ''] = /^[^<>]*/.exec(rest) ?? [];
    addText(decode(text));
    rest = rest.slice(text.length);
    if (rest === '') break;
    const match = /^<(\/?)([a-zA-Z][a-zA-Z0-9]*)((?: [^<>]*?)?)(\/?)>/.exec(rest);
    if (match === null) throw new Error(`expected a tag, found ${rest.slice(0, 80)}`);
    const [tag, close, name = '', attributes = '', empty] = match;
    rest = rest.slice(tag.length);
    if (close === '/') {
      if (open.pop()?.name !== name || attributes !== '') throw new Error(`expected the end of another, found ${tag}`);
      continue;
    }
    const element: Open = { name, attributes: readAttributes(attributes), text: '' };
    elements.push(element);
    if (empty === '/' || voids.has(name)) continue;
    if (name !== 'style') {
      open.push(element);
      continue;
    }
    const end = rest.indexOf('</style>');
    if (end < 0) throw new Error('expected the end of the styles, found none');
    element.text = rest.slice(0, end);
    rest = rest.slice(end + '</style>'.length);
  }
  if (open.length > 0) throw new Error(`expected every element to end, found ${open.at(-1)?.name} open`);
  return { elements, text: all };
};
