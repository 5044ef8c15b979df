#compdef PROGRAM
# zsh completion of PROGRAM:  source <(PROGRAM completion zsh)
_complete_PROGRAM() {
  local -a found
  found=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if (( ${found[(Ie):files]} )); then _files; fi
  found=("${(@)found:#:files}")
  found=("${(@)found:#}")
  (( ${#found} )) && compadd -a found
}
compdef _complete_PROGRAM PROGRAM
