import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { queueNames } from '@sluice/core/ports/queue';
import { stageNames } from '@sluice/core/wiring';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addPlanCommand } from '../plan/add-plan-command.ts';
import { addOperateCommands, type RunWork } from './commands.ts';
import { checks } from './doctor/checks.ts';
import { readNamedStack } from './named-stack.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const runbook = read('docs/runbook.md');
const readme = read('infra/README.md');
const terraform = globSync('infra/{pipeline,modules/*}/*.tf', { cwd: root }).map(read).join('\n');

const headings = [...runbook.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);

/** Sections that no alarm names. */
const general = [
  'Which alarm, which section',
  'What holds whatever the alarm is',
  'What a repair does',
  'An upload becomes no job',
  'Settings that endanger data',
  'Logs',
  'What each command replaces',
  'Without sluice',
];

/** The rows of a table whose first cell names an alarm. */
const alarmRows = (text: string): string[][] =>
  [...text.matchAll(/^\| `<name>-.*$/gm)].map(([row]) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

/** Sections that the alarms' descriptions name. */
const named = [...terraform.matchAll(/runbook\.md, \\"([^"\\$]+)\\"|section = "([^"]+)"/g)].map(
  ([, description, local]) => description ?? local,
);

/** What is typed: lines of code that begin with the command, and the command within a line. */
const commandsIn = (text: string): string[] =>
  [...text.matchAll(/^(?:\$ )?sluice (.+)$|`sluice ([^`]+)`/gm)].map(([, line, inline = '']) =>
    (line ?? inline).replace(/\s+[#>].*$/, '').trim(),
  );

/** Commands that need no deployment. */
const isLocal = (line: string): boolean => /^(?:run|demo|schema|completion)\b/.test(line);

/** How a command is called, rather than what is typed: `sluice run FILE [--json]`. */
const isUsage = (line: string): boolean => line.includes('[');

const createProgram = (run: RunWork): Command => {
  const program = new Command('sluice');
  addOperateCommands(program, run);
  return program;
};

/** A program whose commands are parsed and not run: `onRun` hears of each. */
const createParser = (onRun: () => void): Command => {
  const program = createProgram(async () => onRun());
  const never = () => expect.fail('expected no command to be run');
  addPlanCommand(program, { say: never, onStatus: never, onInterrupt: never }, never);
  program.commands.find((command) => command.name() === 'plan')?.action(onRun);
  for (const command of [program, ...program.commands, ...program.commands.flatMap((inner) => inner.commands)]) {
    command.exitOverride().configureOutput({ writeErr: () => undefined });
  }
  return program;
};

const documents = [
  'docs/runbook.md',
  'docs/operate.md',
  'docs/deploy.md',
  'docs/cost.md',
  'README.md',
  'packages/cli/README.md',
];

describe.each(documents)('%s', (path) => {
  it.each([...new Set(commandsIn(read(path)))].filter((line) => !isLocal(line) && !isUsage(line)))(
    'says to type what there is: sluice %s',
    async (line) => {
      let runs = 0;
      const program = createParser(() => {
        runs++;
      });
      await program.parseAsync(line.split(/\s+/), { from: 'user' });
      expect(runs).toBe(1);
    },
  );
});

describe('docs/operate.md', () => {
  it('tells of every command', () => {
    const typed = commandsIn(read('docs/operate.md')).map((line) => line.split(' '));
    const commands = createProgram(async () => undefined).commands.flatMap((command) =>
      command.commands.length === 0
        ? [command.name()]
        : command.commands.map((inner) => `${command.name()} ${inner.name()}`),
    );
    const told = new Set(typed.flatMap(([first, second]) => [first, `${first} ${second}`]));
    expect(commands.filter((name) => !told.has(name))).toEqual([]);
    expect(commands.length).toBeGreaterThan(15);
  });
});

describe('the runbook', () => {
  it('has one section for each that an alarm names, and no other but general ones', () => {
    expect(new Set(headings).size).toBe(headings.length);
    expect([...new Set([...named, ...general])].sort()).toEqual([...headings].sort());
  });

  it('is named by every alarm', () => {
    const alarms = terraform.match(/resource "aws_cloudwatch_metric_alarm"/g)?.length;
    const descriptions = terraform.match(/alarm_description\s*=.*See docs\/runbook\.md, \\"/g)?.length;
    expect(alarms).toBeGreaterThan(5);
    expect(descriptions).toBe(alarms);
  });

  it('begins with a table of the alarms that infra/README.md lists, each with the same section', () => {
    const pairs = alarmRows(runbook).map(([alarm, section]) => [alarm, section]);
    expect(pairs).toEqual(alarmRows(readme).map(([alarm, , section]) => [alarm, section]));
    expect(new Set(pairs.map(([, section]) => section))).toEqual(new Set(named));
  });

  it('is written for the alarms that a deployment by its name is taken to have', async () => {
    const variables = new Proxy({}, { get: () => 'https://sqs.eu-central-1.amazonaws.com/0/x' });
    const { alarmNames } = await readNamedStack('sluice-test', async () => ({
      arn: 'arn:aws:lambda:x:0:f',
      variables,
    }));
    const places: Readonly<Record<string, readonly string[]>> = {
      '<queue>': queueNames,
      '<stage>': stageNames,
      '<table>': ['rows', 'jobs'],
    };
    const listed = alarmRows(readme).flatMap(([alarm = '']) => {
      const pattern = alarm.replaceAll('`', '').replace('<name>', 'sluice-test');
      const [place] = pattern.match(/<[a-z]+>/) ?? [];
      return place === undefined ? [pattern] : (places[place] ?? []).map((name) => pattern.replace(place, name));
    });
    expect([...alarmNames].sort()).toEqual(listed.sort());
  });

  it('has a line for each check of the doctor, and none besides', () => {
    const section = runbook.split('\n## Settings that endanger data\n')[1]?.split('\n## ')[0] ?? '';
    const told = [...section.matchAll(/^\| (`[^|]+)\|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, id]) => id),
    );
    expect(told.sort()).toEqual(checks.map(({ id }) => id).sort());
  });

  it('explains every line that a stage may log, and none besides', () => {
    const sources = globSync('packages/{core,*-*}/src/*.ts', { cwd: root })
      .filter((path) => !path.includes('.test.') && !/packages\/(?:local-cloud)/.test(path))
      .map(read)
      .join('\n');
    const logged = [...sources.matchAll(/logger\.(?:debug|info|warn|error|critical)\(([^{;]+?), \{/g)].flatMap(
      ([, said = '']) => [...said.matchAll(/'([^']+ [^']+)'/g)].map(([, text]) => text),
    );
    const section = runbook.split('\n## Logs\n')[1]?.split('\n## ')[0] ?? '';
    const told = [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, text]) => text);
    expect(logged.length).toBeGreaterThan(10);
    expect([...told].sort()).toEqual([...new Set(logged)].sort());
  });
});
