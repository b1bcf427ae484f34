/** Shell code that asks `dure __complete` what may come next; one candidate a line. */

const BASH = `# bash completion for dure
_dure() {
  local IFS=$'\\n'
  COMPREPLY=($(dure __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  case "\${COMPREPLY[0]}" in */) compopt -o nospace ;; esac
}
complete -o default -F _dure dure
`;

const ZSH = `#compdef dure
_dure() {
  local -a candidates
  candidates=("\${(@f)$(dure __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a candidates
}
compdef _dure dure
`;

const FISH = `# fish completion for dure
function __dure_complete
  set -l words (commandline -opc) (commandline -ct)
  dure __complete $words[2..-1] 2>/dev/null
end
complete -c dure -f -a '(__dure_complete)'
`;

export const SHELLS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
