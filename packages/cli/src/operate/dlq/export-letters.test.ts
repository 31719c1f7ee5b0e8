import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { jobId } from '../operate-harness.ts';
import { createDlqHarness, csvOf, makeFolder, markOfRow, noFilter, rowsBody, withFaults } from './dlq-harness.ts';
import { exportLetters } from './export-letters.ts';

const flagsIn = (folder: string) => ({ ...noFilter, out: join(folder, 'letters.ndjson'), force: false });

it('saves letters whole, also those that nobody can read, and leaves them', async () => {
  const flags = flagsIn(makeFolder());
  const { run, session, addJob, lay, lines, visible, value } = createDlqHarness();
  await addJob({ csv: csvOf(2), fate: 'PENDING', marks: [markOfRow(1)] });
  lay('work', [rowsBody([1]), 'no \u001b message']);
  expect(await run(exportLetters(session, flags))).toBe(0);
  const saved = readFileSync(flags.out, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(saved).toMatchObject([
    { queue: 'work', id: 'letter-1', body: rowsBody([1]), errors: [{ row: 1, code: 'PROCESSOR_ERROR' }] },
    { body: 'no \u001b message', errors: [{ code: 'MESSAGE_INVALID' }] },
  ]);
  expect(statSync(flags.out).mode & 0o777).toBe(0o600);
  expect(lines()).toEqual([`2 letters in ${flags.out}: content and all, readable for you alone`]);
  expect([value(), visible().length]).toMatchObject([{ seen: 2, saved: 2 }, 2]);
});

it('saves what fits the filters alone', async () => {
  const flags = flagsIn(makeFolder());
  const { run, session, addJob, lay } = createDlqHarness();
  await addJob({ csv: csvOf(3), fate: 'PENDING' });
  lay('work', [rowsBody([1]), rowsBody([2, 3]), rowsBody([3])]);
  await run(exportLetters(session, { ...flags, job: jobId, row: [2, 2] }));
  expect(readFileSync(flags.out, 'utf8')).toContain(JSON.stringify(rowsBody([2, 3])));
  expect(readFileSync(flags.out, 'utf8').split('\n')).toHaveLength(2);
});

it('replaces a file with --force alone', async () => {
  const flags = flagsIn(makeFolder());
  writeFileSync(flags.out, 'mine');
  const { run, session, lay } = createDlqHarness();
  lay('work', ['a']);
  await expect(run(exportLetters(session, flags))).rejects.toThrow(
    '--out: expected no such file (--force replaces it)',
  );
  expect(readFileSync(flags.out, 'utf8')).toBe('mine');
  expect(await run(exportLetters(session, { ...flags, force: true }))).toBe(0);
  expect(readFileSync(flags.out, 'utf8')).toContain('"body":"a"');
});

it('leaves no file behind when a service fails or somebody interrupts', async () => {
  const folder = makeFolder();
  const { run, session, lay, operator, visible } = createDlqHarness();
  lay('work', ['a']);
  let receives = 0;
  const failing = withFaults(operator, (_, name) =>
    name === 'deadLetters.work.receive' && ++receives > 1 ? 'before' : undefined,
  );
  await expect(run(exportLetters({ ...session, operator: failing }, flagsIn(folder)))).rejects.toThrow('lost');
  expect([readdirSync(folder), visible()]).toEqual([[], ['a']]);
  const interrupted = { ...session, signal: AbortSignal.abort() };
  expect(await run(exportLetters(interrupted, flagsIn(folder)))).toBe(1);
  expect(existsSync(flagsIn(folder).out)).toBe(false);
});
