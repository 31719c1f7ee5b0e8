import type { CompletionCommand, Place } from './completion-tree.ts';

/** A text as one word of a shell of the Bourne family. */
export const quoteShell = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const quote = quoteShell;
const wordsOf = (place: Place | undefined): string =>
  place === undefined || place.takes === 'anything'
    ? ''
    : place.takes === 'words'
      ? place.words.join(' ')
      : `@${place.takes}`;

const branches = (entries: readonly (readonly [pattern: string, words: string])[]): string =>
  entries.map(([pattern, words]) => `    ${quote(pattern)}) echo ${quote(words)} ;;`).join('\n');

/**
 * For bash 3.2 and newer. The tables say, by the words that lead to a command, what may follow; `@files` and `@folders` stand for names of the
 * file system. Nothing is run while completing.
 */
export const bashCompletion = (commands: readonly CompletionCommand[]): string => {
  const withValue = commands.flatMap(({ at, options }) =>
    options.flatMap(({ name, value }) => (value === undefined ? [] : [{ at, name, value }])),
  );
  const variadic = withValue.filter(({ value }) => value.isVariadic);
  return `# Completion of sluice for bash. To have it in every shell, put this into ~/.bashrc:
#   eval "$(sluice completion bash)"

_sluice_commands() {
  case $1 in
${branches(commands.flatMap(({ at, commands: below }) => (below.length === 0 ? [] : [[at, below.map(({ name }) => name).join(' ')] as const])))}
  esac
}

_sluice_options() {
  case $1 in
${branches(commands.map(({ at, options }) => [at, options.map(({ name }) => name).join(' ')] as const))}
  esac
}

# What an option takes; nothing for one that takes no value.
_sluice_value() {
  case $1 in
${branches(withValue.map(({ at, name, value }) => [`${at} ${name}`, wordsOf(value) || '@anything'] as const))}
  esac
}

# How many values an option takes: "many", or nothing for one.
_sluice_many() {
  case $1 in
${branches(variadic.map(({ at, name }) => [`${at} ${name}`, 'many'] as const))}
    *) ;;
  esac
}

# What the first, second, ... word after a command is.
_sluice_argument() {
  case $1 in
${branches(commands.flatMap(({ at, arguments: places }) => places.map((place, index) => [`${at} ${index}`, wordsOf(place)] as const)))}
    *) ;;
  esac
}

_sluice() {
  local current=\${COMP_WORDS[COMP_CWORD]} at='' option='' given=0 index word found='' next
  # bash breaks --option=value into three words.
  if [ "$current" = = ]; then current=''; fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    case $word in
      =) ;;
      --) option='--' ;;
      -*)
        option=''
        if [ -n "$(_sluice_value "$at $word")" ]; then option=$word; fi
        ;;
      *)
        if [ -n "$option" ] && [ "$option" != -- ]; then
          if [ -z "$(_sluice_many "$at $option")" ]; then option=''; fi
          continue
        fi
        next=" $(_sluice_commands "$at") "
        if [[ $next == *" $word "* ]]; then
          at="\${at:+$at }$word"
        else
          given=$((given + 1))
        fi
        ;;
    esac
  done

  if [ -n "$option" ] && [ "$option" != -- ] && [[ $current != -* ]]; then
    found=$(_sluice_value "$at $option")
  elif [[ $current == -* ]] && [ "$option" != -- ]; then
    found=$(_sluice_options "$at")
  else
    found="$(_sluice_commands "$at")"
    if [ -z "$found" ]; then found=$(_sluice_argument "$at $given"); fi
  fi

  COMPREPLY=()
  local IFS=$'\\n'
  case $found in
    @files)
      compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -f -- "$current"))
      ;;
    @folders)
      compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -d -- "$current"))
      ;;
    @anything) ;;
    *)
      IFS=$' \\t\\n'
      COMPREPLY=($(compgen -W "$found" -- "$current"))
      ;;
  esac
}

complete -F _sluice sluice
`;
};
