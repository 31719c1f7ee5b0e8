import { quoteShell as quote } from './completion-bash.ts';
import type { CompletionCommand, Place } from './completion-tree.ts';

/** For _describe, where a colon ends the word. */
const described = (name: string, description: string): string =>
  quote(`${name.replaceAll(':', '\\:')}:${description.replaceAll(':', '\\:')}`);

const actionOf = ({ words, takes }: Place): string => {
  if (takes === 'files') return '_files';
  if (takes === 'folders') return '_files -/';
  return takes === 'words' ? `compadd -- ${words.map(quote).join(' ')}` : ':';
};

/** For zsh 5. The same walk as bash's, with what each command and option is for. */
export const zshCompletion = (commands: readonly CompletionCommand[]): string => {
  const withValue = commands.flatMap(({ at, options }) =>
    options.flatMap(({ name, value }) => (value === undefined ? [] : [{ key: quote(`${at} ${name}`), value }])),
  );
  const variadic = withValue.filter(({ value }) => value.isVariadic).map(({ key }) => key);
  const below = commands.filter((command) => command.commands.length > 0);
  const places = commands.flatMap(({ at, arguments: of }) => of.map((place, index) => ({ at, index, place })));
  return `#compdef sluice
# Completion of sluice for zsh. To have it in every shell, put this into ~/.zshrc, behind compinit:
#   eval "$(sluice completion zsh)"
# or write it to a file named _sluice in a folder of $fpath.

_sluice() {
  local at='' option='' word next
  local -i given=0 index
  local -a found
  local -A values many

  # What an option takes, by the words that lead to it.
  values=(
${withValue.map(({ key, value }) => `    ${key} ${quote(actionOf(value))}`).join('\n')}
  )
  many=(${variadic.map((key) => `${key} 1`).join(' ')})

  for ((index = 2; index < CURRENT; index++)); do
    word=$words[index]
    case $word in
      (--) option='--' ;;
      (--*=*) option='' ;;
      (-*)
        option=''
        if [[ -n \${values[$at $word]} ]]; then option=$word; fi
        ;;
      (*)
        if [[ -n $option && $option != -- ]]; then
          if [[ -z \${many[$at $option]} ]]; then option=''; fi
          continue
        fi
        next="\${at:+$at }$word"
        case $next in
${commands
  .filter(({ at }) => at !== '')
  .map(({ at }) => `          (${quote(at)}) at=$next ;;`)
  .join('\n')}
          (*) given+=1 ;;
        esac
        ;;
    esac
  done

  if [[ $words[CURRENT] == --*=* && $option != -- ]]; then
    option=\${words[CURRENT]%%=*}
    compset -P '*='
    eval "\${values[$at $option]:-:}"
    return
  fi
  if [[ -n $option && $option != -- && $words[CURRENT] != -* ]]; then
    eval "\${values[$at $option]}"
    return
  fi
  if [[ $words[CURRENT] == -* && $option != -- ]]; then
    case $at in
${commands
  .map(
    ({ at, options }) =>
      `      (${quote(at)}) found=(${options.map(({ name, description }) => described(name, description)).join(' ')}) ;;`,
  )
  .join('\n')}
    esac
    _describe -o option found
    return
  fi
  case $at in
${below
  .map(
    (command) =>
      `    (${quote(command.at)}) found=(${command.commands.map(({ name, description }) => described(name, description)).join(' ')}) ;;`,
  )
  .join('\n')}
  esac
  if (( $#found )); then
    _describe command found
    return
  fi
  case "$at $given" in
${places.map(({ at, index, place }) => `    (${quote(`${at} ${index}`)}) ${actionOf(place)} ;;`).join('\n')}
  esac
}

if [[ \${funcstack[1]} == _sluice ]]; then
  _sluice "$@"
else
  compdef _sluice sluice
fi
`;
};
