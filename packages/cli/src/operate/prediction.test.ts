import { SluiceError } from '@sluice/core/errors';
import type { Job } from '@sluice/core/ports/job-store';
import { describe, expect, it } from 'vitest';
import { createTerminalHarness } from '../view/terminal-harness.ts';
import type { MetricReader } from './metrics.ts';
import { createOperateHarness, type HarnessSettings, jobId, startsAt } from './operate-harness.ts';
import type { PredictedStatus } from './prediction.ts';
import { status } from './status.ts';

const csv = `a\n${Array.from({ length: 30 }, (_, index) => `v${index + 1}`).join('\n')}\n`;
const ended = { state: 'COMPLETE', announcedAt: startsAt + 93_500 } as const;

/** CloudWatch with a minute of 3 s of each function, and nothing else. */
const durations: MetricReader = async (queries, { from }) =>
  new Map(queries.map(({ id, name }) => [id, name === 'Duration' ? [{ at: from, value: 3_000 }] : []]));

const ask = async (job: Partial<Job>, settings: HarnessSettings = {}) => {
  const harness = createOperateHarness({ metrics: durations, ...settings });
  await harness.addJob({ csv, fates: { 3: 'REJECTED' }, job });
  harness.clock.pass(600_000);
  const { stream: stdout } = createTerminalHarness();
  Object.assign(stdout, { isTTY: false });
  const screen = { stdout, stderr: stdout };
  const exit = await harness.run(status(harness.session, jobId, { watch: false }, screen));
  const found = harness.value() as PredictedStatus;
  return { exit, found, lines: harness.lines(), prediction: found.prediction };
};

describe('a prediction', () => {
  it('is held against what came of a job, in time and cost', async () => {
    const { prediction, lines } = await ask(ended);
    expect(prediction).toEqual({
      seconds: expect.any(Number),
      actualSeconds: 93.5,
      dollars: expect.any(Number),
      actualDollars: expect.any(Number),
      notes: ['The cost is the predicted one with the time that functions ran, those of other jobs meanwhile too.'],
    });
    const { seconds, dollars, actualDollars } = prediction ?? expect.fail();
    expect(seconds).toBeGreaterThan(1);
    // Seven functions of 3 s, of 9.18 GB together, cost more than a job of 30 rows.
    const functions = (3 * (3 * 1769 + 4 * 1024)) / 1024;
    expect((actualDollars ?? 0) - dollars).toBeLessThan(functions * 0.0000133334);
    expect((actualDollars ?? 0) - dollars).toBeGreaterThan(functions * 0.0000133334 * 0.5);
    const more = `${Math.round((93.5 / seconds - 1) * 100)} % more`;
    expect(lines.join('\n')).toContain(`took 1 min 34 s, ${more}   cost about $0.00`);
  });

  it('is made with the settings that the deployment has', async () => {
    const slower = await ask(ended, {
      inspect: {
        function: async () => ({
          state: 'Active',
          lastUpdate: 'Successful',
          runtime: 'nodejs22.x',
          timeoutSeconds: 60,
          memoryMegabytes: 512,
          writeUnitsPerSecond: 1,
        }),
      },
    });
    const usual = await ask(ended);
    // A unit a second for storing and finishing 29 rows.
    expect(slower.prediction?.seconds).toBeGreaterThan((usual.prediction?.seconds ?? 0) + 29);
  });

  it('knows no time of a job whose end was not told, and no cost where CloudWatch has none', async () => {
    const untold = await ask({ state: 'COMPLETE' });
    expect(untold.prediction).toMatchObject({
      actualSeconds: null,
      actualDollars: null,
      notes: ['How long it took is not known: its end was not told yet.'],
    });
    expect(untold.lines.join('\n')).not.toMatch(/took \d/);
    const silent = await ask(ended, { metrics: async () => new Map() });
    expect(silent.prediction).toMatchObject({
      actualSeconds: 93.5,
      actualDollars: null,
      notes: ['What it cost is not known. CloudWatch has no metrics of the stages from the time of this job.'],
    });
    expect(silent.lines.join('\n')).not.toContain('cost about');
  });

  it('of a job that is carried says what is to be expected', async () => {
    const { prediction, lines } = await ask({ state: 'OPEN' });
    expect(prediction).toMatchObject({ actualSeconds: null, actualDollars: null, notes: [] });
    expect(lines.join('\n')).toMatch(/\n {2}predicted \d+ s in all, about \$0\.000\d+\n/);
  });

  it('tells of repairs, which take their time', async () => {
    const { prediction } = await ask({ ...ended, repairs: 2 });
    expect(prediction?.notes[0]).toBe('2 repairs of it took their time, which nobody predicts.');
  });

  it.each<[string, Partial<Job>]>([
    ['was refused', { state: 'REFUSED', reason: { code: 'CANCELLED', message: 'm' }, announcedAt: startsAt }],
    ['was superseded', { state: 'SUPERSEDED', announcedAt: startsAt }],
  ])('is none of a job that %s', async (_, job) => {
    const { found } = await ask(job, { inspect: { function: () => expect.fail('expected nobody to ask') } });
    expect(found).toMatchObject({ prediction: null, unknown: [] });
  });

  it('is left out, with a note, where settings cannot be read', async () => {
    const refuse = () =>
      Promise.reject(new SluiceError('UNKNOWN', 'expected it to succeed, found AccessDeniedException with status 403'));
    const { exit, found, lines } = await ask(ended, { inspect: { mappings: refuse } });
    expect(exit).toBe(0);
    const note =
      "there is no prediction, since the deployment's settings cannot be read: expected it to succeed, found AccessDeniedException with status 403";
    expect(found).toMatchObject({ prediction: null, unknown: [note] });
    expect(lines.join('\n')).toContain(note);
  });

  it('says what it took for want of better', async () => {
    const refuse = () => Promise.reject(new SluiceError('UNKNOWN', 'expected it to succeed, found AccessDenied'));
    const { prediction } = await ask({ state: 'OPEN' }, { inspect: { table: refuse, concurrency: refuse } });
    expect(prediction?.notes).toEqual([
      "What the deployment's table takes at once is not known: it is taken for a new one, 4,000 write units a second.",
      'the table of rows could not be read: expected it to succeed, found AccessDenied',
      "the account's concurrency could not be read: expected it to succeed, found AccessDenied",
    ]);
  });
});
