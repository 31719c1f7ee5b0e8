import { describe, expect, it } from 'vitest';
import { toTerminalText } from '../terminal-text.ts';
import { type Element, pageOf, readMarkup } from './page-harness.ts';
import { renderPage } from './render-page.ts';
import type { ReportPage } from './report-page.ts';

const pageBytesMax = 300 * 1024;

const read = async (changes: Partial<ReportPage> = {}) => {
  const document = await renderPage(pageOf(changes));
  return { document, ...readMarkup(document) };
};
const named = (elements: readonly Element[], name: string): readonly Element[] =>
  elements.filter((element) => element.name === name);
const withClass = (elements: readonly Element[], name: string, of: string): readonly Element[] =>
  named(elements, name).filter(({ attributes }) => attributes.get('class')?.split(' ').includes(of));

/** Every text from outside that a page has, at each place where it has one. */
const hostilePage = (text: string): Partial<ReportPage> => ({
  file: { name: text, bytes: 1 },
  jobId: text,
  verdict: text,
  meaning: text,
  reason: text,
  ledgerNote: text,
  timelineNote: text,
  stagesNote: text,
  rejects: {
    counts: [{ code: text, rows: 1, examples: [{ row: 1, line: 2, column: text, message: text, raw: text }] }],
    others: 1,
    note: text,
  },
  failed: { counts: [{ code: text, rows: 1, examples: [{ row: 1, message: text }] }], others: 0, note: text },
  dead: { counts: [{ stage: text, code: text, rows: 1 }], others: 2, note: text },
  settings: [[text, text]],
  version: text,
});

const allowedElements = new Set(
  [
    'html head meta title style body header main footer section h1 h2 h3 p b i span small code br time dl div dt dd ul li',
    'table caption thead tbody tfoot tr th td figure figcaption details summary svg desc g path line text rect',
  ]
    .join(' ')
    .split(' '),
);
const urlAttributes = ['href', 'src', 'action', 'formaction', 'data', 'poster', 'srcset', 'background', 'xlink'];

const hostileTexts: readonly (readonly [string, string])[] = [
  ['a script', '<script>alert(document.domain)</script>'],
  ['an end of the styles', '</style><script>alert(1)</script>'],
  ['an end of the title', '</title></desc></svg><img src=x onerror=alert(1)>'],
  ['quotes', `"><img src=x onerror='alert(1)'>' onmouseover="alert(1)`],
  ['an address', 'javascript:alert(1)'],
  ['a comment', '<!-- --> --!> <![CDATA[ ]]>'],
  ['entities', '&lt;b&gt; &amp;amp; &#60; &#x3c; &'],
  ['escape codes', '\u001b]0;owned\u0007\u001b[2J\u0000'],
  ['characters that turn text around', 'a\u202etxt.exe\u202c \u2066b\u2069 \u200f'],
  ['line separators', 'a\u2028b\u2029c\r\n\u0085d'],
  ['halves of a character', '\ud800x\udfff'],
  ['a template', '{{7*7}} <%= 7*7 %> $& $1'],
  ['a style', 'x;background:url(//evil.invalid);}*{display:none}'],
];

describe('a page', () => {
  it.each(hostileTexts)('shows %s as text, wherever it stands', async (_, hostile) => {
    const { document, elements, text } = await read(hostilePage(hostile));
    expect([...new Set(elements.map(({ name }) => name))].filter((name) => !allowedElements.has(name))).toEqual([]);
    const attributes = elements.flatMap((element) => [...element.attributes.keys()]);
    expect(attributes.filter((name) => /^on/i.test(name) || urlAttributes.includes(name))).toEqual([]);
    for (const { attributes: all } of elements) expect(all.get('style') ?? '').not.toMatch(/url|evil|display/);
    // As it stands in a table, and as it stands alone.
    expect(text.split(toTerminalText(hostile)).length - 1).toBeGreaterThanOrEqual(20);
    // The page's own line ends apart, no control or format character stands in it.
    expect(document).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  });

  it('does not grow with texts of a megabyte', async () => {
    const { document, elements } = await read(hostilePage('<'.repeat(1024 ** 2)));
    expect(document.length).toBeLessThan(pageBytesMax);
    expect(withClass(elements, 'code', 'raw').map(({ text }) => text)).toEqual([`${'<'.repeat(200)}...`]);
  });

  it('lets nothing load and nothing run', async () => {
    const { elements } = await read();
    const [policy] = named(elements, 'meta').filter(({ attributes }) => attributes.has('http-equiv'));
    expect(policy?.attributes.get('http-equiv')).toBe('Content-Security-Policy');
    expect(policy?.attributes.get('content')).toMatch(/^default-src 'none'; style-src 'unsafe-inline';/);
    const [style] = named(elements, 'style');
    expect(style?.text).not.toMatch(/@import|url\(|</);
  });

  it('has a name and a sentence for every chart, and their numbers as a table in the same section', async () => {
    const { elements } = await read();
    const charts = named(elements, 'svg');
    expect(charts).toHaveLength(3);
    const ids = elements.flatMap(({ attributes }) => attributes.get('id') ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { attributes } of charts) {
      expect(attributes.get('role')).toBe('img');
      for (const name of ['aria-labelledby', 'aria-describedby']) {
        const [label] = elements.filter((element) => element.attributes.get('id') === attributes.get(name));
        expect(label?.text.length).toBeGreaterThan(10);
      }
    }
    expect(named(elements, 'desc').map(({ text }) => text)).toEqual([
      '867 rows/s on average while it had any, 1,234 rows/s at most, 0.0 s after the beginning.',
      '480 rows/s on average while it had any, 480 rows/s at most, 2.0 s after the beginning.',
      '22 messages at most, 1.0 s after the beginning.',
    ]);
    expect(withClass(elements, 'table', 'numbers').map(({ text }) => text)).toEqual([
      'Rows per second that each stage handed on, by intervalfrom, secondsclean-rowsstore-rows0.001,23401.0050002.000480',
      'Most messages in each queue, by intervalfrom, secondswork0.0011.00222.000',
    ]);
  });

  it('has tables whose heads say what they are of', async () => {
    const { elements } = await read(hostilePage('x'));
    for (const { attributes } of named(elements, 'th')) {
      expect(['col', 'row', 'rowgroup']).toContain(attributes.get('scope'));
    }
    expect(named(elements, 'caption')).toHaveLength(named(elements, 'table').length);
  });

  it('says what the report says', async () => {
    const ledger = { rows: 1_234_567, done: 1_000_000, failed: 200_000, rejected: 30_000, dead: 4_000, missing: 567 };
    const { elements, text } = await read({ ledger });
    const rows = named(elements, 'tr').map((row) => row.text);
    expect(rows.slice(1, 7)).toEqual([
      'done1,000,00081.00 %processed, with the result kept',
      'failed200,00016.20 %refused by the processor, with a code',
      'rejected30,0002.43 %could not be cleaned; kept with a code and the bytes',
      'dead4,0000.32 %ran out of tries, with the stage and the error',
      'missing5670.05 %in none of these places',
      'rows1,234,567100 %counted from the file',
    ]);
    expect(rows).toContain('REQUIRED40100 %');
    expect(rows).toContain('REQUIRED34nexpected a value, found none,x');
    expect(rows).toContain('NOT_WANTED7expected another');
    expect(rows).toContain('clean-rows1,000960301.5 s');
    expect(text).toContain(
      'clean-rows was the slowest: of 2.0 s that all functions worked, 1.5 s (75 %) were its own.',
    );
    expect(text).toContain('Took4.0 sRows per second250File4.9 KiBMemory at most1.0 MiB');
    const [bar] = withClass(elements, 'div', 'stack');
    expect(bar?.attributes.get('aria-label')).toBe(
      'Where the rows are. Of 1,234,567 rows 1,000,000 are done, 200,000 are failed, 30,000 are rejected, 4,000 are dead, 567 are missing.',
    );
  });

  it('of a file without rows is whole', async () => {
    const { text } = await read({
      ledger: { rows: 0, done: 0, failed: 0, rejected: 0, dead: 0, missing: 0 },
      rejects: { counts: [], others: 0 },
      failed: { counts: [], others: 0 },
    });
    expect(text).toContain('No row was rejected.');
    expect(text).toContain('The processor refused no row.');
    expect(text).toContain('No row ran out of tries.');
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('of a job of which little is known says so', async () => {
    const { timeline: _, ...page } = pageOf({
      verdict: 'REFUSED',
      reason: 'TOO_MANY_REJECTS: expected less',
      missingName: 'open',
      times: { beganAt: 0 },
      timelineNote: 'CloudWatch has none.',
      stages: [],
      stagesNote: 'Nothing is known of them.',
    });
    const document = await renderPage(page);
    const { elements, text } = readMarkup(document);
    expect(named(elements, 'svg')).toEqual([]);
    expect(text).toContain('Over timeCloudWatch has none.');
    expect(text).toContain('StagesNothing is known of them.');
    expect(text).toContain('TOO_MANY_REJECTS: expected less');
    expect(text).toContain('Endednot yet');
    expect(withClass(elements, 'span', 'bad').map((badge) => badge.text)).toEqual(['REFUSED']);
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('does not name a slowest stage without times', async () => {
    const stages = pageOf().stages.map(({ busySeconds: _, ...stage }) => stage);
    const { text } = await read({ stages });
    expect(text).toContain('Which stage was the slowest is not known');
    expect(text).toContain('not known');
  });

  it('stays small with as much in it as there can be', async () => {
    const times = Array.from({ length: 151 }, (_, i) => i * 60);
    const values = times.slice(1).map((at) => (at * 7_919) % 98_765);
    const stages = ['clean-rows', 'store-rows', 'relay-rows', 'process-rows', 'finish-rows'] as const;
    const queues = ['chunks', 'rows', 'work', 'finished'] as const;
    const example = { row: 1, line: 1, column: 'c'.repeat(20), message: 'm'.repeat(80), raw: 'r'.repeat(200) };
    const counts = Array.from({ length: 50 }, (_, i) => ({
      code: `CODE_${i}`,
      rows: 9,
      examples: [example, example, example],
    }));
    const { document } = await read({
      timeline: {
        times,
        rates: new Map(stages.map((stage) => [stage, values])),
        messages: new Map(queues.map((queue) => [queue, values])),
      },
      rejects: { counts: counts.slice(0, 16), others: 0 },
      failed: { counts, others: 0 },
    });
    expect(document.length).toBeLessThan(pageBytesMax);
  });
});
