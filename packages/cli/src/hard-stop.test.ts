import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { catchOutput } from '@sluice/core/caught-output';
import { openDatabase, StateDamaged } from '@sluice/local-cloud/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  carry,
  createRandom,
  differenceOf,
  makeFolder,
  type Outcome,
  outcomeOf,
  readReport,
  startCommand,
  untilThere,
  write,
  writeRowsOfEveryFate,
} from './run-harness.ts';

const said = catchOutput();

const rows = 8_000;
/** Where a run is killed, once what came before is stored. */
const lateRow = 6_000;
const killOnceStored =
  "await new Promise((resolve) => setTimeout(resolve, 1_500)); process.kill(process.pid, 'SIGKILL');";
const options = { chunkBytes: 65_536 } as const;

const resultNames = ['.sluice', 'dead.ndjson', 'rejects.ndjson', 'report.html', 'report.json', 'rows.ndjson'];

let shared: string;
let made: ReturnType<typeof writeRowsOfEveryFate>;
let command: readonly string[];
/** What an undisturbed run comes to, how long it takes, and what a killed one leaves. */
let undisturbed: Outcome;
let undisturbedMilliseconds: number;
let killedOut: string;

beforeAll(async () => {
  shared = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  made = writeRowsOfEveryFate(shared, rows, lateRow, killOnceStored);
  command = ['run', made.file, '--processor', made.processor, '--quiet', '--chunk-bytes', '65536', '--out'];
  const startedAt = performance.now();
  expect(await startCommand(...command, join(shared, 'undisturbed')).ended).toBe(1);
  undisturbedMilliseconds = performance.now() - startedAt;
  undisturbed = outcomeOf(join(shared, 'undisturbed'));
  writeFileSync(made.flag, '');
  killedOut = join(shared, 'killed');
  expect(await startCommand(...command, killedOut).ended).toBe('SIGKILL');
  rmSync(made.flag);
}, 60_000);
afterAll(() => rmSync(shared, { recursive: true, force: true }));

const stateIn = (out: string): string => {
  const [run = 'none'] = readdirSync(join(out, '.sluice')).filter((name) => /^[0-9a-f]{32}$/.test(name));
  return join(out, '.sluice', run);
};

/** A copy of what the killed run left. */
const copyKilled = (): string => {
  const out = join(makeFolder(), 'out');
  cpSync(killedOut, out, { recursive: true });
  return out;
};

const goOn = (out: string) => carry(made.file, out, { ...options, processor: made.processor });

const beginsAnew = 'sluice: the state of the earlier run is damaged; beginning anew\n';

const rejectsIn = (out: string): string => {
  const work = join(stateIn(out), 'work');
  const [name = 'none'] = readdirSync(work, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ndjson'),
  );
  return join(work, name);
};

const halve = (path: string): void => truncateSync(path, Math.floor(statSync(path).size / 2));

describe('a run that was killed', () => {
  it('leaves a state that holds rows of every fate', () => {
    expect(readReport(join(shared, 'undisturbed'))).toMatchObject({
      rows: rows + 1,
      rejected: 83,
      failed: 26,
      dead: 3,
      missing: 0,
      verdict: 'HELD',
    });
    expect(statSync(join(stateIn(killedOut), 'state.sqlite-wal')).size).toBeGreaterThan(100_000);
    expect(existsSync(rejectsIn(killedOut))).toBe(true);
  });

  it('ends with the same files when it is run again, and does not begin anew', async () => {
    const out = copyKilled();
    const { report } = await goOn(out);
    expect(differenceOf(outcomeOf(out), undisturbed)).toBeUndefined();
    expect(said).toEqual([]);
    expect(report.stages.find(({ name }) => name === 'store-rows')?.rowsIn).toBeLessThan(rows);
  });

  it('ends with the same files whenever it is killed, and killed again', async () => {
    const seed = Date.now() % 1_000_000;
    const random = createRandom(seed);
    for (let run = 1; run <= 3; run++) {
      const out = join(makeFolder(), 'out');
      const moments: number[] = [];
      for (let kill = 0; kill < run; kill++) {
        const moment = Math.round(undisturbedMilliseconds * random());
        moments.push(moment);
        const { process, ended } = startCommand(...command, out);
        const timer = setTimeout(() => process.kill('SIGKILL'), moment);
        await ended;
        clearTimeout(timer);
      }
      await goOn(out);
      const difference = differenceOf(outcomeOf(out), undisturbed);
      expect(difference, `seed ${seed}, killed after ${moments.join(', ')} ms`).toBeUndefined();
      expect(readdirSync(out).sort()).toEqual(resultNames);
      expect(said).toEqual([]);
    }
  });

  it('leaves nothing half written behind once it is run again', async () => {
    const out = copyKilled();
    for (const name of resultNames.slice(1)) write(join(out, `${name}.tmp`), 'half');
    write(join(stateIn(out), 'work', '.0.tmp'), 'half');
    write(join(rejectsIn(out), '..', '.1.tmp'), 'half');
    await goOn(out);
    expect(differenceOf(outcomeOf(out), undisturbed)).toBeUndefined();
    expect(readdirSync(out).sort()).toEqual(resultNames);
    expect(readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('a run that goes on', () => {
  it('has removed half written results before it needs their room', async () => {
    const folder = makeFolder();
    const [file, out] = [write(join(folder, 'a.csv'), 'a\n1\n'), join(folder, 'out')];
    const processor = write(
      join(folder, 'processor.ts'),
      `import { readdirSync } from 'node:fs';
      import { setTimeout } from 'node:timers/promises';
      import { defineProcessor } from 'sluice';
      const look = () => readdirSync(${JSON.stringify(out)});
      export default defineProcessor({
        name: 'looks',
        async process() {
          for (let looks = 0; look().length > 1 && looks < 200; looks++) await setTimeout(5);
          return { seen: look() };
        },
      });`,
    );
    mkdirSync(join(out, '.sluice'), { recursive: true });
    for (const name of resultNames.slice(1)) write(join(out, `${name}.tmp`), 'half');
    await carry(file, out, { processor });
    expect(readFileSync(join(out, 'rows.ndjson'), 'utf8')).toContain('"result":{"seen":[".sluice"]}');
  });
});

describe('after a power cut', () => {
  it('a run ends with the same files, however much of the log is left', async () => {
    const seed = Date.now() % 1_000_000;
    const random = createRandom(seed);
    for (const rest of ['missing', 'zeros', 'garbage'] as const) {
      const out = copyKilled();
      const log = join(stateIn(out), 'state.sqlite-wal');
      const bytes = readFileSync(log);
      const kept = Math.floor(bytes.length * random());
      if (rest === 'missing') truncateSync(log, kept);
      else writeFileSync(log, bytes.fill(rest === 'zeros' ? 0 : 'x', kept));
      await goOn(out);
      const difference = differenceOf(outcomeOf(out), undisturbed);
      expect(difference, `seed ${seed}, ${kept} bytes of the log left, then ${rest}`).toBeUndefined();
      expect(said).toEqual([]);
    }
  });
});

describe('a damaged state', () => {
  it.each<readonly [string, (out: string) => void]>([
    [
      'is no database',
      (out) => {
        openDatabase(stateIn(out)).close();
        write(join(stateIn(out), 'state.sqlite'), 'x'.repeat(10_000));
      },
    ],
    [
      'was cut',
      (out) => {
        // Closed, so that its pages are in it.
        openDatabase(stateIn(out)).close();
        halve(join(stateIn(out), 'state.sqlite'));
      },
    ],
    [
      'is of another version',
      (out) => {
        const database = openDatabase(stateIn(out));
        database.write(database.prepare('PRAGMA user_version = 99'));
        database.close();
      },
    ],
    ['lost a reject object', (out) => rmSync(rejectsIn(out))],
    ['has an empty reject object', (out) => truncateSync(rejectsIn(out), 0)],
    ['has half a reject object', (out) => halve(rejectsIn(out))],
  ])('that %s is made again, which is said', async (_, damage) => {
    const out = copyKilled();
    damage(out);
    await goOn(out);
    expect(differenceOf(outcomeOf(out), undisturbed)).toBeUndefined();
    expect(said).toEqual([beginsAnew]);
  });

  it.each<readonly [string, (out: string) => void]>([
    [
      'an empty database',
      (out) => ['', '-wal'].map((end) => truncateSync(join(stateIn(out), `state.sqlite${end}`), 0)),
    ],
    ['no database', (out) => rmSync(join(stateIn(out), 'state.sqlite'))],
    ['nothing of the run', (out) => rmSync(stateIn(out), { recursive: true })],
    ['an empty owner', (out) => truncateSync(join(out, '.sluice', 'run'), 0)],
    ['a lock that is garbage', (out) => write(join(out, '.sluice', 'lock'), 'x'.repeat(10_000))],
  ])('with %s is no hindrance', async (_, damage) => {
    const out = copyKilled();
    damage(out);
    await goOn(out);
    expect(differenceOf(outcomeOf(out), undisturbed)).toBeUndefined();
  });

  it('that lost its owner is still that of another run', async () => {
    const out = copyKilled();
    truncateSync(join(out, '.sluice', 'run'), 0);
    const other = write(join(makeFolder(), 'other.csv'), 'a\n1\n');
    await expect(carry(other, out)).rejects.toThrow(/another file/);
  });

  it('without its unpacked copy is made again', async () => {
    const folder = makeFolder();
    const out = join(folder, 'out');
    const file = write(join(folder, 'rows.csv.gz'), gzipSync(readFileSync(made.file)));
    writeFileSync(made.flag, '');
    const args = ['run', file, '--processor', made.processor, '--chunk-bytes', '65536', '--out', out];
    expect(await startCommand(...args).ended).toBe('SIGKILL');
    rmSync(made.flag);
    const [copy = 'none'] = readdirSync(stateIn(out), { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('staged.csv'),
    );
    rmSync(join(stateIn(out), copy));
    await carry(file, out, { ...options, processor: made.processor });
    expect(said).toEqual([beginsAnew]);
    // The packed file has a report of its own.
    const { 'report.json': _, ...files } = undisturbed;
    expect(differenceOf(outcomeOf(out), files)).toBeUndefined();
  });

  it('is made again once, and is an error the second time', async () => {
    const folder = makeFolder();
    const out = join(folder, 'out');
    const processor = write(
      join(folder, 'processor.ts'),
      `import { readdirSync, rmSync } from 'node:fs';
      import { join } from 'node:path';
      import { setTimeout } from 'node:timers/promises';
      import { defineProcessor } from 'sluice';
      const state = ${JSON.stringify(join(out, '.sluice'))};
      const find = () => readdirSync(state, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith('0.ndjson'));
      export default defineProcessor({
        name: 'loses rejects',
        async process() {
          while (find() === undefined) await setTimeout(5);
          rmSync(join(state, find()));
        },
      });`,
    );
    const file = write(join(folder, 'a.csv'), 'a,b\n1,2\nbad\n');
    await expect(carry(file, out, { processor })).rejects.toThrow(StateDamaged);
    expect(said).toEqual([beginsAnew]);
    expect(readdirSync(out)).toEqual(['.sluice']);
  });
});

describe('an interrupt', () => {
  it('is reported, ends the run at once when another follows, and costs nothing in the end', async () => {
    const folder = makeFolder();
    const reached = join(folder, 'reached');
    const waiting = `fs.writeFileSync(${JSON.stringify(reached)}, '');
      while (fs.existsSync(flag)) await new Promise((resolve) => setTimeout(resolve, 5));`;
    const slow = writeRowsOfEveryFate(folder, 2_000, 1_500, waiting);
    const [out, whole] = [join(folder, 'out'), join(folder, 'whole')];
    const args = ['run', slow.file, '--processor', slow.processor, '--out'];
    expect(await startCommand(...args, whole).ended).toBe(0);

    writeFileSync(slow.flag, '');
    const once = startCommand(...args, out);
    await untilThere(reached);
    // The terminal is closed.
    once.process.kill('SIGHUP');
    expect(await once.ended).toBe(1);
    expect(readReport(out)).toMatchObject({ verdict: 'INCOMPLETE', rows: 2_001 });
    expect(readReport(out).missing).toBeGreaterThan(0);
    const before = readFileSync(join(out, 'report.json'), 'utf8');

    rmSync(reached);
    const twice = startCommand(...args, out);
    await untilThere(reached);
    // The second finds the first still being dealt with.
    for (const signal of ['SIGSTOP', 'SIGTERM', 'SIGINT', 'SIGCONT'] as const) twice.process.kill(signal);
    expect(await twice.ended).toBe(1);
    // It was not even written again.
    expect(readFileSync(join(out, 'report.json'), 'utf8')).toBe(before);

    rmSync(slow.flag);
    expect(await startCommand(...args, out).ended).toBe(0);
    expect(differenceOf(outcomeOf(out), outcomeOf(whole))).toBeUndefined();
  });
});

describe('two runs on one folder', () => {
  it('are one run and one refusal, each time they are started at the same moment', async () => {
    const folder = makeFolder();
    const flag = join(folder, 'flag');
    const file = write(join(folder, 'a.csv'), 'a,b\n1,2\n3,4\n');
    const processor = write(
      join(folder, 'processor.ts'),
      `import { existsSync } from 'node:fs';
      import { setTimeout } from 'node:timers/promises';
      import { defineProcessor } from 'sluice';
      export default defineProcessor({
        name: 'waits',
        async process({ row }) {
          while (!existsSync(${JSON.stringify(flag)})) await setTimeout(5);
          return { row };
        },
      });`,
    );
    for (let time = 0; time < 3; time++) {
      const out = join(folder, `out ${time}`);
      rmSync(flag, { force: true });
      const both = [0, 1].map(() => startCommand('run', file, '--processor', processor, '--out', out, '--quiet'));
      expect(await Promise.race(both.map(({ ended }) => ended))).toBe(2);
      writeFileSync(flag, '');
      expect((await Promise.all(both.map(({ ended }) => ended))).sort()).toEqual([0, 2]);
      expect(both.map(({ stderr }) => stderr()).sort()).toEqual([
        '',
        `sluice: --out: another run is at work in ${out}\n`,
      ]);
      expect(readReport(out)).toMatchObject({ rows: 2, done: 2, verdict: 'COMPLETE' });
      expect(readFileSync(join(out, 'rows.ndjson'), 'utf8').split('\n')).toHaveLength(3);
    }
  });
});
