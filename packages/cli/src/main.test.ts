import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  writeFileSync(join(folder, 'a.csv'), 'a,b\n1,2\n3,4\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sluice = (...args: string[]) => {
  const command = ['--disable-warning=ExperimentalWarning', main, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: folder, encoding: 'utf8' });
  return { status, stdout, stderr };
};

describe('the command', () => {
  it('ends with 0 when every row is accounted for, and shows the ledger on standard error alone', () => {
    const { status, stdout, stderr } = sluice('run', 'a.csv');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toMatch(/COMPLETE[\s\S]*rows +2[\s\S]*done +2[\s\S]*missing +0/);
    expect(existsSync(join(folder, 'sluice-out', 'a.csv', 'report.json'))).toBe(true);
  });

  it('prints the report alone with --json, and nothing else with --quiet', () => {
    const { status, stdout, stderr } = sluice('run', 'a.csv', '--out', 'json', '--json', '--quiet');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual(JSON.parse(readFileSync(join(folder, 'json', 'report.json'), 'utf8')));
  });

  it('tells what struck and that all holds with --chaos, on standard error alone', () => {
    const { status, stdout, stderr } = sluice('run', 'a.csv', '--out', 'chaos', '--chaos', '1', '--quiet');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toMatch(/^chaos, seed 1: [\d,]+ faults struck [\d,]+ port calls; redriven and repaired \d+ times\n/);
    expect(stderr).toMatch(/ I1 +holds .*[\s\S]* rest +holds /);
  });

  it('ends with 1 when rows are held', () => {
    const code =
      "import { defineProcessor } from 'sluice'; export default defineProcessor({ name: 'x', process() { console.log('noise'); throw new Error('no'); } });";
    writeFileSync(join(folder, 'processor.ts'), code);
    const { status, stdout } = sluice('run', 'a.csv', '--processor', 'processor.ts', '--out', 'held', '--json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'HELD', dead: 2 });
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends with 1 on %s, with what is there written and the rest missing',
    async (signal) => {
      const code =
        "import { setTimeout } from 'node:timers/promises'; import { defineProcessor } from 'sluice'; export default defineProcessor({ name: 'slow', async process({ row }) { if (row === 1) console.log('at work'); await setTimeout(20); return { row }; } });";
      writeFileSync(join(folder, 'slow.ts'), code);
      writeFileSync(join(folder, 'long.csv'), `n\n${'1\n'.repeat(50_000)}`);
      const args = ['run', 'long.csv', '--processor', 'slow.ts', '--out', signal];
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], { cwd: folder });
      for await (const text of child.stderr) if (String(text).includes('at work')) break;
      child.kill(signal);
      const [status] = await once(child, 'exit');
      expect(status).toBe(1);
      const report = JSON.parse(readFileSync(join(folder, signal, 'report.json'), 'utf8')) as Record<string, number>;
      expect(report).toMatchObject({ verdict: 'INCOMPLETE', rows: 50_000 });
      expect(report['missing']).toBeGreaterThan(0);
      expect(report['missing']).toBe(50_000 - (report['done'] ?? 0));
    },
  );

  it('never lets a file name act on the terminal', () => {
    const name = 'a\u001b[31m\u202e.csv';
    writeFileSync(join(folder, name), 'a\n1\n');
    const { stderr } = sluice('run', name, '--out', 'odd');
    expect(stderr).toContain('a\\u{1b}[31m\\u{202e}.csv');
    for (const character of ['\u001b', '\u202e']) expect(stderr).not.toContain(character);
  });

  it.each([
    ['no command', [], /Usage: sluice/],
    ['a command that is none', ['walk'], /unknown command 'walk'/],
    ['no file', ['run'], /missing required argument 'file'/],
    ['a file that is not there', ['run', 'b.csv'], /expected a CSV file, found nothing at b\.csv/],
    ['a seed that is none', ['run', 'a.csv', '--chaos', 'x'], /--chaos: expected a whole number/],
    ['an option that is none', ['run', 'a.csv', '--fast'], /unknown option '--fast'/],
    ['an option that is mistyped', ['run', 'a.csv', '--jsn'], /unknown option '--jsn' \(Did you mean --json\?\)/],
    ['an option that acts on terminals', ['run', '-\u001b[31m'], /unknown option '-\\u\{1b\}\[31m'$/m],
    ['a second file', ['run', 'a.csv', 'b\n\u001b[31m'], /Expected 1 argument but got 2: a\.csv, b \\u\{1b\}\[31m/],
    ['a folder without a name', ['run', 'a.csv', '--out', ''], /--out: expected a folder, found ""/],
    [
      'a count that is none',
      ['run', 'a.csv', '--chunk-bytes', '1k'],
      /--chunk-bytes: expected a whole number .* found "1k"/,
    ],
    [
      'a delimiter of two characters',
      ['run', 'a.csv', '--delimiter', ';;'],
      /--delimiter: expected one ASCII character/,
    ],
    ['an encoding it cannot read', ['run', 'a.csv', '--encoding', 'ebcdic'], /--encoding: expected one of utf-8/],
    ['a share above 1', ['run', 'a.csv', '--max-rejected', '120%'], /--max-rejected: expected a share/],
    [
      'a folder that cannot be made',
      ['run', 'a.csv', '--out', 'a.csv/out'],
      /--out: expected a folder that can be written/,
    ],
    ['a plan for nothing', ['plan'], /^sluice: expected a FILE to look at, or --rows N/],
    ['a plan for half a row', ['plan', '--rows', '0.5'], /--rows: expected a number of rows such as .* found "0.5"/],
    [
      'a plan for nowhere',
      ['plan', '--rows', '5', '--region', 'mars'],
      /--region: expected one of us-east-1, .* found "mars"/,
    ],
    ['a plan by nobody', ['plan', '--rows', '5', '--design', 'mine'], /Allowed choices are sluice, article/],
  ])('ends with 2 and one line for %s', (_, args, expected) => {
    const { status, stdout, stderr } = sluice(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(expected);
    if (args.length > 0) expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('finds everything again that the demo put in', () => {
    const { status, stdout, stderr } = sluice('demo', '--rows', '9000', '--json');
    expect({ status, ...JSON.parse(stdout) }).toMatchObject({
      status: 0,
      verdict: 'COMPLETE',
      rows: 9_000,
      rejected: 9,
    });
    expect(stderr).toMatch(/rejected NOT_DECIMAL +1 +1 {2}ok/);
    expect(stderr).not.toContain('DIFFERENT');
  });

  it('explains itself on standard output', () => {
    const { status, stdout, stderr } = sluice('run', '--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const option of ['--schema', '--processor', '--out', '--rows-per-message', '--chunk-bytes', '--max-rejected'])
      expect(stdout).toContain(option);
  });
});

/** The command where no deployment, credentials or region are to be found. */
const sluiceAlone = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) => {
  const { PATH = '' } = process.env;
  const env = { PATH, HOME: folder, AWS_EC2_METADATA_DISABLED: 'true', TF_DATA_DIR: 'not-initialised', ...environment };
  const command = ['--disable-warning=ExperimentalWarning', main, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: folder, env, encoding: 'utf8' });
  return { status, stdout, stderr };
};

const overDeployments = [
  ...['upload', 'jobs', 'status', 'wait', 'verify', 'where', 'rejects', 'export', 'report', 'repair', 'retry'],
  ...['cancel', 'forget', 'doctor', 'dlq ls', 'dlq show', 'dlq redrive', 'dlq drop', 'dlq export'],
];

describe('a command over a deployment', () => {
  it('is listed, apart from those of this machine', () => {
    const { status, stdout } = sluiceAlone(['--help']);
    expect(status).toBe(0);
    const [, machine = '', deployment = ''] = stdout.split(/This machine:|A deployment:/);
    expect(machine).toMatch(/^ {2}run /m);
    for (const name of overDeployments) {
      if (!name.includes(' ')) expect(deployment).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
    const { stdout: letters } = sluiceAlone(['dlq', '--help']);
    for (const name of ['ls', 'show', 'redrive', 'drop', 'export']) {
      expect(letters).toMatch(new RegExp(`^  ${name} .*\\w`, 'm'));
    }
  });

  it.each(overDeployments)('%s explains itself, and has --stack and --json', (name) => {
    const { status, stdout, stderr } = sluiceAlone([...name.split(' '), '--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: sluice ${name} [^\\n]+\\n\\n\\w+`));
    expect(stdout).toMatch(/^ {2}--stack <stack> [\s\S]*^ {2}--json /m);
    expect(stdout).not.toContain('(default: false)');
  });

  it.each([
    ['no deployment', ['jobs'], {}, /^sluice: expected a deployment, found none: .* type --stack sluice-prod/],
    ['one that is none', ['jobs', '--stack', 'No\u001b[31m'], {}, /expected the name of a deployment .*u001b/],
    [
      'a file that is none',
      ['jobs'],
      { SLUICE_STACK: 'a.csv' },
      /expected the JSON of terraform output .*found no JSON/,
    ],
    [
      'no credentials',
      ['jobs', '--stack', 'sluice-prod'],
      { AWS_REGION: 'eu-central-1' },
      /^sluice: expected AWS credentials, found none: set AWS_PROFILE/,
    ],
    [
      'a profile that is not there',
      ['jobs', '--stack', 'sluice-prod'],
      { AWS_REGION: 'eu-central-1', AWS_PROFILE: 'none' },
      /^sluice: expected AWS credentials of AWS_PROFILE none, found none; aws configure list-profiles/,
    ],
    [
      'no region',
      ['jobs', '--stack', 'sluice-prod'],
      {},
      /^sluice: expected an AWS region, found none: set AWS_REGION/,
    ],
    [
      'an endpoint that is none',
      ['jobs', '--stack', 'sluice-prod'],
      { AWS_ENDPOINT_URL: 'localhost' },
      /AWS_ENDPOINT_URL: expected a URL/,
    ],
    ['a name that is mistyped', ['statsu', 'latest'], {}, /unknown command 'statsu' \(Did you mean status\?\)/],
    ['one of letters that is mistyped', ['dlq', 'lss'], {}, /unknown command 'lss' \(Did you mean ls\?\)/],
    ['no job', ['wait'], {}, /missing required argument 'job'/],
    [
      'a state that is none',
      ['jobs', '--state', 'DONE'],
      {},
      /--state: expected one of PLANNING, OPEN, .* found "DONE"/,
    ],
    ['a shell that is none', ['completion', 'tcsh'], {}, /'tcsh' is invalid for argument 'shell'/],
  ] as const)('ends with 2 and one line for %s', (_, args, environment, expected) => {
    const { status, stdout, stderr } = sluiceAlone(args, environment);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(expected);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).not.toContain('\u001b');
  });

  it('says its version', () => {
    expect(sluiceAlone(['--version'])).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    });
  });
});

/** Runs the command, which says on standard error what it loads of modules with such names. */
const sluiceWatched = (modules: RegExp, args: readonly string[]) => {
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ load(url, context, next) {
      if (${modules}.test(url)) process.stderr.write('loaded ' + url + '\\n');
      return next(url, context);
    } });`;
  const url = `data:text/javascript,${encodeURIComponent(hook)}`;
  const command = ['--disable-warning=ExperimentalWarning', '--import', url, main, ...args];
  const { status, stderr } = spawnSync(process.execPath, command, { cwd: folder, encoding: 'utf8' });
  return { status, stderr };
};

describe('what needs no deployment', () => {
  it.each([
    ['--help'],
    ['run', 'a.csv', '--quiet', '--out', 'light'],
    ['plan', 'a.csv', '--json', '--chart', 'a.svg'],
    ['completion', 'bash'],
  ])('never loads the AWS SDK: %s', (...args) => {
    expect(sluiceWatched(/@aws-sdk|@smithy/, args)).toEqual({ status: 0, stderr: '' });
  });

  it.each([
    ['plan', '--help'],
    ['plan', 'a.csv', '--json'],
  ])('draws no chart unless it is asked for: %s %s', (...args) => {
    expect(sluiceWatched(/vega/, args)).toEqual({ status: 0, stderr: '' });
  });

  it('plans for a file, and prints the plan alone', () => {
    const { status, stdout, stderr } = sluiceAlone(['plan', 'a.csv', '--json', '--rows-per-message', '1']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      design: 'sluice',
      file: { rows: 2, columns: 2, known: 'counted' },
      settings: { rowsPerMessage: 1, region: 'us-east-1' },
      seconds: expect.any(Number),
      dollars: expect.any(Number),
    });
  });
});

describe('bin/sluice', () => {
  it('runs through a link on PATH', () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
    symlinkSync(join(root, 'bin', 'sluice'), join(bin, 'sluice'));
    // The Node that runs this will do: bin/with-node takes it as it is, and asks npm for nothing.
    const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}`, SLUICE_TOOLCHAIN_OF: root };
    const { status, stdout } = spawnSync('sluice', ['--version'], { cwd: folder, env, encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^\d/) });
  });
});
