import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseRecords } from '@sluice/core/csv/parse';
import { realClock } from '@sluice/core/real-clock';
import { parseWiring } from '@sluice/core/wiring';
import { openDatabase } from '@sluice/local-cloud/database';
import { createLocalCloud } from '@sluice/local-cloud/local-cloud';
import { describe, expect, it, onTestFinished } from 'vitest';
import wiringJson from '../../../../infra/wiring.json' with { type: 'json' };
import { carry, makeFolder, writeRowsOfEveryFate } from '../run-harness.ts';
import { UsageError } from '../usage-error.ts';
import type { ExportFlags } from './export.ts';
import { exportRows } from './export.ts';
import { forgetKeyOf } from './forget-state.ts';
import { createOperateHarness, jobId } from './operate-harness.ts';
import type { Session } from './session.ts';
import { CommandFailed } from './session.ts';
import type { StandardOutput } from './standard-output.ts';

const flags: ExportFlags = { format: 'ndjson', force: false };

/** Standard output that keeps what it is given; `write` decides what becomes of a piece: true takes more at once. */
const createStdout = (write: (pieces: number, emitter: EventEmitter) => boolean = () => true) => {
  const pieces: string[] = [];
  const emitter = new EventEmitter();
  const stdout = Object.assign(emitter, {
    isTTY: false,
    write(text: string, taken?: () => void) {
      if (text !== '') pieces.push(text);
      taken?.();
      return text === '' || write(pieces.length, emitter);
    },
  }) as unknown as StandardOutput;
  return { stdout, pieces, text: () => pieces.join('') };
};

const csv = 'a,b\n1,x\n2,\n"3",y\n4,z\n5,=5\n';
const of = (row: number, text: string | null, status: string, rest: object = {}) => ({
  row,
  line: row + 1,
  status,
  data: { a: `${row}`, b: text },
  ...rest,
});
const lost = { code: 'PROCESSOR_ERROR', message: 'expected success, found an error' };
const refused = { code: 'NOT_WANTED', message: 'expected another row' };

const linesIn = (text: string): unknown[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown);

describe('exportRows', () => {
  it('writes the bytes of rows.ndjson of a run of the same file and processor', async () => {
    const folder = makeFolder();
    const out = join(folder, 'out');
    const { file, processor } = writeRowsOfEveryFate(folder, 4_100);
    await carry(file, out, { processor, chunkBytes: 20_000 });
    const [run = ''] = readdirSync(join(out, '.sluice')).filter((name) => name.length === 32);
    const state = join(out, '.sluice', run);
    const database = openDatabase(state);
    onTestFinished(() => database.close());
    const buckets = { inbox: dirname(file), work: join(state, 'work') };
    const wiring = parseWiring(wiringJson, 'local');
    const { services } = createLocalCloud({ wiring, clock: realClock, database, buckets });
    const { session, notes } = createOperateHarness();
    const operator = { ...session.operator, ...services, clock: realClock };
    const { stdout, text } = createStdout();
    const ran = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as { jobId: string; dead: number };
    expect(await exportRows({ ...session, operator }, ran.jobId, flags, stdout)).toBe(1);
    expect(text()).toBe(readFileSync(join(out, 'rows.ndjson'), 'utf8'));
    expect(ran.dead).toBeGreaterThan(0);
    expect(text()).toContain('"status":"DEAD"');
    expect(notes).toEqual([`job ${ran.jobId} is HELD: 0 rows are open, ${ran.dead} dead; this is what is there now`]);
  });

  it('gives every accepted row in row order, those that never reached the table too', async () => {
    const { session, addJob, rows } = createOperateHarness();
    await addJob({
      csv,
      rowsPerChunk: 3,
      fates: { 1: 'FAILED', 2: 'ABSENT', 3: 'REJECTED', 5: 'PENDING' },
      marks: [
        { chunk: 0, row: 2 },
        { chunk: 1, row: 5 },
        { chunk: 1, row: 4 },
      ],
      job: { state: 'HELD' },
    });
    const { stdout, text } = createStdout();
    expect(await exportRows(session, jobId, flags, stdout)).toBe(1);
    expect(linesIn(text())).toEqual([
      of(1, 'x', 'FAILED', { error: refused }),
      of(2, null, 'DEAD', { error: lost }),
      of(4, 'z', 'DONE', { result: { ok: 4 } }),
      of(5, '=5', 'DEAD', { error: lost }),
    ]);
    expect(rows.calls.filter(({ operation }) => operation === 'readChunk')).toHaveLength(2);
    expect(rows.calls.some(({ operation }) => operation === 'countChunk')).toBe(false);
  });

  it('reads no source where every accepted row is in the table', async () => {
    const { session, addJob, objects } = createOperateHarness();
    await addJob({ csv, fates: { 2: 'REJECTED' }, job: { state: 'COMPLETE' } });
    expect(await exportRows(session, 'latest', flags, createStdout().stdout)).toBe(0);
    expect(objects.reads).toEqual([]);
  });

  it('reads no source of a chunk that is not closed where only rejected rows are missing', async () => {
    const { session, addJob, objects } = createOperateHarness();
    await addJob({ csv, fates: { 1: 'REJECTED', 4: 'REJECTED', 5: 'PENDING' } });
    const { stdout, text } = createStdout();
    await exportRows(session, jobId, flags, stdout);
    expect(linesIn(text())).toMatchObject([{ row: 2 }, { row: 3 }, { row: 5, status: 'PENDING' }]);
    expect(objects.reads.filter(({ version }) => version.bucket === 'inbox')).toEqual([]);
  });

  it('finds what is missing where the reject object is gone', async () => {
    const { session, addJob, objects } = createOperateHarness();
    await addJob({ csv, fates: { 1: 'REJECTED', 4: 'ABSENT' } });
    for (const key of [...objects.puts].filter((put) => put.includes('rejects'))) objects.remove('work', key);
    const { stdout, text } = createStdout();
    await exportRows(session, jobId, flags, stdout);
    // Row 1 is read from the source like any other: what cleaning makes of it now is what counts.
    expect(linesIn(text())).toMatchObject([{ row: 1 }, { row: 2 }, { row: 3 }, { row: 4 }, { row: 5 }]);
  });

  it('leaves out, and says so, what can no longer be read from the file', async () => {
    const { session, addJob, objects, notes } = createOperateHarness();
    await addJob({ csv, fates: { 2: 'ABSENT' }, job: { state: 'SUPERSEDED' } });
    objects.remove('inbox', 'a.csv');
    const { stdout, text } = createStdout();
    expect(await exportRows(session, jobId, flags, stdout)).toBe(1);
    expect(linesIn(text())).toMatchObject([{ row: 1 }, { row: 3 }, { row: 4 }, { row: 5 }]);
    expect(notes.at(-1)).toBe(
      '1 accepted rows are left out: they are not in the table, nor can they be read from the file again',
    );
  });

  it('says so where a closed chunk has lost rows of the table', async () => {
    const { session, addJob, rows, notes } = createOperateHarness();
    await addJob({ csv, job: { state: 'COMPLETE' } });
    await rows.remove(jobId, 0, [2, 3]);
    expect(await exportRows(session, jobId, flags, createStdout().stdout)).toBe(1);
    expect(notes).toMatchObject([expect.stringMatching(/^2 accepted rows are left out/)]);
  });

  it('gives the rows of some statuses alone', async () => {
    const { session, addJob } = createOperateHarness();
    await addJob({ csv, fates: { 1: 'FAILED', 2: 'ABSENT', 5: 'PENDING' }, marks: [{ chunk: 0, row: 2 }] });
    const { stdout, text } = createStdout();
    await exportRows(session, jobId, { ...flags, status: ['FAILED', 'DEAD'] }, stdout);
    expect(linesIn(text())).toMatchObject([
      { row: 1, status: 'FAILED' },
      { row: 2, status: 'DEAD' },
    ]);
  });

  it('writes CSV that other readers read', async () => {
    const { session, addJob } = createOperateHarness();
    await addJob({ csv, fates: { 1: 'FAILED' }, job: { state: 'COMPLETE' } });
    const { stdout, text } = createStdout();
    expect(await exportRows(session, jobId, { ...flags, format: 'csv' }, stdout)).toBe(0);
    expect(parseRecords(Buffer.from(text()), ',')).toEqual([
      ['row', 'line', 'status', 'a', 'b', 'result', 'error_code', 'error_message'],
      ['1', '2', 'FAILED', '1', 'x', '', refused.code, refused.message],
      ['2', '3', 'DONE', '2', '', '{"ok":2}', '', ''],
      ['3', '4', 'DONE', '3', 'y', '{"ok":3}', '', ''],
      ['4', '5', 'DONE', '4', 'z', '{"ok":4}', '', ''],
      ['5', '6', 'DONE', '5', "'=5", '{"ok":5}', '', ''],
    ]);
  });

  it('writes a header alone for a job without rows', async () => {
    const { session, addJob } = createOperateHarness();
    await addJob({ csv: 'a\n', job: { state: 'COMPLETE' } });
    const { stdout, text } = createStdout();
    expect(await exportRows(session, jobId, { ...flags, format: 'csv' }, stdout)).toBe(0);
    expect(text()).toBe('row,line,status,a,result,error_code,error_message\n');
  });

  it('refuses a job that is being forgotten', async () => {
    const { session, addJob, objects } = createOperateHarness();
    await addJob({ csv, job: { state: 'COMPLETE', forgottenAt: 0 } });
    await objects.put('work', forgetKeyOf(jobId), '{}');
    await expect(exportRows(session, jobId, { format: 'ndjson', force: false })).rejects.toThrow(
      `begun on 1970-01-01T00:00:00.000Z and not finished: sluice forget ${jobId} goes on`,
    );
  });

  it('leaves no file of a job that is forgotten meanwhile', async () => {
    const { session, addJob, jobs } = createOperateHarness();
    const job = await addJob({ csv, job: { state: 'COMPLETE' } });
    let looks = 0;
    jobs.getJob = async () => (looks++ === 0 ? job : { ...job, forgottenAt: 0 });
    const out = join(makeFolder(), 'rows.ndjson');
    const exporting = exportRows(session, jobId, { format: 'ndjson', out, force: false });
    await expect(exporting).rejects.toThrow('was forgotten: its rows');
    expect(existsSync(out)).toBe(false);
  });

  it('refuses a job that was forgotten', async () => {
    const { session, addJob } = createOperateHarness();
    await addJob({ csv, job: { state: 'COMPLETE', forgottenAt: Date.UTC(2026, 0, 1) } });
    const exporting = exportRows(session, jobId, flags, createStdout().stdout);
    await expect(exporting).rejects.toThrow(
      `job ${jobId} was forgotten: its rows and rejects were deleted on 2026-01-01T00:00:00.000Z`,
    );
  });

  it('tells nothing of a row that is no JSON', async () => {
    const { session, addJob } = createOperateHarness();
    await addJob({ csv, job: { state: 'COMPLETE' } });
    async function* readChunk() {
      yield [{ row: 1, line: 2, status: 'DONE', data: '["SECRET"' } as const];
    }
    const broken: Session = {
      ...session,
      operator: { ...session.operator, rows: { ...session.operator.rows, readChunk } },
    };
    const exporting = exportRows(broken, jobId, flags, createStdout().stdout);
    await expect(exporting).rejects.toEqual(new CommandFailed('expected rows as JSON, found one that is not'));
  });
});

const many = (rows: number): string =>
  `a,b\n${Array.from({ length: rows }, (_, i) => `${i + 1},${'x'.repeat(1_000)}\n`).join('')}`;

describe('an export to standard output', () => {
  it('waits for whoever reads it', async () => {
    const { session, addJob } = createOperateHarness();
    await addJob({ csv: many(1_000), rowsPerChunk: 100, job: { state: 'COMPLETE' } });
    let isFull = false;
    const overrun: number[] = [];
    const { stdout, pieces, text } = createStdout((count, emitter) => {
      if (isFull) overrun.push(count);
      isFull = true;
      setImmediate(() => {
        isFull = false;
        emitter.emit('drain');
      });
      return false;
    });
    expect(await exportRows(session, jobId, flags, stdout)).toBe(0);
    expect(pieces.length).toBeGreaterThan(2);
    expect(overrun).toEqual([]);
    expect(linesIn(text())).toHaveLength(1_000);
  });

  it('ends quietly when whoever read it has left', async () => {
    const { session, addJob, notes } = createOperateHarness();
    await addJob({ csv: many(2_000), rowsPerChunk: 100, job: { state: 'OPEN' } });
    const { stdout, pieces } = createStdout((count, emitter) => {
      if (count === 2) setImmediate(() => emitter.emit('error', Object.assign(new Error('gone'), { code: 'EPIPE' })));
      return count < 2;
    });
    expect(await exportRows(session, jobId, flags, stdout)).toBe(0);
    expect([pieces.length, notes]).toEqual([2, []]);
  });

  it('fails when it cannot be written', async () => {
    const { session, addJob } = createOperateHarness();
    await addJob({ csv: many(2_000), rowsPerChunk: 100, job: { state: 'COMPLETE' } });
    const { stdout } = createStdout((_, emitter) => {
      setImmediate(() => emitter.emit('error', Object.assign(new Error('full'), { code: 'ENOSPC' })));
      return false;
    });
    await expect(exportRows(session, jobId, flags, stdout)).rejects.toThrow('full');
  });

  it('shows a terminal nothing that could steer it', async () => {
    const { session, addJob, rows } = createOperateHarness();
    await addJob({ csv: 'a,b\n1,x\n', fates: { 1: 'PENDING' } });
    await rows.finish(jobId, [[0, 1, 'FAILED', ['CODE', '\u001b[2J\u009b\u202e']]]);
    const { stdout, text } = createStdout();
    await exportRows(session, jobId, { ...flags, format: 'csv' }, Object.assign(stdout, { isTTY: true }));
    expect(text()).toContain('\\u{1b}[2J\\u{9b}\\u{202e}\n');
  });

  it('ends as soon as somebody interrupts', async () => {
    const stop = new AbortController();
    const { session, addJob } = createOperateHarness({ signal: stop.signal });
    await addJob({ csv: many(2_000), rowsPerChunk: 100, job: { state: 'COMPLETE' } });
    const { stdout } = createStdout(() => {
      setImmediate(() => stop.abort(new Error('interrupted')));
      return false;
    });
    await expect(exportRows(session, jobId, flags, stdout)).rejects.toThrow('interrupted');
  });

  it('says how far it is every two seconds', async () => {
    const { session, addJob, clock, notes } = createOperateHarness();
    await addJob({ csv, rowsPerChunk: 1, job: { state: 'COMPLETE' } });
    const now = () => {
      clock.pass(700);
      return clock.now();
    };
    const operator = { ...session.operator, clock: { ...clock, now } };
    await exportRows({ ...session, operator }, jobId, flags, createStdout().stdout);
    expect(notes).toEqual(['read 3 of 5 rows, wrote 3']);
  });

  it('refuses --json', async () => {
    const { session } = createOperateHarness({ isJson: true });
    await expect(exportRows(session, 'latest', flags, createStdout().stdout)).rejects.toBeInstanceOf(UsageError);
  });
});

describe('an export to a file', () => {
  it('tells what it wrote', async () => {
    const out = join(makeFolder(), 'rows.ndjson');
    const { session, addJob, value, lines } = createOperateHarness({ isJson: true });
    await addJob({ csv, job: { state: 'COMPLETE' } });
    expect(await exportRows(session, jobId, { ...flags, out }, createStdout().stdout)).toBe(0);
    const bytes = readFileSync(out);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(linesIn(bytes.toString())).toHaveLength(5);
    expect(value()).toEqual({
      jobId,
      state: 'COMPLETE',
      file: out,
      format: 'ndjson',
      rows: 5,
      bytes: bytes.length,
      sha256,
    });
    expect(lines()).toEqual([`${out}: 5 rows, ${bytes.length} bytes, sha256 ${sha256}`]);
  });

  it('replaces none without --force', async () => {
    const out = join(makeFolder(), 'rows.ndjson');
    writeFileSync(out, 'before');
    const { session, addJob } = createOperateHarness();
    await addJob({ csv, job: { state: 'COMPLETE' } });
    await expect(exportRows(session, jobId, { ...flags, out })).rejects.toBeInstanceOf(UsageError);
    expect(readFileSync(out, 'utf8')).toBe('before');
    await exportRows(session, jobId, { ...flags, out, force: true });
    expect(linesIn(readFileSync(out, 'utf8'))).toHaveLength(5);
  });

  it.each(['nowhere/rows.ndjson', '.'])('refuses %s', async (name) => {
    const { session } = createOperateHarness();
    const exporting = exportRows(session, jobId, { ...flags, out: join(makeFolder(), name) });
    await expect(exporting).rejects.toBeInstanceOf(UsageError);
  });

  it('leaves none behind when a row cannot be read', async () => {
    const folder = makeFolder();
    const { session, addJob } = createOperateHarness();
    await addJob({ csv, rowsPerChunk: 1, job: { state: 'COMPLETE' } });
    const { rows } = session.operator;
    const readChunk = (id: string, chunk: number) => {
      if (chunk === 3) throw new Error('expected an answer, found it lost');
      return rows.readChunk(id, chunk);
    };
    const broken = { ...session, operator: { ...session.operator, rows: { ...rows, readChunk } } };
    await expect(exportRows(broken, jobId, { ...flags, out: join(folder, 'a') })).rejects.toThrow('found it lost');
    expect(readdirSync(folder)).toEqual([]);
  });
});
