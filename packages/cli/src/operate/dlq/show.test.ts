import { rowsEnvelope, serialise } from '@sluice/core/messages';
import { describe, expect, it } from 'vitest';
import { jobId } from '../operate-harness.ts';
import {
  auditBody,
  chunkBody,
  createDlqHarness,
  csvOf,
  finishedBody,
  markOfRow,
  noFilter,
  rowsBody,
  uploadBody,
} from './dlq-harness.ts';
import { type ShowFlags, show } from './show.ts';

const flags: ShowFlags = { ...noFilter, content: false, limit: 20 };

/** What a terminal obeys: colours, titles, writing from right to left, a new line. */
const hostile = '\u001b[2J\u009b31m\u202e\r\n\u0007';
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const obeyed = /[\u0000-\u001f\u007f-\u009f\u202e]/;

const shown = async (
  lay: (harness: ReturnType<typeof createDlqHarness>) => void,
  given: Partial<ShowFlags> = {},
  marks = [markOfRow(1)],
) => {
  const harness = createDlqHarness();
  await harness.addJob({ csv: csvOf(20), marks });
  lay(harness);
  expect(await harness.run(show(harness.session, { ...flags, ...given }))).toBe(0);
  return { lines: harness.lines(), value: harness.value(), notes: harness.notes, visible: harness.visible() };
};

describe('a row', () => {
  it('is shown with its error, and without what stands in it', async () => {
    const { lines, value, visible } = await shown(({ lay }) => lay('work', [rowsBody([1])]));
    expect(lines).toEqual([
      'work  letter-1',
      '  sent   2026-01-02T02:04:05.000Z, 1 h ago',
      `  holds  row 1 (chunk 0) of job ${jobId}`,
      '  error  process-rows PROCESSOR_ERROR after 5 tries: expected success, found an error',
      '  values hidden, --content shows them',
    ]);
    expect(JSON.stringify(value)).not.toContain('SECRET');
    expect(visible).toHaveLength(1);
  });

  it('is shown with what stands in it when that is asked for', async () => {
    const { lines, value } = await shown(({ lay }) => lay('work', [rowsBody([1])]), { content: true });
    expect(lines.slice(4)).toEqual(['         id: 1', '         name: SECRET-1']);
    expect(value).toMatchObject({
      letters: [
        {
          kind: 'rows',
          jobId,
          parts: [
            {
              row: 1,
              content: [
                ['id', '1'],
                ['name', 'SECRET-1'],
              ],
            },
          ],
        },
      ],
    });
  });

  it('has no mark when its process died over it', async () => {
    const { lines } = await shown(({ lay }) => lay('work', [rowsBody([2])]));
    expect(lines).toContain(
      '  error  process-rows no mark: expected a mark that says why, found none: its process died over it, or the mark was taken back',
    );
  });

  it('cannot speak to the terminal, whatever stands in it, in its columns, or in its error', async () => {
    const { head, tail } = rowsEnvelope(jobId, [`id${hostile}`, 'b']);
    const body = `${head}${serialise([0, 1, 2, [`x${hostile}`, null]])}${tail}`;
    const mark = markOfRow(1, { code: `CODE${hostile}`, message: `failed${hostile}` });
    const { lines } = await shown(({ lay }) => lay('work', [body]), { content: true }, [mark]);
    expect(lines.filter((line) => obeyed.test(line))).toEqual([]);
    expect(lines.join('\n')).toContain('x\\u{1b}[2J\\u{9b}31m\\u{202e}');
    expect(lines.join('\n')).toContain('failed\\u{1b}');
    expect(lines.at(-1)).toBe('         b: missing');
  });

  it('is cut where it is long', async () => {
    const { head, tail } = rowsEnvelope(jobId, ['a']);
    const body = `${head}${serialise([0, 1, 2, ['x'.repeat(100_000)]])}${tail}`;
    const { lines } = await shown(({ lay }) => lay('work', [body]), { content: true });
    expect(lines.at(-1)).toBe(`         a: ${'x'.repeat(200)}...`);
  });
});

describe('an outcome', () => {
  it('says what it is, and hides the result', async () => {
    const { lines } = await shown(({ lay }) => lay('finished', [finishedBody([1])]));
    expect(lines).toContain(`  holds  row 1 DONE (chunk 0) of job ${jobId}`);
    expect(lines.join()).not.toContain('SECRET');
  });

  it('shows the result when that is asked for', async () => {
    const { lines } = await shown(({ lay }) => lay('finished', [finishedBody([1])]), { content: true });
    expect(lines.at(-1)).toBe('         result: {"secret":"SECRET-1"}');
  });
});

describe('a pack', () => {
  it('shows the rows that were asked for, ten of them', async () => {
    const rows = Array.from({ length: 15 }, (_, i) => i + 1);
    const { lines, value } = await shown(({ lay }) => lay('work', [rowsBody(rows)]), { job: jobId, row: [3, 14] });
    expect(lines.filter((line) => line.startsWith('  holds'))).toHaveLength(10);
    expect(lines.at(-2)).toBe('  and 2 rows more');
    expect(value).toMatchObject({ letters: [{ isWhole: false, more: 2 }] });
  });
});

it.each<readonly [string, 'uploads' | 'chunks' | 'audits' | 'work', string, string]>([
  [
    'an upload by its key',
    'uploads',
    uploadBody(`in/ü${hostile}.csv`),
    '  holds  upload in/ü\\u{1b}[2J\\u{9b}31m\\u{202e}\\u{d}\\u{a}\\u{7}.csv',
  ],
  ['a test event of S3', 'uploads', '{"Event":"s3:TestEvent"}', '  holds  no upload'],
  ['a chunk', 'chunks', chunkBody(1), `  holds  chunk 1 with 10 rows of job ${jobId}`],
  ['an audit', 'audits', auditBody(), `  holds  audit of job ${jobId}`],
  ['what nobody can read by its size alone', 'work', `SECRET${hostile}`, '  holds  unreadable, 21 bytes'],
])('shows %s', async (_, queue, body, expected) => {
  const { lines, value } = await shown(({ lay }) => lay(queue, [body]), { content: true });
  expect(lines).toContain(expected);
  expect(lines.join('') + JSON.stringify(value)).not.toContain('SECRET');
  expect(lines.filter((line) => obeyed.test(line))).toEqual([]);
});

it('ends at the limit, says that there are more, and shows all of them to others again', async () => {
  const { value, notes, visible } = await shown(
    ({ lay }) =>
      lay(
        'work',
        Array.from({ length: 25 }, (_, i) => rowsBody([i + 1])),
      ),
    { limit: 3 },
  );
  expect(value).toMatchObject({ letters: [{}, {}, {}], isMore: true });
  expect(notes).toEqual(['there are more than 3: --limit shows more']);
  expect(visible).toHaveLength(25);
});

it('says that there is nothing', async () => {
  expect((await shown(() => undefined)).lines).toEqual(['no dead letters']);
  expect((await shown(({ lay }) => lay('work', [rowsBody([1])]), { code: ['NOBODY'] })).lines).toEqual([
    'no dead letters like that, among 1',
  ]);
});
