#!/bin/sh
# Runs what the host says on one line, a command at a time: "WORD quoted words of a command". Answers on the same line with
# "WORD pid N", the command's output, and "WORD exit N". When the host is gone, so is the guest.
exec 3<>"$1"
heard=
waited=0
while :; do
  if ! IFS= read -r line <&3; then
    if [ -n "$heard" ] || [ $waited -gt 600 ]; then
      poweroff -f
    fi
    sleep 0.1
    waited=$((waited + 1))
    continue
  fi
  heard=yes
  word=${line%% *}
  eval "set -- ${line#* }"
  if [ -x "/app/bin/$1" ]; then # busybox would take its own program of that name
    program=/app/bin/$1
    shift
    set -- "$program" "$@"
  fi
  # shellcheck disable=SC2016 # expanded by the inner shell
  setsid sh -c 'echo "$0 pid $$"; exec "$@"' "$word" "$@" </dev/null >&3 2>&1 3>&-
  printf '\n%s exit %d\n' "$word" $? >&3
done
