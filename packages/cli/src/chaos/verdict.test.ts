import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Job, JobState } from '@sluice/core/ports/job-store';
import { realClock } from '@sluice/core/real-clock';
import { parseWiring } from '@sluice/core/wiring';
import { openDatabase } from '@sluice/local-cloud/database';
import { createLocalCloud } from '@sluice/local-cloud/local-cloud';
import { describe, expect, it, onTestFinished } from 'vitest';
import wiringJson from '../../../../infra/wiring.json' with { type: 'json' };
import { inboxBucket, workBucket } from '../buckets.ts';
import type { FactCheck } from './fact-check.ts';
import { judge } from './verdict.ts';

const text = 'a,b\n1,x\n2\n3,z\n';
const jobId = '0123456789abcdefghjkmnpqrs';
const rejectLine = `${JSON.stringify({ row: 2, line: 3, byteStart: 8, byteEnd: 9, code: 'FIELD_COUNT', message: 'm', raw: '2' })}\n`;
const rowLine = (row: number, line: number, a: string, b: string): string =>
  `{"row":${row},"line":${line},"status":"DONE","data":{"a":"${a}","b":"${b}"},"result":{}}\n`;
const rowLines = rowLine(1, 2, '1', 'x') + rowLine(3, 4, '3', 'z');

type Given = {
  readonly state?: JobState;
  readonly values?: readonly string[];
  readonly rows?: string;
  readonly rejects?: string;
  readonly rejected?: number;
  readonly isAnythingLeft?: boolean;
  readonly facts?: readonly (readonly ['I5' | 'I6', string])[];
  readonly packed?: boolean;
  readonly hasResults?: false;
};

/** What is found of a job of three rows, one of them rejected; as the pipeline leaves it but for what is given. */
const findings = async (given: Given = {}): Promise<Record<string, string>> => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const database = openDatabase(':memory:');
  const buckets = { [inboxBucket]: folder, [workBucket]: folder };
  const cloud = createLocalCloud({ wiring: parseWiring(wiringJson, 'local'), clock: realClock, database, buckets });
  onTestFinished(() => {
    cloud.close();
    database.close();
    rmSync(folder, { recursive: true });
  });
  const { objects, rows, jobs } = cloud.services;
  writeFileSync(join(folder, 'a.csv'), given.packed === true ? gzipSync(text) : text);
  writeFileSync(join(folder, 'rows.ndjson'), given.rows ?? rowLines);
  writeFileSync(join(folder, 'rejects.ndjson'), given.rejects ?? rejectLine);
  const head = await objects.head(inboxBucket, 'a.csv');
  if (head === undefined) throw new Error('expected the file, found none');
  const file = { bucket: inboxBucket, key: 'a.csv', ...head };
  const staged = await objects.put(workBucket, 'staged.csv', text);
  const source = given.packed === true ? { bucket: workBucket, key: 'staged.csv', etag: staged.etag } : file;
  await objects.put(workBucket, 'rejects/0', rejectLine);
  const job: Job = {
    jobId,
    file,
    profile: { prefix: '' },
    schemaHash: '',
    codeVersion: '',
    rowsPerMessage: 0,
    createdAt: 0,
    auditAt: 0,
    state: given.state ?? 'COMPLETE',
    layout: {
      source,
      bytes: text.length,
      delimiter: ',',
      columns: ['a', 'b'],
      outputColumns: ['a', 'b'],
      dataStart: 4,
      dataLine: 2,
    },
    plan: { chunks: 1, rows: 3, closedAt: 0 },
    repairs: 0,
  };
  await jobs.createJob(job);
  await jobs.putChunks(jobId, [{ chunk: 0, start: 4, end: text.length, firstRow: 1, rows: 3, firstLine: 2 }]);
  await jobs.putCounts(jobId, 0, { accepted: 2, rejected: given.rejected ?? 1, rejects: 'rejects/0' });
  await jobs.closeChunk(jobId, 0, { done: 2, failed: 0 });
  await rows.insert(jobId, [
    [0, 1, 2, given.values ?? ['1', 'x']],
    [0, 3, 4, ['3', 'z']],
  ]);
  await rows.finish(jobId, [
    [0, 1, 'DONE', {}],
    [0, 3, 'DONE', {}],
  ]);
  const facts: FactCheck = { tell: () => undefined, checkStored: () => undefined, found: new Map(given.facts ?? []) };
  const inbox = { folder, key: 'a.csv', head };
  const found = await judge(
    job,
    inbox,
    (given.hasResults ?? true) ? folder : undefined,
    { objects, rows, jobs },
    facts,
    given.isAnythingLeft ?? false,
  );
  return Object.fromEntries([...found].map(([held, { isBroken, text }]) => [held, isBroken ? 'broken' : text]));
};

describe('what a run has come to', () => {
  it('holds when every row is where it belongs', async () => {
    expect(await findings()).toEqual({});
  });

  it('holds for a packed file, which is read from its copy', async () => {
    expect(await findings({ packed: true })).toEqual({});
  });

  it.each<readonly [string, Given, string]>([
    ['a line of rows.ndjson is missing', { rows: rowLine(1, 2, '1', 'x') }, 'files'],
    ['a line of rows.ndjson stands twice', { rows: rowLines + rowLine(3, 4, '3', 'z') }, 'files'],
    ['a line of rows.ndjson holds another value', { rows: rowLines.replace('"x"', '"xx"') }, 'files'],
    ['a line of rows.ndjson tells of a dead row', { rows: rowLines.replace('DONE', 'DEAD') }, 'files'],
    ['a line of rejects.ndjson is missing', { rejects: '' }, 'files'],
    ['a line of rejects.ndjson holds other bytes', { rejects: rejectLine.replace('"raw":"2"', '"raw":"3"') }, 'files'],
    ['there are no results', { hasResults: false }, 'files'],
    ['something was left aside', { isAnythingLeft: true }, 'rest'],
    ['the job never ended', { state: 'OPEN' }, 'rest'],
    ['rows are held that nobody gave up', { state: 'HELD' }, 'rest'],
    ['something took effect twice', { facts: [['I5', 'twice']] }, 'I5'],
  ])('does not hold when %s', async (_, given, held) => {
    expect(await findings(given)).toEqual({ [held]: 'broken' });
  });

  it('says of what could not be looked at that it is not known', async () => {
    const unknown = 'not known: I1 broke first';
    expect(await findings({ values: ['1', 'y'] })).toEqual({
      I1: 'broken',
      ...Object.fromEntries(['I2', 'I3', 'I4', 'I7', 'I8', 'I9', 'files'].map((held) => [held, unknown])),
    });
    expect(await findings({ rejected: 2, facts: [['I6', 'lost']] })).toMatchObject({ I6: 'broken', I8: 'broken' });
  });

  it('is not looked at when the file changed under it', async () => {
    expect(new Set(Object.values(await findings({ state: 'SUPERSEDED' })))).toEqual(new Set(['the file changed']));
  });
});
