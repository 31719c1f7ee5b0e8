import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { serialiseAudit } from '@sluice/core/messages';
import { countMessages, readTable, sendMessage } from './cloud.ts';
import { parseCsv } from './csv.ts';
import { inboxPrefix } from './deployment.ts';
import type { ExpectedRow, TestFile } from './file.ts';
import { schema, smallFile } from './file.ts';
import { findOnlyJob, waitForState } from './job-checks.ts';
import { whileMessagesWait } from './mapping.ts';
import type { Say, Stage } from './stage.ts';
import { failWith, key } from './stage.ts';
import { waitFor } from './steps.ts';

// What somebody does who operates the deployment, by the command and nothing else; what it says is held against the file, and
// what it does against tables and queues.

const columns = Object.keys(schema.columns);

/** What the commands answer with --json, as far as it is looked at. */
type Ledger = Readonly<Record<'rows' | 'rejected' | 'done' | 'failed' | 'dead' | 'open', number>>;
type Uploaded = { readonly jobId: string; readonly sha256: string; readonly bytes: number };
type Summary = { readonly jobId: string; readonly state: string; readonly ledger: Ledger; readonly key: string };
type Verified = { readonly verdict: string; readonly reasons: readonly string[]; readonly counted: Ledger };
type Planned = { readonly file: { readonly rows: number }; readonly seconds: number; readonly dollars: number };
type Predicted = { readonly prediction: { readonly seconds: number; readonly actualSeconds: number | null } | null };
type Letters = { readonly letters: number; readonly rows: number; readonly groups: readonly Group[] };
type Group = { readonly queue: string; readonly stage: string; readonly code: string; readonly rows: number };
type Story = { readonly state: string; readonly error?: { readonly code: string }; readonly [name: string]: unknown };

const expectEqual = (what: string, found: unknown, wanted: unknown): void => {
  if (isDeepStrictEqual(found, wanted)) return;
  throw new Error(`${what}: expected ${JSON.stringify(wanted)}, found ${JSON.stringify(found)}`);
};

const isAccepted = ({ fate }: ExpectedRow): boolean => fate !== 'rejected';

/** What a job of the file comes to once the outside service is there. */
const totalsOf = ({ rows }: TestFile): Ledger => {
  const rejected = rows.filter((row) => !isAccepted(row)).length;
  const failed = rows.filter(({ fate }) => fate === 'unwanted').length;
  return { rows: rows.length, rejected, done: rows.length - rejected - failed, failed, dead: 0, open: 0 };
};

const findJobId = async (stage: Stage, ofKey: string): Promise<string> => {
  const job = await findOnlyJob(stage, ofKey);
  if (job === undefined) throw new Error(`expected a job of ${ofKey}, found none`);
  return job.jobId;
};

/** Uploads bytes under a key and checks what is said of it. Returns the id of the job that comes of it. */
export const uploadBytes = async ({ sluice }: Stage, name: string, ofKey: string, bytes: Buffer): Promise<string> => {
  const path = join(sluice.folder, name);
  writeFileSync(path, bytes);
  const uploaded = await sluice.json<Uploaded>(['upload', path, '--key', ofKey]);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  expectEqual('upload', [uploaded.bytes, uploaded.sha256], [bytes.length, sha256]);
  return uploaded.jobId;
};

/** Between two audits that are asked for while a job is waited for: the schedule asks for one a minute. */
const auditMilliseconds = 2_000;

/** Waits for a state by the command, which answers with `status`; the job is audited meanwhile. */
const waitByCommand = async (
  { sluice, cloud, outputs }: Stage,
  jobId: string,
  state: string,
  status: number,
): Promise<Summary> => {
  const audit = (): void => void sendMessage(cloud, outputs.queue_urls.audits, serialiseAudit(jobId));
  const timer = setInterval(audit, auditMilliseconds);
  try {
    const summary = await sluice.json<Summary>(['wait', jobId, '--timeout', '4m'], status);
    expectEqual(`wait ${jobId}`, summary.state, state);
    return summary;
  } finally {
    clearInterval(timer);
  }
};

/** Watches a job until it is at rest: HELD here. What is told on the way never goes back. */
export const watch = async ({ sluice }: Stage, say: Say, jobId: string): Promise<void> => {
  const lines = (await sluice(['status', jobId, '--watch', '--json'], 1)).trimEnd().split('\n');
  const looks = lines.map((line) => JSON.parse(line) as Summary);
  expectEqual('watched to the end', looks.at(-1)?.state, 'HELD');
  const final = looks.map(({ ledger }) => ledger.rejected + ledger.done + ledger.failed);
  const fallsAt = final.findIndex((rows, index) => rows < (final[index - 1] ?? 0));
  if (fallsAt >= 0) throw new Error(`expected counts that grow, found ${final[fallsAt - 1]}, then ${final[fallsAt]}`);
  say(`${looks.length} looks: ${final.join(', ')} rows final`);
};

/** Looks while a job is HELD: what is said of it, of its dead rows and of their letters. `attempts`: tries of a dead row. */
export const lookAtDead = async (stage: Stage, say: Say, jobId: string, attempts: number): Promise<void> => {
  const { sluice, file } = stage;
  const outside = file.rows.filter(({ fate }) => fate === 'outside');
  const totals = totalsOf(file);
  const ledger = { ...totals, done: totals.done - outside.length, dead: outside.length };
  const held = await waitByCommand(stage, jobId, 'HELD', 1);
  expectEqual('wait', held.ledger, ledger);
  expectEqual('jobs', (await sluice.json<Summary[]>(['jobs', '--state', 'held'])).length, 2);
  const status = await sluice.json<{ state: string; ledger: Ledger; todo: string[] }>(['status', jobId], 1);
  expectEqual('status', [status.state, status.ledger], ['HELD', ledger]);
  const verified = await sluice.json<Verified>(['verify', jobId], 1);
  expectEqual('verify', [verified.verdict, verified.counted], ['gap', ledger]);

  const of = ['--job', jobId];
  const listed = await sluice.json<Letters>(['dlq', 'ls', ...of]);
  const groups = listed.groups.map(({ queue, stage, code, rows }) => ({ queue, stage, code, rows }));
  const group = { queue: 'work', stage: 'process-rows', code: 'PROCESSOR_ERROR', rows: outside.length };
  expectEqual('dlq ls', [listed.letters, groups], [outside.length, [group]]);
  // What stands in a row, such as its kind, is not shown unasked.
  const shown = await sluice(['dlq', 'show', ...of]);
  const withContent = await sluice(['dlq', 'show', ...of, '--content']);
  expectEqual('dlq show', [shown.includes('outside'), withContent.includes('outside')], [false, true]);
  const saved = join(sluice.folder, 'letters.ndjson');
  await sluice(['dlq', 'export', ...of, '--out', saved]);
  expectEqual('dlq export', readFileSync(saved, 'utf8').trimEnd().split('\n').length, outside.length);
  expectEqual('mode of saved letters', statSync(saved).mode & 0o777, 0o600);
  const tried = await sluice.json<{ sent: number; matched: number }>(['dlq', 'redrive', ...of]);
  expectEqual('dlq redrive, tried', [tried.sent, tried.matched], [0, outside.length]);

  const [first] = outside;
  const dead = await sluice.json<Story>(['where', jobId, String(first?.row)]);
  const mark = dead['mark'] as { readonly code: string; readonly attempts: number } | undefined;
  expectEqual('where', [dead.state, mark?.code, mark?.attempts], ['DEAD', 'PROCESSOR_ERROR', attempts]);
  say(`${outside.length} dead rows found, shown, saved, and left where they are`);
};

/**
 * Sends what lies in the dead-letter queue of `work` back, but for the letter of a job that is complete by now: that one is dropped,
 * and nothing of the job changes. Returns how many letters were sent.
 */
export const redriveWork = async ({ sluice }: Stage, completeJobId: string): Promise<number> => {
  type Redriven = { readonly sent: number; readonly leftBecause: { readonly over: number } };
  const { sent, leftBecause } = await sluice.json<Redriven>(['dlq', 'redrive', '--queue', 'work', '--yes']);
  expectEqual('letters of jobs that are over', leftBecause.over, 1);
  const out = join(sluice.folder, 'over.ndjson');
  const args = ['dlq', 'drop', '--job', completeJobId, '--out', out, '--yes'];
  const { dropped, rowsWrittenOff } = await sluice.json<{ dropped: number; rowsWrittenOff: number }>(args);
  expectEqual('dlq drop of a job that is over', [dropped, rowsWrittenOff], [1, 0]);
  return sent;
};

/** A row as the export has to have it. */
const exportedRow = ({ row, line, fate, values = [], hundredths }: ExpectedRow) => ({
  row,
  line,
  status: fate === 'unwanted' ? 'FAILED' : 'DONE',
  data: Object.fromEntries(columns.map((name, index) => [name, values[index] ?? null])),
  ...(fate === 'unwanted'
    ? { error: { code: 'UNWANTED', message: 'expected goods that are wanted, found others' } }
    : { result: { hundredths: String(hundredths).padStart(3, '0') } }),
});

const compareRows = (what: string, found: readonly unknown[], wanted: readonly unknown[]): void => {
  const at = wanted.findIndex((row, index) => !isDeepStrictEqual(row, found[index]));
  if (at >= 0) expectEqual(`${what}, row at ${at}`, found[at], wanted[at]);
  expectEqual(`${what}, rows`, found.length, wanted.length);
};

/** What a spreadsheet takes for a formula stands behind an apostrophe in a CSV. */
const csvField = (value: unknown): string => {
  if (value === null) return '';
  const text = String(value);
  return typeof value === 'string' && /^[=+\-@\t\r]/.test(text) && !/^[-+]?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
};

/** What is planned for the file under the deployment's own settings, and what `status` says was predicted of its job. */
const lookAtPrediction = async ({ sluice, file }: Stage, say: Say, jobId: string): Promise<void> => {
  const path = join(sluice.folder, 'planned.csv');
  writeFileSync(path, file.bytes);
  const planned = await sluice.json<Planned>(['plan', path, '--stack', sluice.stack]);
  expectEqual('plan', planned.file.rows, file.rows.length);
  const { prediction } = await sluice.json<Predicted>(['status', jobId]);
  const [predicted = 0, actual = 0] = [prediction?.seconds, prediction?.actualSeconds ?? 0];
  expectEqual('status, predicted and actual', [predicted > 0, actual > 0, planned.dollars > 0], [true, true, true]);
  say(`planned ${planned.seconds.toFixed(0)} s, predicted ${predicted.toFixed(0)} s, took ${actual.toFixed(0)} s here`);
};

/** A job that is COMPLETE: verified, exported both ways, a row of each kind looked up, a page about it. */
export const lookAtResults = async (stage: Stage, say: Say): Promise<void> => {
  const { sluice, file } = stage;
  const jobId = await findJobId(stage, key);
  const verified = await sluice.json<Verified>(['verify', jobId]);
  expectEqual('verify', [verified.verdict, verified.counted], ['holds', totalsOf(file)]);
  await lookAtPrediction(stage, say, jobId);

  const accepted = file.rows.filter(isAccepted).map(exportedRow);
  const ndjson = await sluice(['export', jobId]);
  compareRows(
    'export',
    ndjson
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    accepted,
  );
  const out = join(sluice.folder, 'rows.csv');
  await sluice(['export', jobId, '--format', 'csv', '--out', out]);
  const [header, ...records] = parseCsv(readFileSync(out, 'utf8'));
  expectEqual('export, header', header?.slice(3, 3 + columns.length), columns);
  compareRows(
    'export to CSV',
    records.map((fields) => fields.slice(0, 3 + columns.length)),
    accepted.map(({ row, line, status, data }) => [
      String(row),
      String(line),
      status,
      ...columns.map((name) => csvField(data[name])),
    ]),
  );

  for (const [fate, state] of [
    ['done', 'DONE'],
    ['unwanted', 'FAILED'],
    ['rejected', 'REJECTED'],
  ] as const) {
    const wanted = file.rows.find((row) => row.fate === fate);
    const story = await sluice.json<Story>(['where', jobId, String(wanted?.row), '--content']);
    expectEqual(
      `where a row is ${fate}`,
      [story.state, story.error?.code ?? 'none'],
      [state, fate === 'unwanted' ? 'UNWANTED' : (wanted?.code ?? 'none')],
    );
  }

  const page = join(sluice.folder, 'report.html');
  await sluice(['report', jobId, '--out', page]);
  const markup = readFileSync(page, 'utf8');
  expectEqual(
    'report',
    [markup.includes('COMPLETE'), /<script/i.test(markup), markup.includes(file.rows.length.toLocaleString('en-US'))],
    [true, false, true],
  );
  say(`${accepted.length} rows exported as they should be`);
};

/** The rejected rows, mended and uploaded again, are all done. */
export const mendRejects = async (stage: Stage, say: Say): Promise<void> => {
  const { sluice, file } = stage;
  const out = join(sluice.folder, 'rejects.csv');
  const jobId = await findJobId(stage, key);
  const { rows, reasons } = await sluice.json<{ rows: number; reasons: string }>([
    'rejects',
    jobId,
    '--out',
    out,
    '--force',
  ]);
  expectEqual('rejects', rows, totalsOf(file).rejected);
  const bytes = readFileSync(out);
  expectEqual('rejects, header', bytes.subarray(0, file.header.length).toString(), file.header);
  // Somebody mends each by what its reason says. Here all of them are written anew.
  const mended = readFileSync(reasons, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => `${(JSON.parse(line) as { row: number }).row},wanted,1.00,01.01.2026,mended\n`);
  const again = await uploadBytes(
    stage,
    'mended.csv',
    `${inboxPrefix}mended.csv`,
    Buffer.from(`${file.header}\n${mended.join('')}`),
  );
  const { ledger } = await waitByCommand(stage, again, 'COMPLETE', 0);
  expectEqual('the mended rows', ledger, { rows, rejected: 0, done: rows, failed: 0, dead: 0, open: 0 });
  say(`${rows} rejected rows are done`);
};

/** The processor is mended: the rows that it refused are sent again, as a job of their own, and once only. */
export const retryFailed = async (stage: Stage, say: Say): Promise<void> => {
  const { sluice, service, file } = stage;
  service.mend();
  const jobId = await findJobId(stage, key);
  const retried = await sluice.json<{ rows: number; jobId: string }>(['retry', jobId, '--failed']);
  const { failed } = totalsOf(file);
  expectEqual('retry', retried.rows, failed);
  const { ledger } = await waitByCommand(stage, retried.jobId, 'COMPLETE', 0);
  expectEqual('the retried rows', ledger, { rows: failed, rejected: 0, done: failed, failed: 0, dead: 0, open: 0 });
  await sluice(['verify', retried.jobId]);
  await sluice(['retry', jobId, '--failed'], 1);

  const first = file.rows.find(({ fate }) => fate === 'unwanted');
  const story = await sluice.json<Story>(['where', jobId, String(first?.row)]);
  const back = await sluice.json<Story>(['where', retried.jobId, '1']);
  const again = (story['sentAgain'] as readonly { readonly row: number; readonly jobId?: string }[])[0];
  const from = back['sentFrom'] as { readonly jobId: string; readonly row: number } | undefined;
  expectEqual('where a row was sent again', [story.state, again?.row, again?.jobId], ['FAILED', 1, retried.jobId]);
  expectEqual('where a row came from', [from?.jobId, from?.row], [jobId, first?.row]);
  say(`${failed} failed rows are done, in a job of their own`);
};

const droppedKey = `${inboxPrefix}dropped.csv`;

/** Rows that nobody wants any more: saved, written off, and their job is COMPLETE. */
export const dropDead = async (stage: Stage, say: Say): Promise<void> => {
  const { sluice, service } = stage;
  service.switchOff();
  const jobId = await uploadBytes(stage, 'dropped.csv', droppedKey, smallFile.bytes);
  await waitByCommand(stage, jobId, 'HELD', 1);
  const out = join(sluice.folder, 'dropped.ndjson');
  const args = ['dlq', 'drop', '--job', jobId, '--out', out];
  const tried = await sluice.json<{ matched: number; dropped: number }>(args);
  expectEqual('dlq drop, tried', [tried.matched, tried.dropped, existsSync(out)], [1, 0, false]);
  const dropped = await sluice.json<{ dropped: number; rowsWrittenOff: number }>([...args, '--yes']);
  expectEqual('dlq drop', [dropped.dropped, dropped.rowsWrittenOff], [1, 1]);
  expectEqual('saved letters', readFileSync(out, 'utf8').trimEnd().split('\n').length, 1);
  service.switchOn();
  await waitForState(stage, say, droppedKey, 'COMPLETE', 90);
  const ended = await waitByCommand(stage, jobId, 'COMPLETE', 0);
  // What the processor refused before it was mended is done by now; the row that was dead failed.
  expectEqual('the ledger after the drop', ended.ledger, {
    rows: 5,
    rejected: 2,
    done: 2,
    failed: 1,
    dead: 0,
    open: 0,
  });
  const story = await sluice.json<Story>(['where', jobId, '2']);
  expectEqual('where a row was dropped', [story.state, story.error?.code], ['FAILED', 'DROPPED']);
  say('a dead row is written off, and its job is complete');
};

/** A job that is cancelled before its rows are processed: none of them is. Then nothing of it is left but its ledger. */
export const cancelAndForget = async (stage: Stage, say: Say): Promise<void> => {
  const { cloud, outputs, sluice, service } = stage;
  const rowsOf = async (jobId: string) =>
    (await readTable(cloud, outputs.rows_table)).filter(({ pk }) => pk?.S?.startsWith(`${jobId}#`));
  let jobId = '';
  let calls = 0;
  await whileMessagesWait(stage, 'process-rows', async () => {
    jobId = await uploadBytes(stage, 'cancelled.csv', `${inboxPrefix}cancelled.csv`, smallFile.bytes);
    await waitFor(
      'its rows to wait for the processor',
      async () => {
        const waiting = await countMessages(cloud, outputs.queue_urls.work);
        return waiting > 0 ? { shown: 'they wait', result: true } : { shown: 'none wait yet' };
      },
      { seconds: 60, say, signal: stage.signal },
    );
    calls = service.calls();
    const { state } = await sluice.json<Summary>(['cancel', jobId, '--yes']);
    expectEqual('cancel', state, 'REFUSED');
  });
  await waitFor(
    'its messages to go',
    async () => {
      const waiting = await countMessages(cloud, outputs.queue_urls.work);
      return waiting === 0 ? { shown: 'none is left', result: true } : { shown: `${waiting} messages wait` };
    },
    { seconds: 60, say, signal: stage.signal },
  );
  const items = await rowsOf(jobId);
  const statuses = items.map(({ status }) => status?.S);
  expectEqual('rows of a cancelled job', [statuses, service.calls()], [['PENDING', 'PENDING', 'PENDING'], calls]);
  await sluice(['wait', jobId], 1);
  await sluice(['cancel', jobId, '--yes'], 1);

  await sluice(['forget', jobId, '--yes']);
  expectEqual('rows of a forgotten job', (await rowsOf(jobId)).length, 0);
  const { verdict } = await sluice.json<Verified>(['verify', jobId], 1);
  expectEqual('verify what was forgotten', verdict, 'cannot verify');
  say('no row was processed, and none is left');
};

/** What the doctor is right about here: this deployment is to be destroyed, nobody subscribed to its alarms, and letters were put. */
const chosen: readonly string[] = ['table-protection', 'alarm-subscription', 'dead-letters', 'function-runtime'];

/** Settings that endanger data: none but those that this run chose itself. */
export const lookOver = async ({ sluice }: Stage, say: Say): Promise<void> => {
  type Finding = { readonly id: string; readonly subject: string; readonly result: string; readonly found?: string };
  const findings = await sluice.json<Finding[]>(['doctor'], 1);
  const isFault = ({ result }: Finding): boolean => result === 'error' || result === 'warning';
  const others = findings.filter((finding) => isFault(finding) && !chosen.includes(finding.id));
  failWith(
    'the doctor found',
    others.map(({ id, subject, result, found }) => `${result} ${id} ${subject}: ${found}`),
  );
  const errors = findings.filter(({ result }) => result === 'error').map(({ id }) => id);
  expectEqual('errors that the doctor found', errors, ['table-protection', 'table-protection']);
  const script = await sluice(['completion', 'bash']);
  expectEqual('completion', script.includes('redrive'), true);
  const count = (wanted: string): number => findings.filter(({ result }) => result === wanted).length;
  say(`${count('ok')} settings are sound, ${count('not checked')} could not be looked at`);
};
