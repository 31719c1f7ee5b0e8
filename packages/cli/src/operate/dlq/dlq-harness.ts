import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryDeadLetters } from '@sluice/core/memory-dead-letters';
import {
  finishedEnvelope,
  type OutcomeTuple,
  type RowTuple,
  rowsEnvelope,
  serialise,
  serialiseAudit,
  serialiseChunk,
} from '@sluice/core/messages';
import type { DeadMark } from '@sluice/core/ports/job-store';
import { type QueueName, queueNames } from '@sluice/core/ports/queue';
import { serialiseUpload } from '@sluice/core/upload-event';
import { createVirtualClock } from '@sluice/core/virtual-clock';
import { onTestFinished } from 'vitest';
import { createOperateHarness, type HarnessSettings, jobId, startsAt } from '../operate-harness.ts';
import type { Operator } from '../operator.ts';

// Dead letters of a job in memory, and services that fail as they are told. For tests.

/** When letters of the harness were first sent, if nothing else is said. */
export const sentAt = startsAt - 3_600_000;

export const columns = ['id', 'name'] as const;
/** Rows 1 to `count`: in three digits, and a name that must not be seen. */
export const csvOf = (count: number): string =>
  `${columns.join(',')}\n${Array.from({ length: count }, (_, i) => `${i + 1},SECRET-${i + 1}\n`).join('')}`;

export const chunkOf = (row: number, rowsPerChunk = 10): number => Math.floor((row - 1) / rowsPerChunk);

const tupleOf = (row: number): RowTuple => [chunkOf(row), row, row + 1, [String(row), `SECRET-${row}`]];

export const rowsBody = (rows: readonly number[], ofJob = jobId): string => {
  const { head, tail } = rowsEnvelope(ofJob, columns, 4);
  return head + rows.map((row) => serialise(tupleOf(row))).join(',') + tail;
};

export const finishedBody = (rows: readonly number[], ofJob = jobId): string => {
  const { head, tail } = finishedEnvelope(ofJob);
  const outcomes = rows.map((row): OutcomeTuple => [chunkOf(row), row, 'DONE', { secret: `SECRET-${row}` }]);
  return head + outcomes.map(serialise).join(',') + tail;
};

export const chunkBody = (chunk: number, ofJob = jobId): string =>
  serialiseChunk({ jobId: ofJob, chunk, start: 0, end: 9, firstRow: chunk * 10 + 1, rows: 10, firstLine: 2 });

export const uploadBody = (key: string, etag = 'etag'): string =>
  serialiseUpload({ bucket: 'inbox', key, etag, bytes: 3 });

export const auditBody = (ofJob = jobId): string => serialiseAudit(ofJob);

export const markOfRow = (row: number, mark: Partial<DeadMark> = {}): Partial<DeadMark> => ({
  chunk: chunkOf(row),
  row,
  ...mark,
});

/** A deployment whose dead-letter queues go by its clock. */
export const createDlqHarness = (settings: HarnessSettings = {}) => {
  const clock = settings.clock ?? createVirtualClock(startsAt);
  const now = (): number => clock.now();
  const deadLetters = Object.fromEntries(
    queueNames.map((name) => [name, settings.deadLetters?.[name] ?? createMemoryDeadLetters({ now })]),
  ) as Required<NonNullable<HarnessSettings['deadLetters']>>;
  const harness = createOperateHarness({ ...settings, clock, deadLetters });
  return {
    ...harness,
    /** Lays letters into a dead-letter queue. */
    lay: (queue: QueueName, bodies: readonly string[], at = sentAt): readonly string[] =>
      bodies.map((body) => deadLetters[queue].put(body, at)),
    /** Bodies that lie in a dead-letter queue, whoever sees them. */
    lying: (queue: QueueName): readonly string[] => deadLetters[queue].letters.map(({ body }) => body),
    /** Bodies of all that lies there and can be received. */
    visible: (): readonly string[] => queueNames.flatMap((name) => deadLetters[name].visible),
  };
};

export const makeFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-dlq-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

export const noFilter = { json: false } as const;

/** What a call of a service meets. `before`: nothing happens; `after`: it takes effect. Both throw. */
export type CallFault = 'before' | 'after' | undefined;

const fault = (): never => {
  throw new Error('expected an answer, found none');
};

/** The same operator, whose every call is told to `decide`, by its number from 1 and its name, such as `rows.finish`. */
export const withFaults = (operator: Operator, decide: (call: number, name: string) => CallFault): Operator => {
  let calls = 0;
  const wrap = <Port extends object>(port: Port, of: string): Port =>
    new Proxy(port, {
      get(target, property, receiver) {
        const found: unknown = Reflect.get(target, property, receiver);
        if (typeof found !== 'function') return found;
        return (...given: unknown[]): unknown => {
          const met = decide(++calls, `${of}.${String(property)}`);
          const call = () => Reflect.apply(found, target, given) as Promise<unknown> | AsyncIterable<unknown>;
          if (met === undefined) return call();
          const isRead = /^(list|read)/.test(String(property));
          if (isRead) {
            return (async function* () {
              if (met === 'after') for await (const page of call() as AsyncIterable<unknown>) yield page;
              fault();
            })();
          }
          return met === 'before' ? Promise.reject(new Error('lost')) : (call() as Promise<unknown>).then(fault);
        };
      },
    });
  const each = <Ports extends object>(ports: Ports, of: string): Ports =>
    Object.fromEntries(
      Object.entries(ports).map(([name, port]) => [name, wrap(port as object, `${of}.${name}`)]),
    ) as Ports;
  return {
    ...operator,
    jobs: wrap(operator.jobs, 'jobs'),
    rows: wrap(operator.rows, 'rows'),
    objects: wrap(operator.objects, 'objects'),
    queues: each(operator.queues, 'queues'),
    deadLetters: each(operator.deadLetters, 'deadLetters'),
  };
};
