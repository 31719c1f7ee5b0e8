import type { Argument, Command, Option } from 'commander';

/** What goes in a place of a command line: some words, files, folders, or what nobody can propose. */
export type Place = { readonly words: readonly string[]; readonly takes: 'words' | 'files' | 'folders' | 'anything' };

export type CompletionOption = {
  /** With its dashes: --stack. */
  readonly name: string;
  readonly description: string;
  /** Undefined for a flag, which takes no value. */
  readonly value?: Place & { readonly isVariadic: boolean };
};

/** A command as completion sees it. `at`: the words that lead to it, empty for `sluice` itself. */
export type CompletionCommand = {
  readonly at: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletionOption[];
  readonly arguments: readonly Place[];
};

/** What the name in angle brackets says of a value. */
const byName: Readonly<Record<string, Place>> = {
  file: { words: [], takes: 'files' },
  folder: { words: [], takes: 'folders' },
  // Its name, a file or a folder.
  stack: { words: [], takes: 'files' },
  job: { words: ['latest'], takes: 'words' },
};

const placeOf = (name: string, choices: readonly string[] | undefined): Place =>
  choices === undefined ? (byName[name] ?? { words: [], takes: 'anything' }) : { words: choices, takes: 'words' };

/** The first sentence is enough on one line. */
const shorten = (text: string): string => text.split(/ \(|[;:] /)[0] ?? text;

const toOption = ({ long, short, flags, description, argChoices, required, optional, variadic }: Option) => {
  const name = /[<[]([\w-]+)/.exec(flags)?.[1] ?? '';
  const value = required || optional ? { value: { ...placeOf(name, argChoices), isVariadic: variadic } } : {};
  return { name: long ?? short ?? '', description: shorten(description), ...value };
};

const toPlace = (argument: Argument): Place => placeOf(argument.name(), argument.argChoices);

const help: CompletionOption = { name: '--help', description: 'display help for command' };

/** Every command of a program, each after those above it. */
export const readCommands = (command: Command, at: readonly string[] = []): CompletionCommand[] => {
  const below = command.commands;
  return [
    {
      at: at.join(' '),
      commands: below.map((sub) => ({ name: sub.name(), description: shorten(sub.description()) })),
      options: [...command.options.filter(({ hidden }) => !hidden).map(toOption), help],
      arguments: command.registeredArguments.map(toPlace),
    },
    ...below.flatMap((sub) => readCommands(sub, [...at, sub.name()])),
  ];
};
