import { copyFileSync, mkdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { catchOutput } from '@sluice/core/caught-output';
import { describe, expect, it } from 'vitest';
import { carry, differenceOf, makeFolder, outcomeOf, readReport, write } from './run-harness.ts';

const said = catchOutput();

const rows = 60_000;
/** Rows of one version, each of as many bytes as in the other. */
const version = (letter: string): string =>
  `n,text\n${Array.from({ length: rows }, (_, i) => `${i + 1},${letter.repeat(330)}\n`).join('')}`;

/** A file, and a processor that changes it while it is read, or before. */
const setUp = (change: string, when: 'at the first row' | 'when it is loaded' = 'at the first row') => {
  const folder = makeFolder();
  const paths = { file: join(folder, 'a.csv'), other: join(folder, 'b.csv'), out: join(folder, 'out') };
  writeFileSync(paths.file, version('a'));
  writeFileSync(paths.other, version('b'));
  const processor = write(
    join(folder, 'processor.ts'),
    `import * as fs from 'node:fs';
    import { defineProcessor } from 'sluice';
    const { file, other } = ${JSON.stringify(paths)};
    const change = () => {
      if (fs.existsSync(other + '.done')) return;
      fs.writeFileSync(other + '.done', '');
      ${change}
    };
    ${when === 'when it is loaded' ? 'change();' : ''}
    export default defineProcessor({
      name: 'changes its file',
      process({ row }) {
        change();
        return { row };
      },
    });`,
  );
  return { ...paths, processor, options: { processor, chunkBytes: 65_536 } };
};

const overwrite = 'fs.writeFileSync(file, fs.readFileSync(other), { flag: "r+" });';

const changes: readonly (readonly [string, string])[] = [
  ['overwritten in place', overwrite],
  [
    'overwritten in place, its time set back',
    `const { atime, mtime } = fs.statSync(file); ${overwrite} fs.utimesSync(file, atime, mtime);`,
  ],
  ['truncated', 'fs.truncateSync(file, 1_000_000);'],
  ['emptied and written anew', 'fs.copyFileSync(other, file);'],
  ['replaced by another', 'fs.renameSync(other, file);'],
  ['deleted', 'fs.rmSync(file);'],
  ['appended to', 'fs.appendFileSync(file, "1,b\\n");'],
];

describe('a file that changes while it is read', () => {
  it.each(changes)('and is %s ends the run INCOMPLETE, with the rows of its first version alone', async (_, change) => {
    const { file, out, options } = setUp(change);
    const { report, reason } = await carry(file, out, options);
    expect(reason).toMatch(/^the file changed, or is gone, .* --force begins anew/);
    expect(report).toMatchObject({ verdict: 'INCOMPLETE', failed: 0, dead: 0, rejected: 0 });
    expect(report.done).toBeGreaterThan(0);
    expect(report.done).toBeLessThan(rows);
    // What was read is finished.
    expect(report.accepted).toBe(report.done);
    const lines = readFileSync(join(out, 'rows.ndjson'), 'utf8').split('\n').slice(0, -1);
    expect(lines).toHaveLength(report.done);
    for (const line of lines) {
      const { row, status, data } = JSON.parse(line) as Record<string, unknown>;
      expect({ status, data }).toEqual({ status: 'DONE', data: { n: String(row), text: 'a'.repeat(330) } });
    }
  });

  it('is refused as other work when it is run again, and taken as it is now with --force', async () => {
    const { file, out, options } = setUp('fs.copyFileSync(other, file);');
    await carry(file, out, options);
    const before = outcomeOf(out);
    await expect(carry(file, out, options)).rejects.toThrow(/another file, .*--force/);
    expect(differenceOf(outcomeOf(out), before)).toBeUndefined();
    const { report } = await carry(file, out, { ...options, force: true });
    expect(report).toMatchObject({ verdict: 'COMPLETE', done: rows });
    expect(readFileSync(join(out, 'rows.ndjson'), 'utf8')).not.toContain('aaaa');
  });

  it('is read on when it was away and is the same again', async () => {
    const { file, out, processor } = setUp('fs.renameSync(folder, folder + ".away");');
    // A folder can go and come back without a change of what is in it, as that of a disk does.
    const folder = join(makeFolder(), 'disk');
    mkdirSync(folder);
    const there = join(folder, 'a.csv');
    copyFileSync(file, there);
    write(
      processor,
      readFileSync(processor, 'utf8').replace(
        'const change',
        `const folder = ${JSON.stringify(folder)};\nconst change`,
      ),
    );
    const options = { processor, chunkBytes: 65_536 };
    expect((await carry(there, out, options)).report.verdict).toBe('INCOMPLETE');
    renameSync(`${folder}.away`, folder);
    const { report, reason } = await carry(there, out, options);
    expect({ report, reason }).toMatchObject({
      report: { verdict: 'COMPLETE', done: rows, missing: 0 },
      reason: undefined,
    });
  });
});

describe('the unpacked copy of a file', () => {
  it('is made again when it goes while it is read', async () => {
    const folder = makeFolder();
    const [file, out] = [write(join(folder, 'a.csv.gz'), gzipSync(version('a'))), join(folder, 'out')];
    const processor = write(
      join(folder, 'processor.ts'),
      `import * as fs from 'node:fs';
      import { defineProcessor } from 'sluice';
      const state = ${JSON.stringify(join(out, '.sluice'))};
      const once = ${JSON.stringify(join(folder, 'once'))};
      export default defineProcessor({
        name: 'removes the copy',
        process() {
          if (fs.existsSync(once)) return;
          fs.writeFileSync(once, '');
          const copy = fs.readdirSync(state, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith('staged.csv'));
          fs.rmSync(state + '/' + copy);
        },
      });`,
    );
    const { report } = await carry(file, out, { processor, chunkBytes: 65_536 });
    expect(report).toMatchObject({ verdict: 'COMPLETE', done: rows });
    expect(said).toEqual(['sluice: the state of the earlier run is damaged; beginning anew\n']);
  });
});

describe('a file that changes before a row is read', () => {
  it.each(changes.slice(0, 5))('and is %s is reported as one that changed', async (_, change) => {
    const { file, out, options } = setUp(change, 'when it is loaded');
    const { report, reason } = await carry(file, out, options);
    expect(reason).toMatch(/^the file changed/);
    expect(report).toMatchObject({ verdict: 'INCOMPLETE', rows: 0, accepted: 0 });
    expect(readReport(out).verdict).toBe('INCOMPLETE');
  });
});

describe('a file that was touched since', () => {
  it('is another version: nobody can tell that it is the same', async () => {
    const folder = makeFolder();
    const [file, out] = [write(join(folder, 'a.csv'), 'a\n1\n'), join(folder, 'out')];
    await carry(file, out);
    const { atime, mtime } = statSync(file);
    utimesSync(file, atime, mtime);
    await expect(carry(file, out)).rejects.toThrow(/another file/);
  });
});
