import { Command, Help, type Option } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { addLocalCommands, type CommandSeams } from './local-commands.ts';
import { addOperateCommands, type RunWork } from './operate/commands.ts';
import { addCompletion } from './operate/completion.ts';
import { CommandFailed } from './operate/session.ts';
import { addPlanCommand } from './plan/add-plan-command.ts';
import { tellError } from './tell-error.ts';
import { toTerminalText } from './terminal-text.ts';

// The command. Exit status 0: as hoped for; 1: not, or interrupted; 2: wrong usage or unusable input.

const say = (text: string): void => void process.stderr.write(text);

const onInterrupt: CommandSeams['onInterrupt'] = (reason, what) => {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(1);
      say(`\nsluice: interrupted, ${what} (once more to stop at once)\n`);
      controller.abort(reason());
    });
  }
  return controller.signal;
};

/** A complaint of the parser's, which quotes what it was given and may add a proposal on a line of its own. */
const oneLine = (text: string): string => toTerminalText(text.trim().replaceAll(/\s*\n\s*/g, ' '), 500);

/** That a flag is not given unless somebody gives it goes without saying. */
const describeOption = (option: Option): string =>
  new Help().optionDescription(option).replace(/ ?\(default: false\)$/, '');

const createProgram = (onStatus: (status: number) => void): Command => {
  const program = new Command('sluice')
    .description(
      'Carries every row of a CSV file through clean, store, process and update, and proves that none was lost.',
    )
    .version(packageJson.version, '--version')
    .helpCommand(false)
    .exitOverride()
    .configureHelp({ optionDescription: describeOption })
    .configureOutput({ outputError: (text) => say(`sluice: ${oneLine(text.replace(/^error: /, ''))}\n`) });

  const run: RunWork = async (flags, work) => {
    const { connect } = await import('./operate/connect.ts');
    const signal = onInterrupt(() => new CommandFailed('ended by an interrupt'), 'ending');
    try {
      onStatus(await work(await connect(flags, signal)));
    } catch (thrown) {
      // Whatever was under way is broken off by it, each in its own words.
      throw signal.aborted ? signal.reason : thrown;
    }
  };

  program.commandsGroup('This machine:');
  addLocalCommands(program, { say, onStatus, onInterrupt });
  addPlanCommand(program, { say, onStatus, onInterrupt }, run);

  program.commandsGroup('A deployment:');
  addOperateCommands(program, run);

  program.commandsGroup('The shell:');
  addCompletion(program, (script) => void process.stdout.write(script));
  return program;
};

/** Runs the command and returns its exit status. */
const main = async (args: readonly string[]): Promise<number> => {
  let status = 0;
  const program = createProgram((found) => {
    status = found;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return status;
  } catch (thrown) {
    return tellError(thrown, say);
  }
};

// Whoever read what is printed may have gone; the run goes on, and its files tell the rest.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

process.exitCode = await main(process.argv.slice(2));
