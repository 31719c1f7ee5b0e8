import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeFolder, refusalIn, removeFolders, sluice } from './hard-input-harness.ts';

afterAll(removeFolders);

const content = 'a,b\n1,2\n';

/** A folder with a file `in.csv`. */
const makeInput = (): string => {
  const folder = makeFolder();
  writeFileSync(join(folder, 'in.csv'), content);
  return folder;
};

/** Permissions bind nobody who is root; without its capabilities root is an owner like any other. */
const unprivileged = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] : [];
const isBound = spawnSync('env', [...unprivileged, 'true']).status === 0;

describe.concurrent('a file is read', () => {
  it.each([
    ['with a space', 'two words.csv'],
    ['beyond ASCII', 'ünïcödé 😀.csv'],
    ['with a line end', 'two\nlines\t.csv'],
    ['with what means something in an address', '100%25+a&b=c #1?.csv'],
    ['with a percent sign and no number', 'a%zz.csv'],
    ['that would act on a terminal', '\u001b[31m\u202e.csv'],
    ['that is nothing but an ending', '.csv'],
    ['as long as names may be', `${'n'.repeat(250)}.csv`],
  ])('by a name %s', async (_, name) => {
    const folder = makeFolder();
    writeFileSync(join(folder, name), content);
    const { status, stdout, stderr } = await sluice(folder, ['run', name, '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ file: join(folder, name), rows: 1, done: 1, verdict: 'COMPLETE' });
    expect(stderr.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(readFileSync(join(folder, 'sluice-out', name, 'report.json'), 'utf8')).toBe(stdout);
  });

  it('by a name that begins with a dash, after two of them', async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, '--json'), content);
    expect((await sluice(folder, ['run', '--quiet', '--', '--json'])).status).toBe(0);
    expect(readFileSync(join(folder, 'sluice-out', '--json', 'rows.ndjson'), 'utf8')).toContain('"a":"1"');
  });

  it('through a link, and through links above it', async () => {
    const folder = makeInput();
    symlinkSync('in.csv', join(folder, 'link.csv'));
    symlinkSync('.', join(folder, 'here'));
    const { status } = await sluice(folder, ['run', 'here/link.csv', '--out', 'here/a/b', '--quiet']);
    expect(status).toBe(0);
    expect(readFileSync(join(folder, 'a', 'b', 'rows.ndjson'), 'utf8')).toContain('"a":"1"');
  });
});

describe.concurrent('a path is refused in one line', () => {
  const refusal = (path: string): Promise<string> => refusalIn(makeInput(), ['run', path]);

  it.each([
    ['with nothing at it', 'none\u001b[2J\n.csv', 'expected a CSV file, found nothing at none\\u{1b}[2J\\u{a}.csv'],
    ['below a file', 'in.csv/x', 'expected a CSV file, found nothing at in.csv/x'],
    ['without a name', '', 'expected a CSV file, found nothing at ""'],
    ['with a folder at it', '.', 'expected a CSV file, found a folder at .'],
    ['with a device at it', '/dev/null', 'expected a CSV file, found a device at /dev/null'],
    ['that is too long', 'n'.repeat(256), `expected a CSV file, found ${'n'.repeat(256)} unreadable (ENAMETOOLONG)`],
    ['that begins with a dash', '-in.csv', "unknown option '-in.csv'"],
  ])('%s', async (_, path, expected) => {
    expect(await refusal(path)).toBe(expected);
  });

  it('of a pipe, for which nobody waits', async () => {
    const folder = makeInput();
    spawnSync('mkfifo', [join(folder, 'pipe')]);
    const message = (path: string): string =>
      `expected a CSV file, found a pipe at ${path}; write what it brings into a file first`;
    // Nobody ever writes into this one: whoever opens it waits for good.
    expect(await refusalIn(folder, ['run', 'pipe'])).toBe(message('pipe'));
    // Where node's own pipes are sockets, that is what stands there.
    expect(await refusal('/dev/stdin')).toMatch(/^expected a CSV file, found a (?:pipe|socket) at \/dev\/stdin/);
  });

  it('of links that lead nowhere or back', async () => {
    const folder = makeInput();
    symlinkSync('nowhere', join(folder, 'broken.csv'));
    symlinkSync('round.csv', join(folder, 'round.csv'));
    expect(await refusalIn(folder, ['run', 'broken.csv'])).toBe('expected a CSV file, found nothing at broken.csv');
    expect(await refusalIn(folder, ['run', 'round.csv'])).toBe(
      'expected a CSV file, found round.csv unreadable (ELOOP)',
    );
  });

  it.runIf(isBound)('of a file, a schema or a folder of one that may not be read', async () => {
    const folder = makeInput();
    chmodSync(folder, 0o777);
    mkdirSync(join(folder, 'closed'));
    for (const name of ['secret.csv', 'schema.json', 'closed/in.csv']) writeFileSync(join(folder, name), content);
    for (const name of ['secret.csv', 'schema.json', 'closed']) chmodSync(join(folder, name), 0);
    const refused = (...args: string[]): Promise<string> => refusalIn(folder, ['run', ...args], unprivileged);
    expect(await refused('secret.csv')).toBe('expected a CSV file, found no permission to read secret.csv');
    expect(await refused('closed/in.csv')).toBe('expected a CSV file, found no permission to read closed/in.csv');
    expect(await refused('in.csv', '--schema', 'schema.json')).toBe(
      '--schema: expected a JSON file, found no permission to read schema.json',
    );
    chmodSync(join(folder, 'closed'), 0o700);
  });
});

describe.concurrent('an output folder is refused in one line', () => {
  it('that is a file, lies below one, or has no name', async () => {
    const folder = makeInput();
    const refused = (out: string): Promise<string> => refusalIn(folder, ['run', 'in.csv', '--out', out]);
    expect(await refused('in.csv')).toBe('--out: expected a folder, found something else at in.csv');
    expect(await refused('in.csv/a/b')).toBe(
      '--out: expected a folder that can be written, found in.csv/a/b (ENOTDIR)',
    );
    expect(await refused('')).toBe('--out: expected a folder, found ""');
  });

  it.runIf(isBound)('that may not be written or looked into', async () => {
    const folder = makeInput();
    chmodSync(folder, 0o755);
    for (const [name, mode] of [
      ['fixed', 0o555],
      ['closed', 0],
    ] as const) {
      mkdirSync(join(folder, name));
      chmodSync(join(folder, name), mode);
    }
    const message = (out: string): string => `--out: expected a folder that can be written, found ${out} (EACCES)`;
    for (const out of ['fixed', 'fixed/new', 'closed', 'closed/new']) {
      expect(await refusalIn(folder, ['run', 'in.csv', '--out', out], unprivileged)).toBe(message(out));
    }
    chmodSync(join(folder, 'closed'), 0o700);
  });

  it('that holds files of somebody else', async () => {
    const folder = makeInput();
    expect(await refusalIn(folder, ['run', 'in.csv', '--out', '.'])).toBe(
      '--out: expected an empty folder or one of an earlier run, found other files in . (--force uses it anyway)',
    );
  });
});
