import { cancelledReason } from '@sluice/core/ledger';
import { createMemoryDeadLetters } from '@sluice/core/memory-dead-letters';
import type { Job } from '@sluice/core/ports/job-store';
import { queueNames } from '@sluice/core/ports/queue';
import { createScriptedQueue, refuse } from '@sluice/core/scripted-queue';
import { createVirtualClock } from '@sluice/core/virtual-clock';
import { describe, expect, it } from 'vitest';
import { jobId, startsAt } from '../operate-harness.ts';
import {
  auditBody,
  chunkBody,
  createDlqHarness,
  csvOf,
  finishedBody,
  markOfRow,
  noFilter,
  rowsBody,
  sentAt,
  uploadBody,
  withFaults,
} from './dlq-harness.ts';
import { type RedriveFlags, redrive } from './redrive.ts';

const flags: RedriveFlags = { ...noFilter, rate: 50, yes: true };

type Harness = ReturnType<typeof createDlqHarness>;

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

const withLetters = async (harness: Harness, rows: readonly number[]): Promise<void> => {
  await harness.addJob({ csv: csvOf(Math.max(...rows)), fate: 'PENDING', marks: rows.map((row) => markOfRow(row)) });
  harness.lay(
    'work',
    rows.map((row) => rowsBody([row])),
  );
};

const marked = ({ jobs }: Harness): (number | undefined)[] => jobs.marksOf(jobId).map(({ row }) => row);

describe('without --yes', () => {
  it('says what would be sent, and changes nothing', async () => {
    const harness = createDlqHarness();
    await withLetters(harness, [1, 2, 3]);
    expect(await harness.run(redrive(harness.session, { ...flags, yes: false }))).toBe(0);
    expect(harness.lines()).toEqual([
      '  queue  stage         code             letters  rows  jobs  oldest  newest',
      '  work   process-rows  PROCESSOR_ERROR        3     3     1     1 h     1 h',
      '',
      '  3 letters with 3 rows of 1 job would go back to where they came from',
    ]);
    expect(harness.value()).toMatchObject({ seen: 3, matched: 3, sent: 0, left: 0, failed: 0, isDryRun: true });
    expect(harness.notes).toEqual(['nothing was sent: --yes does it. Mend the cause first, or they come back.']);
    expect(harness.visible()).toHaveLength(3);
    expect(marked(harness)).toEqual([1, 2, 3]);
    for (const name of queueNames) expect(harness.queues[name].sends).toEqual([]);
  });
});

describe('with --yes', () => {
  it('sends each letter as it is to the queue it came from, deletes it, and takes its marks back', async () => {
    const harness = createDlqHarness();
    const { run, session, lay, queues, visible, addJob, jobs } = harness;
    await addJob({
      csv: csvOf(20),
      fate: 'PENDING',
      marks: [markOfRow(1), markOfRow(2), markOfRow(3), { chunk: 1, stage: 'clean-rows' }, markOfRow(9)],
    });
    const laid = {
      uploads: uploadBody('a.csv'),
      chunks: chunkBody(1),
      rows: rowsBody([1]),
      work: rowsBody([2]),
      finished: finishedBody([3]),
      audits: '{"v":0}',
    };
    for (const name of queueNames) lay(name, [laid[name]]);
    expect(await run(redrive(session, flags))).toBe(0);
    for (const name of queueNames) expect(queues[name].bodies[0]).toBe(laid[name]);
    expect(visible()).toEqual([]);
    expect(jobs.marksOf(jobId).map(({ row }) => row)).toEqual([9]);
  });

  it('asks for an audit of each job, once, and says what comes next', async () => {
    const harness = createDlqHarness();
    await withLetters(harness, [1, 2]);
    await harness.run(redrive(harness.session, flags));
    expect(harness.queues.audits.bodies).toEqual([auditBody()]);
    expect(harness.notes).toEqual(['sluice status JOB --watch shows what becomes of them']);
    expect(harness.value()).toMatchObject({ seen: 2, matched: 2, sent: 2, left: 0, failed: 0, isDryRun: false });
    expect(harness.lines().at(-1)).toBe('  2 of 2 letters sent back to where they came from');
  });

  it('takes the mark of a row back before it sends the row', async () => {
    const harness = createDlqHarness();
    await withLetters(harness, [1]);
    const names: string[] = [];
    const operator = withFaults(harness.operator, (_, name) => {
      names.push(name);
      return undefined;
    });
    await harness.run(redrive({ ...harness.session, operator }, flags));
    const at = ['jobs.removeMarks', 'queues.work.sendBatch', 'deadLetters.work.remove'].map((name) =>
      names.indexOf(name),
    );
    expect(at).toEqual(at.toSorted((a, b) => a - b));
    expect(at).not.toContain(-1);
  });

  it('leaves the mark on a chunk when a row of it is sent', async () => {
    const { run, session, addJob, lay, jobs } = createDlqHarness();
    await addJob({ csv: csvOf(3), fate: 'PENDING', marks: [{ chunk: 0 }] });
    lay('work', [rowsBody([1])]);
    await run(redrive(session, flags));
    expect(jobs.marksOf(jobId)).toHaveLength(1);
  });

  it('leaves what does not fit the filters, with its marks', async () => {
    const harness = createDlqHarness();
    await withLetters(harness, range(5));
    expect(await harness.run(redrive(harness.session, { ...flags, job: jobId, row: [2, 3] }))).toBe(0);
    expect(harness.visible()).toEqual([1, 4, 5].map((row) => rowsBody([row])));
    expect(marked(harness)).toEqual([1, 4, 5]);
    expect(harness.value()).toMatchObject({ seen: 5, matched: 2, sent: 2, left: 3, leftBecause: { notSelected: 3 } });
  });

  it('leaves a pack that holds other rows, and says so', async () => {
    const { run, session, addJob, lay, visible, lines, value, queues } = createDlqHarness();
    await addJob({ csv: csvOf(5), fate: 'PENDING' });
    lay('work', [rowsBody([1, 2]), rowsBody([2, 3])]);
    await run(redrive(session, { ...flags, job: jobId, row: [2, 3] }));
    expect(visible()).toEqual([rowsBody([1, 2])]);
    expect(queues.work.bodies).toEqual([rowsBody([2, 3])]);
    expect(value()).toMatchObject({ sent: 1, leftBecause: { otherRows: 1 } });
    expect(lines()).toContain(
      '  1 letter left: they hold other rows as well, and a letter goes as a whole or not at all',
    );
  });

  it('leaves what came after it began: it may be what it sent a moment ago', async () => {
    const clock = createVirtualClock(startsAt);
    const work = createMemoryDeadLetters({ now: () => clock.now() });
    // Whatever is sent dies again at once.
    const queue = createScriptedQueue((entries) => {
      clock.pass(1);
      for (const { body } of entries) work.put(body);
      return { sent: entries.map(({ id }) => id), failed: [] };
    });
    const harness = createDlqHarness({ clock, deadLetters: { work }, queues: { work: queue } });
    await withLetters(harness, range(3));
    expect(await harness.run(redrive(harness.session, flags))).toBe(0);
    expect(harness.value()).toMatchObject({ sent: 3, leftBecause: { sinceStart: 3 } });
  });

  it('leaves letters of a job whose rows were deleted: they would come back', async () => {
    const { run, session, addJob, lay, visible, value } = createDlqHarness();
    await addJob({ csv: csvOf(1), job: { state: 'COMPLETE', forgottenAt: 1 } });
    lay('rows', [rowsBody([1])]);
    await run(redrive(session, flags));
    expect([visible().length, value()]).toMatchObject([1, { sent: 0, leftBecause: { forgotten: 1 } }]);
  });

  it.each<[string, Partial<Job>]>([
    ['complete', { state: 'COMPLETE' }],
    ['cancelled', { state: 'REFUSED', reason: cancelledReason }],
  ])('leaves letters of a job that is %s: its rows would be processed once more for nothing', async (_, job) => {
    const { run, session, addJob, lay, visible, value, lines } = createDlqHarness();
    await addJob({ csv: csvOf(1), job });
    lay('work', [rowsBody([1])]);
    expect(await run(redrive(session, flags))).toBe(0);
    expect([visible().length, value()]).toMatchObject([1, { sent: 0, leftBecause: { over: 1 } }]);
    expect(lines().at(-1)).toContain('1 letter left: they are of a job that is complete or cancelled');
  });

  it('sends letters of a job that was refused: rows of it are still processed', async () => {
    const { run, session, addJob, lay, value } = createDlqHarness();
    await addJob({ csv: csvOf(1), job: { state: 'REFUSED', reason: { code: 'TOO_MANY_REJECTS', message: 'half' } } });
    lay('work', [rowsBody([1])]);
    await run(redrive(session, flags));
    expect(value()).toMatchObject({ sent: 1 });
  });

  it('keeps a letter that its queue does not take, puts its marks back, and fails', async () => {
    const refusing = createScriptedQueue((entries) => refuse([entries[1]?.id ?? ''], entries, true));
    const harness = createDlqHarness({ queues: { work: refusing } });
    await withLetters(harness, range(3));
    expect(await harness.run(redrive(harness.session, flags))).toBe(1);
    expect(harness.visible()).toEqual([rowsBody([2])]);
    expect(marked(harness)).toEqual([2]);
    expect(harness.value()).toMatchObject({ matched: 3, sent: 2, failed: 1 });
    expect(harness.notes).toContain('1 letter not sent, work did not take them: InternalError');
  });

  it('says which letters could not be deleted: they come twice', async () => {
    const clock = createVirtualClock(startsAt);
    const work = createMemoryDeadLetters({
      now: () => clock.now(),
      remove: ({ body }) => (body === rowsBody([2]) ? 'failed' : undefined),
    });
    const harness = createDlqHarness({ clock, deadLetters: { work } });
    await withLetters(harness, range(3));
    expect(await harness.run(redrive(harness.session, flags))).toBe(1);
    expect(harness.visible()).toEqual([rowsBody([2])]);
    expect(harness.value()).toMatchObject({ sent: 3, failed: 0, notRemoved: 1 });
    expect(harness.lines().at(-1)).toBe(
      '  1 letter sent but not deleted: they are here still, and coming twice does no harm',
    );
  });

  it('ends when batch after batch is refused', async () => {
    const refusing = createScriptedQueue((entries) =>
      refuse(
        entries.map(({ id }) => id),
        entries,
        true,
      ),
    );
    const harness = createDlqHarness({ queues: { work: refusing } });
    await withLetters(harness, range(80));
    expect(await harness.run(redrive(harness.session, flags))).toBe(1);
    expect(refusing.sends).toHaveLength(3);
    expect(harness.visible()).toHaveLength(80);
    expect(marked(harness)).toHaveLength(80);
    expect(harness.notes).toContain('stopped: of 3 batches in a row nothing went through');
  });

  it('tells what it did when a service fails for good', async () => {
    const harness = createDlqHarness();
    await withLetters(harness, range(15));
    let sends = 0;
    const operator = withFaults(harness.operator, (_, name) => {
      if (name === 'queues.work.sendBatch') sends++;
      return name === 'jobs.removeMarks' && sends === 1 ? 'before' : undefined;
    });
    await expect(harness.run(redrive({ ...harness.session, operator }, flags))).rejects.toThrow('lost');
    expect(harness.value()).toMatchObject({ matched: 15, sent: 10, failed: 5 });
    expect(harness.visible()).toHaveLength(5);
    expect(marked(harness)).toEqual([11, 12, 13, 14, 15]);
  });
});

describe('the rate', () => {
  it.each([
    [1, 30],
    [7, 60],
    [50, 200],
  ])('is kept: %i a second', async (rate, letters) => {
    const sends: [at: number, entries: number][] = [];
    const clock = createVirtualClock(startsAt);
    const queue = createScriptedQueue((entries) => {
      sends.push([clock.now(), entries.length]);
      return { sent: entries.map(({ id }) => id), failed: [] };
    });
    const harness = createDlqHarness({ clock, queues: { work: queue } });
    await withLetters(harness, range(letters));
    await harness.run(redrive(harness.session, { ...flags, rate }));
    expect(sends.reduce((sum, [, count]) => sum + count, 0)).toBe(letters);
    for (const [from] of sends) {
      const inSecond = sends.filter(([at]) => at >= from && at < from + 1000);
      // A call's letters go at once.
      const burst = Math.min(10, rate);
      expect(inSecond.reduce((sum, [, count]) => sum + count, 0)).toBeLessThanOrEqual(rate + burst);
    }
    const seconds = ((sends.at(-1)?.[0] ?? 0) - (sends[0]?.[0] ?? 0)) / 1000;
    expect(seconds).toBeGreaterThanOrEqual(letters / rate - 1.5);
    expect(seconds).toBeLessThanOrEqual(letters / rate + 2);
  });

  it('tells how far it is now and then', async () => {
    const harness = createDlqHarness();
    await withLetters(harness, range(30));
    await harness.run(redrive(harness.session, { ...flags, rate: 1 }));
    expect(harness.notes).toEqual(['11 sent', '21 sent', 'sluice status JOB --watch shows what becomes of them']);
  });
});

describe('an interrupt', () => {
  it('ends it after the batch under way, and the rest is as it was', async () => {
    const interrupt = new AbortController();
    const queue = createScriptedQueue((entries) => {
      interrupt.abort();
      return { sent: entries.map(({ id }) => id), failed: [] };
    });
    const harness = createDlqHarness({ queues: { work: queue }, signal: interrupt.signal });
    await withLetters(harness, range(35));
    expect(await harness.run(redrive(harness.session, flags))).toBe(1);
    expect(queue.sends).toHaveLength(1);
    expect(harness.visible()).toEqual(
      range(35)
        .slice(10)
        .map((row) => rowsBody([row])),
    );
    expect(marked(harness)).toEqual(range(35).slice(10));
    expect(harness.value()).toMatchObject({ sent: 10, failed: 0 });
    expect(harness.queues.audits.bodies).toHaveLength(1);
    expect(harness.notes).toContain('interrupted: what was not reached stays where it is');
  });

  it('ends its waiting for the rate', async () => {
    const interrupt = new AbortController();
    const clock = createVirtualClock(startsAt);
    const harness = createDlqHarness({ clock, signal: interrupt.signal });
    await withLetters(harness, range(5));
    const work = redrive(harness.session, { ...flags, rate: 1 });
    clock.sleep(1_500).then(() => interrupt.abort());
    expect(await harness.run(work)).toBe(1);
    expect(harness.queues.work.bodies).toHaveLength(2);
    expect(harness.visible()).toHaveLength(3);
  });
});

it('does not say that there is nothing where it could not look', async () => {
  const harness = createDlqHarness();
  const operator = withFaults(harness.operator, (_, name) => (name.endsWith('.count') ? 'before' : undefined));
  await expect(harness.run(redrive({ ...harness.session, operator }, flags))).rejects.toThrow('lost');
  expect(() => harness.lines()).toThrow('found 0');
});

it('has nothing to send where there is nothing', async () => {
  const { run, session, lines, notes } = createDlqHarness();
  expect(await run(redrive(session, flags))).toBe(0);
  expect([lines(), notes]).toEqual([['nothing to send'], []]);
});

it('takes letters by their age', async () => {
  const harness = createDlqHarness();
  await harness.addJob({ csv: csvOf(2), fate: 'PENDING' });
  harness.lay('work', [rowsBody([1])], sentAt);
  harness.lay('work', [rowsBody([2])], startsAt - 60_000);
  await harness.run(redrive(harness.session, { ...flags, olderThan: 600_000 }));
  expect(harness.visible()).toEqual([rowsBody([2])]);
});
