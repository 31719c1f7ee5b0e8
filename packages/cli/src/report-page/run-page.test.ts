import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { carry, makeFolder, readReport, untilThere, write, writeRowsOfEveryFate } from '../run-harness.ts';
import { countText } from '../terminal-text.ts';
import { readMarkup } from './page-harness.ts';

const readPage = (out: string) => {
  const { elements, text } = readMarkup(readFileSync(join(out, 'report.html'), 'utf8'));
  return { elements, text, rows: elements.filter(({ name }) => name === 'tr').map((row) => row.text) };
};

describe('the page of a run', () => {
  it('has the numbers of its report, and the first rows that are not done', async () => {
    const folder = makeFolder();
    const out = join(folder, 'out');
    const { file, processor } = writeRowsOfEveryFate(folder, 6_000);
    await carry(file, out, { processor });
    const { rows: all, done, failed, rejected, dead, missing, stages, verdict } = readReport(out);
    const { rows, text } = readPage(out);
    expect(dead).toBeGreaterThan(0);
    const places = [done, failed, rejected, dead, missing, all].map(countText);
    ['done', 'failed', 'rejected', 'dead', 'missing', 'rows'].forEach((name, i) => {
      expect(rows[i + 1]?.startsWith(`${name}${places[i]}`)).toBe(true);
    });
    expect(rows).toContain(`NEVER${countText(failed)}100 %`);
    expect(rows.filter((row) => row === 'NEVER301no')).toHaveLength(1);
    expect(rows).toContain('FIELD_COUNT9798expected 3 fields, found 297,x');
    expect(rows).toContain(`process-rowsPROCESSOR_ERROR${countText(dead)}100 %`);
    for (const { name, rowsIn, rowsOut, retried, dead: ofStage } of stages) {
      expect(
        rows.some((row) => row.startsWith(name + [rowsIn, rowsOut, retried, ofStage].map(countText).join(''))),
      ).toBe(true);
    }
    expect(verdict).toBe('HELD');
    expect(text).toContain('HELD');
    expect(text).toContain('Processorprocessor.ts, hash ');
  });

  it('shows what a hostile file holds as text', async () => {
    const folder = makeFolder();
    const out = join(folder, 'out');
    const name = '<img src=x onerror=alert(1)>.csv';
    const file = write(join(folder, name), 'a,"</title><script>"\n1,2\n<b>"\u202e,\u001b[31m,3\n');
    await carry(file, out);
    const { rows, text, elements } = readPage(out);
    expect(elements.filter((element) => ['script', 'img'].includes(element.name))).toEqual([]);
    expect(text).toContain(name);
    expect(rows.some((row) => row.endsWith('<b>"\\u{202e},\\u{1b}[31m,3'))).toBe(true);
  });

  it('is written when the run is interrupted, and then says so', async () => {
    const folder = makeFolder();
    const out = join(folder, 'out');
    const controller = new AbortController();
    const seen = join(folder, 'seen');
    // It stays in this row until the run is interrupted.
    const then = `fs.writeFileSync(${JSON.stringify(seen)}, ''); await new Promise(() => undefined);`;
    const { file, processor, flag } = writeRowsOfEveryFate(folder, 20_000, 15_000, then);
    write(flag, '');
    const carried = carry(file, out, { processor }, undefined, controller.signal);
    await untilThere(seen);
    controller.abort(new Error('interrupted'));
    const { report } = await carried;
    expect(report.verdict).toBe('INCOMPLETE');
    const { text, rows } = readPage(out);
    expect(text).toContain('INCOMPLETE');
    expect(rows[5]?.startsWith(`missing${countText(report.missing)}`)).toBe(true);
  });

  it('of a file without rows has nothing to draw, and is whole', async () => {
    const folder = makeFolder();
    const out = join(folder, 'out');
    await carry(write(join(folder, 'empty.csv'), 'a,b\n'), out);
    const { text } = readPage(out);
    expect(text).toContain('COMPLETE');
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
  });
});
