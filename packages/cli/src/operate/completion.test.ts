import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addLocalCommands } from '../local-commands.ts';
import { addPlanCommand } from '../plan/add-plan-command.ts';
import { addOperateCommands } from './commands.ts';
import { addCompletion, completionScript, type Shell, shellNames } from './completion.ts';

const never = (): never => {
  throw new Error('expected no command to be run');
};

/** The program as `main.ts` makes it. */
const program = new Command('sluice').version('0', '--version').helpCommand(false);
addLocalCommands(program, { say: never, onStatus: never, onInterrupt: never });
addPlanCommand(program, { say: never, onStatus: never, onInterrupt: never }, never);
addOperateCommands(program, never);
addCompletion(program, never);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-completion-'));
  writeFileSync(join(folder, 'two words.csv'), '');
  mkdirSync(join(folder, 'results'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shell = (command: string, args: readonly string[]): string[] => {
  const { stdout, stderr, status } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0 || stderr !== '') throw new Error(`expected ${command} to go well, found ${status}: ${stderr}`);
  return stdout.split('\n').filter((line) => line !== '');
};

const scriptOf = (name: Shell): string => {
  const path = join(folder, `.sluice.${name}`);
  writeFileSync(path, completionScript(program, name));
  return path;
};

/** What zsh's own completion system would be asked for, as words. */
const zshStubs = `
compdef() { :; }
compset() { words[CURRENT]=\${words[CURRENT]#*=}; }
compadd() { shift; print -rl -- \${(M)@:#$words[CURRENT]*}; }
_describe() { [[ $1 == -o ]] && shift; local -a all=(\${(P)2}); print -rl -- \${(M)\${all[@]%%:*}:#$words[CURRENT]*}; }
_files() { print -rl -- *(N); }
`;

/** The proposals of a shell for the last of these words. */
const complete: Readonly<Record<Shell, (words: readonly string[]) => string[]>> = {
  bash: (words) => {
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const walk = `COMP_WORDS=(sluice ${quoted}); COMP_CWORD=${words.length}; _sluice; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return shell('bash', ['--norc', '-c', `source ${scriptOf('bash')}; ${walk}`]);
  },
  zsh: (words) => {
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const walk = `words=(sluice ${quoted}); CURRENT=${words.length + 1}; _sluice`;
    return shell('zsh', ['-f', '-c', `${zshStubs}\nsource ${scriptOf('zsh')}\n${walk}`]);
  },
  fish: (words) =>
    shell('fish', ['--no-config', '-c', `source ${scriptOf('fish')}; complete -C 'sluice ${words.join(' ')}'`]).map(
      (line) => line.split('\t')[0] ?? '',
    ),
};

const isThere = (name: Shell): boolean => spawnSync(name, ['-c', 'true']).status === 0;

describe.each(shellNames)('%s', (name) => {
  it.runIf(isThere(name)).each<[readonly string[], readonly string[]]>([
    [['dl'], ['dlq']],
    [['re'], ['rejects', 'report', 'repair', 'retry']],
    [['dlq', 'dr'], ['drop']],
    [['schema', ''], ['infer']],
    [
      ['jobs', '--st'],
      ['--stack', '--state'],
    ],
    [['jobs', '--state', 'H'], ['HELD']],
    [['jobs', '--state', 'HELD', 'OP'], ['OPEN']],
    [['jobs', '--json', '--state', 'COMP'], ['COMPLETE']],
    [['dlq', 'ls', '--queue', 'f'], ['finished']],
    [
      ['export', 'latest', '--format', ''],
      ['csv', 'ndjson'],
    ],
    [['export', '--format', 'csv', 'l'], ['latest']],
    [['dlq', 'show', '--job', 'la'], ['latest']],
    [['--ver'], ['--version']],
    [['completion', 'f'], ['fish']],
    [['plan', '--region', 'eu-c'], ['eu-central-1']],
    [['plan', '--rows', '5', '--design', 'a'], ['article']],
  ])('completes %j', (words, expected) => {
    expect(complete[name](words).sort()).toEqual([...expected].sort());
  });

  it.runIf(isThere(name))('proposes files where files go, whatever their names', () => {
    expect(complete[name](['upload', ''])).toEqual(
      expect.arrayContaining([expect.stringMatching(/^two\\? words\.csv$/)]),
    );
    expect(complete[name](['run', '--schema', ''])).toEqual(
      expect.arrayContaining([expect.stringMatching(/^two\\? words\.csv$/)]),
    );
  });

  it.runIf(isThere(name))('proposes nothing where nobody can know', () => {
    expect(complete[name](['jobs', '--limit', ''])).toEqual([]);
    expect(complete[name](['where', 'latest', ''])).toEqual([]);
  });

  it('names every command and option, and says in its first lines where to put it', () => {
    const script = completionScript(program, name);
    expect(script.split('\n').slice(0, 4).join('\n')).toMatch(new RegExp(`sluice completion ${name}`));
    for (const word of ['upload', 'redrive', 'older-than', 'max-rejected']) expect(script).toContain(word);
    // Each that is opened is closed: what can be said of a script without its shell.
    const count = (pattern: RegExp): number => script.match(pattern)?.length ?? 0;
    expect(count(name === 'fish' ? /^ *switch /gm : /^ *case .* in$/gm)).toBeGreaterThan(0);
    if (name !== 'fish') expect(count(/^ *case .* in$/gm)).toBe(count(/^ *esac$/gm));
  });
});

describe('bash', () => {
  it('completes what stands behind an equals sign, which bash takes for a word', () => {
    expect(complete.bash(['jobs', '--state', '=', 'H'])).toEqual(['HELD']);
    expect(complete.bash(['jobs', '--state', '='])).toContain('OPEN');
  });

  it('proposes no options after two dashes', () => {
    expect(complete.bash(['run', '--', '--st'])).toEqual([]);
  });
});
