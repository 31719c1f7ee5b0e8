import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { queueNames } from '@sluice/core/ports/queue';
import { describe, expect, it } from 'vitest';
import { jobId } from '../operate-harness.ts';
import type { Session } from '../session.ts';
import {
  type CallFault,
  createDlqHarness,
  csvOf,
  finishedBody,
  makeFolder,
  markOfRow,
  noFilter,
  rowsBody,
  withFaults,
} from './dlq-harness.ts';
import { drop } from './drop.ts';
import { hiddenSeconds } from './read-letters.ts';
import { redrive } from './redrive.ts';

// Every call of a service in its turn fails, and whatever became of it, each row is accounted for, and the same command
// ends the work.

/** How it ends at a call, by its number: fails once, for good, or the process dies there; before the call takes effect, or after. */
const ways = {
  'fails once': (at, call) => (call === at ? 'before' : undefined),
  'takes effect, and its answer is lost': (at, call) => (call === at ? 'after' : undefined),
  'fails with all that are like it': (at, call, name, first) =>
    call >= at && name === first(at) ? 'before' : undefined,
  'takes effect, and all answers like it are lost': (at, call, name, first) =>
    call >= at && name === first(at) ? 'after' : undefined,
  'finds the process dead': (at, call) => (call >= at ? 'before' : undefined),
  'is the last of its process': (at, call) => (call === at ? 'after' : call > at ? 'before' : undefined),
} as const satisfies Record<
  string,
  (at: number, call: number, name: string, nameOf: (call: number) => string | undefined) => CallFault
>;
type Way = keyof typeof ways;

const rowsWithLetters = [1, 2, 3, 4, 5, 6, 11, 12, 13, 14];
const rowsWithoutLetters = [7, 15];

/** Rows that died in every stage, in the table and not, with letters and without; a row of a letter that is final by now. */
const createWorld = async () => {
  const harness = createDlqHarness();
  await harness.addJob({
    csv: csvOf(20),
    fates: {
      1: 'PENDING',
      2: 'PENDING',
      3: 'ABSENT',
      4: 'ABSENT',
      5: 'PENDING',
      6: 'ABSENT',
      7: 'PENDING',
      11: 'PENDING',
      12: 'PENDING',
      13: 'ABSENT',
      15: 'ABSENT',
    },
    marks: [
      ...[1, 2, 11, 12, 14].map((row) => markOfRow(row)),
      ...[3, 4, 13].map((row) => markOfRow(row, { stage: 'store-rows', code: 'UNKNOWN' })),
      ...[5, 6].map((row) => markOfRow(row, { stage: 'finish-rows', code: 'UNKNOWN' })),
      ...rowsWithoutLetters.map((row) => markOfRow(row, { code: 'ROW_REFUSED', permanent: true })),
    ],
    job: { state: 'HELD' },
  });
  harness.lay('rows', [rowsBody([3, 4]), rowsBody([13])]);
  harness.lay('work', [rowsBody([1]), rowsBody([2]), rowsBody([1]), rowsBody([11, 12]), rowsBody([14])]);
  harness.lay('finished', [finishedBody([5]), finishedBody([6])]);
  harness.lay('chunks', ['{"v":99}']);
  return harness;
};

type World = Awaited<ReturnType<typeof createWorld>>;

const rowsIn = (body: string): number[] => {
  const { rows, outcomes } = JSON.parse(body) as { rows?: [number, number][]; outcomes?: [number, number][] };
  return (rows ?? outcomes ?? []).map(([, row]) => row);
};

const lyingRows = ({ lying }: World): Set<number> => new Set(queueNames.flatMap(lying).flatMap(rowsIn));
const sentRows = ({ queues }: World): Set<number> =>
  new Set(queueNames.filter((name) => name !== 'audits').flatMap((name) => queues[name].bodies.flatMap(rowsIn)));
const finalRows = ({ rows }: World): Set<number> =>
  new Set(rows.rowsOf(jobId).flatMap(({ row, status }) => (status === 'PENDING' ? [] : [row])));

type Command = (session: Session) => Promise<number>;

/** Runs a command; what it throws is how it ended. */
const end = async (world: World, session: Session, command: Command): Promise<number | 'thrown'> =>
  world.run(command(session).catch((): 'thrown' => 'thrown'));

/** The names of the calls of a run without faults, in order. */
const callsOf = async (command: Command): Promise<readonly string[]> => {
  const world = await createWorld();
  const names: string[] = [];
  const operator = withFaults(world.operator, (_, name) => {
    names.push(name);
    return undefined;
  });
  expect(await end(world, { ...world.session, operator }, command)).toBe(0);
  return names;
};

/** Every way at every call, until no call is left. */
const sweep = async (
  way: Way,
  command: (attempt: number) => Command,
  holdsAfter: (world: World) => void,
  holdsAtTheEnd: (world: World) => void,
): Promise<void> => {
  const calls = await callsOf(command(0));
  for (let at = 1; at <= calls.length; at++) {
    const world = await createWorld();
    const operator = withFaults(world.operator, (call, name) => ways[way](at, call, name, (first) => calls[first - 1]));
    await end(world, { ...world.session, operator }, command(at));
    holdsAfter(world);
    world.clock.pass(hiddenSeconds * 1000);
    const again = { ...world.session, output: { ...world.session.output, result: () => undefined } };
    expect({ at, call: calls[at - 1], status: await end(world, again, command(-at)) }).toMatchObject({ status: 0 });
    holdsAtTheEnd(world);
  }
};

const names = Object.keys(ways) as Way[];

describe('redrive', () => {
  const command = (): Command => (session) => redrive(session, { ...noFilter, rate: 50, yes: true });

  it.each(names)('loses no row when a call %s, and ends the work the next time', async (way) => {
    await sweep(
      way,
      command,
      (world) => {
        const lying = lyingRows(world);
        const sent = sentRows(world);
        for (const row of rowsWithLetters) expect(lying.has(row) || sent.has(row)).toBe(true);
        // Nothing but the rows that have no letter is dead and nowhere.
        for (const { row } of world.jobs.marksOf(jobId)) {
          expect(lying.has(row ?? 0) || sent.has(row ?? 0) || rowsWithoutLetters.includes(row ?? 0)).toBe(true);
        }
      },
      (world) => {
        expect(queueNames.flatMap(world.lying)).toEqual([]);
        const sent = sentRows(world);
        for (const row of rowsWithLetters) expect(sent.has(row)).toBe(true);
        expect(world.jobs.marksOf(jobId).map(({ row }) => row)).toEqual(rowsWithoutLetters);
      },
    );
  });

  it('makes as many calls as the test above thinks', async () => {
    const calls = await callsOf(command());
    for (const name of ['jobs.removeMarks', 'queues.work.sendBatch', 'deadLetters.work.remove', 'jobs.listMarks']) {
      expect(calls).toContain(name);
    }
  });
});

describe('drop', () => {
  const flags = { ...noFilter, job: jobId, rate: 50, yes: true };
  const saved = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

  it.each(names)('loses no row when a call %s, and ends the work the next time', async (way) => {
    const parent = makeFolder();
    let first = '';
    const before = (await createWorld()).rows.rowsOf(jobId);
    await sweep(
      way,
      (attempt) => (session) => {
        const out = join(parent, String(attempt));
        if (attempt >= 0) first = out;
        return drop(session, { ...flags, out });
      },
      (world) => {
        const lying = lyingRows(world);
        const final = finalRows(world);
        for (const row of rowsWithLetters) expect(lying.has(row) || final.has(row)).toBe(true);
        // What a letter held is in the file before it is gone.
        const file = saved(first);
        for (const row of rowsWithLetters) if (!lying.has(row)) expect(file).toContain(`SECRET-${row}`);
        // A row that is neither final nor in a letter still has its mark.
        const marked = new Set(world.jobs.marksOf(jobId).map(({ row }) => row));
        for (const row of rowsWithoutLetters) expect(marked.has(row) || final.has(row)).toBe(true);
        for (const { row, status, result } of before) {
          if (status !== 'PENDING')
            expect(world.rows.rowsOf(jobId)).toContainEqual(expect.objectContaining({ row, status, result }));
        }
      },
      (world) => {
        expect(queueNames.filter((name) => name !== 'chunks').flatMap(world.lying)).toEqual([]);
        const final = finalRows(world);
        expect([...final].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
        for (const { row, status, error } of world.rows.rowsOf(jobId)) {
          const isDropped = before.every((stored) => stored.row !== row || stored.status === 'PENDING');
          expect({ row, status, code: error?.code }).toEqual({
            row,
            status: isDropped ? 'FAILED' : 'DONE',
            code: isDropped ? 'DROPPED' : undefined,
          });
        }
        expect(sentRows(world)).toEqual(new Set());
      },
    );
  });

  it('makes as many calls as the test above thinks', async () => {
    const out = join(makeFolder(), 'a');
    const calls = await callsOf((session) => drop(session, { ...flags, out }));
    for (const name of [
      'rows.finish',
      'rows.insert',
      'rows.getRow',
      'objects.readRange',
      'jobs.listChunks',
      'jobs.removeMarks',
    ]) {
      expect(calls).toContain(name);
    }
  });
});
