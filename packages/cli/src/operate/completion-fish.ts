import type { CompletionCommand, CompletionOption } from './completion-tree.ts';

/** A text as one word of fish. */
const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const lineOfOption = (at: string, { name, description, value }: CompletionOption): string => {
  const parts = ['complete -c sluice', `-n ${quote(`__sluice_at ${quote(at)}`)}`, `-l ${name.replace(/^--/, '')}`];
  if (value?.takes === 'files') parts.push('-r -F');
  else if (value?.takes === 'folders') parts.push(`-x -a '(__fish_complete_directories)'`);
  else if (value !== undefined)
    parts.push('-x', ...(value.words.length > 0 ? [`-a ${quote(value.words.join(' '))}`] : []));
  return [...parts, `-d ${quote(description)}`].join(' ');
};

/** For fish 3. Whoever has no such command line yet is asked nothing: fish finds out by the words alone. */
export const fishCompletion = (commands: readonly CompletionCommand[]): string => {
  const taking = commands.flatMap(({ at, options }) =>
    options.flatMap(({ name, value }) => (value === undefined ? [] : [`${at} ${name}`])),
  );
  const many = commands.flatMap(({ at, options }) =>
    options.flatMap(({ name, value }) => (value?.isVariadic === true ? [{ at, name, words: value.words }] : [])),
  );
  const lines = commands.flatMap((command) => [
    ...command.commands.map(
      ({ name, description }) =>
        `complete -c sluice -n ${quote(`__sluice_at ${quote(command.at)}`)} -a ${quote(name)} -d ${quote(description)}`,
    ),
    ...command.options.map((option) => lineOfOption(command.at, option)),
    ...command.arguments.flatMap(({ words, takes }, index) => {
      const when = `-n ${quote(`__sluice_at ${quote(command.at)} ${index}`)}`;
      if (takes === 'files') return [`complete -c sluice ${when} -F`];
      if (takes === 'folders') return [`complete -c sluice ${when} -a '(__fish_complete_directories)'`];
      return words.length > 0 ? [`complete -c sluice ${when} -a ${quote(words.join(' '))}`] : [];
    }),
  ]);
  return `# Completion of sluice for fish. To have it in every shell:
#   sluice completion fish > ~/.config/fish/completions/sluice.fish

# The words that lead to the command on the line, how many words were given to it, and the option that more values may follow.
function __sluice_walk
    set -l at ''
    set -l given 0
    set -l option ''
    set -l words (commandline -opc)
    for word in $words[2..-1]
        switch $word
            case '--*=*'
                set option ''
            case '-*'
                set option ''
                if contains -- "$at $word" ${taking.map(quote).join(' ')}
                    set option $word
                end
            case '*'
                if test -n "$option"
                    if not contains -- "$at $option" ${many.map(({ at, name }) => quote(`${at} ${name}`)).join(' ')}
                        set option ''
                    end
                    continue
                end
                set -l next (string trim -- "$at $word")
                if contains -- $next ${commands
                  .filter(({ at }) => at !== '')
                  .map(({ at }) => quote(at))
                  .join(' ')}
                    set at $next
                else
                    set given (math $given + 1)
                end
        end
    end
    printf '%s\\n' "$at" $given "$option"
end

function __sluice_at
    set -l walked (__sluice_walk)
    test "$walked[1]" = "$argv[1]"; or return 1
    if set -q argv[2]
        test "$walked[2]" = "$argv[2]"; or return 1
    end
    return 0
end

function __sluice_more
    set -l walked (__sluice_walk)
    test "$walked[1] $walked[3]" = "$argv[1]"
end

complete -c sluice -f
${lines.join('\n')}
${many
  .filter(({ words }) => words.length > 0)
  .map(
    ({ at, name, words }) =>
      `complete -c sluice -n ${quote(`__sluice_more ${quote(`${at} ${name}`)}`)} -a ${quote(words.join(' '))}`,
  )
  .join('\n')}
`;
};
