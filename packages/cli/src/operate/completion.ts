import { Argument, type Command } from 'commander';
import { bashCompletion } from './completion-bash.ts';
import { fishCompletion } from './completion-fish.ts';
import { readCommands } from './completion-tree.ts';
import { zshCompletion } from './completion-zsh.ts';

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;
export type Shell = keyof typeof shells;
export const shellNames = Object.keys(shells) as readonly Shell[];

/** The script by which a shell completes the words of a program's commands: made of the commands themselves, it never lags behind. */
export const completionScript = (program: Command, shell: Shell): string => shells[shell](readCommands(program));

/** Adds the command that prints the script. */
export const addCompletion = (program: Command, write: (script: string) => void): void => {
  program
    .command('completion')
    .description('print a script by which your shell completes commands, options and what they take')
    .addArgument(new Argument('<shell>', 'your shell').choices(shellNames))
    .addHelpText('after', '\nThe first lines of the script say where to put it.')
    .action((shell: Shell) => write(completionScript(program, shell)));
};
