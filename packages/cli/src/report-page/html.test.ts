import { describe, expect, it } from 'vitest';
import { escapeHtml, html } from './html.ts';

describe('escapeHtml', () => {
  it.each([
    ['<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
    [`" onload='x' &amp;`, '&quot; onload=&#39;x&#39; &amp;amp;'],
    ['\u001b[31mred\u0000', '\\u{1b}[31mred\\u{0}'],
    ['a\u202eb\u2066c\u200b', 'a\\u{202e}b\\u{2066}c\\u{200b}'],
    ['line\u2028para\u2029\r\n', 'line\\u{2028}para\\u{2029}\\u{d}\\u{a}'],
    ['\ud800', '\\u{d800}'],
    ['東京 👍 é', '東京 👍 é'],
  ])('makes %j harmless, and visible', (text, escaped) => {
    expect(escapeHtml(text)).toBe(escaped);
  });

  it('cuts what is too long, and says so', () => {
    expect(escapeHtml('<'.repeat(1_000_000), 3)).toBe('&lt;&lt;&lt;...');
    expect(escapeHtml('abc', 3)).toBe('abc');
  });
});

describe('html', () => {
  it('escapes texts, in elements and in attributes, and takes its own markup as it is', () => {
    const inner = html`<b>${'<i>'}</b>`;
    expect(html`<p title="${'"'}">${inner}${[inner, inner]}${undefined}${12}</p>`.html).toBe(
      '<p title="&quot;"><b>&lt;i&gt;</b><b>&lt;i&gt;</b><b>&lt;i&gt;</b>12</p>',
    );
  });
});
