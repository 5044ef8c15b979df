#!/bin/sh
# The far side of the adapter. Needs a POSIX shell, Linux, GNU grep, coreutils, awk and util-linux.
#   agent.sh serve BASE   answers requests on standard input until it ends: ID VERB ARGUMENT... (=TEXT as it is, base64, or -
#                         for empty: what needs no base64 costs no process here)
#                         with ID data BASE64..., then ID ok or ID no BASE64; and says "! RUN CODE" when a run has ended
#   agent.sh run DIR      starts what DIR/spec says, waits for its end, ends what it left behind, and keeps the status
# Every run has a directory BASE/RUN: spec (mode 0600), pid ("PID START BOOT"), log, exit.
umask 077
agent=$0
mark=DUENDE_SSH_RUN

word() {
  case $1 in
    -) w= ;;
    =*) w=${1#=} ;;
    *) w=$(printf %s "$1" | base64 -d && echo .) || w=.; w=${w%.} ;;
  esac
}
now_boot() { cat /proc/sys/kernel/random/boot_id; }
# Start time of a process, field 22 of proc(5) stat; its state, field 3.
stat_of() { # PID: sets state and started
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  state=$1 started=${20}
}
identity() { # DIR [FILE]: sets pid; true while that very process is there and no zombie
  read -r pid want boot 2>/dev/null <"$1/${2:-pid}" || return 1
  [ "$boot" = "$(now_boot)" ] && stat_of "$pid" && [ "$started" = "$want" ] && [ "$state" != Z ]
}
# The pids of a run: what has its mark in the environment, whatever its session, and its main process.
tree() { # DIR
  grep -lzxF "$mark=$1" /proc/[0-9]*/environ 2>/dev/null | sed 's#/proc/\([0-9]*\)/.*#\1#'
  ! identity "$1" || echo "$pid"
}
kill_tree() { # DIR
  i=0
  while [ $i -lt 200 ]; do
    all=$(tree "$1" | sort -u)
    [ -n "$all" ] || return 0
    # shellcheck disable=SC2086
    kill -KILL $all 2>/dev/null
    i=$((i + 1))
    sleep 0.02
  done
  printf 'processes survive KILL: %s' "$(printf %s "$all" | tr '\n' ' ')"
  return 1
}
signal_tree() { # SIGNAL DIR: again until no process is new to it
  seen=' ' new=yes
  while [ -n "$new" ]; do
    new=
    for p in $(tree "$2" | sort -u); do
      case $seen in *" $p "*) ;; *) kill "-$1" "$p" 2>/dev/null; seen="$seen$p " new=yes ;; esac
    done
  done
}

# Becomes the program of DIR/spec. Line 1: working directory; 2: program; 3: how many variables; then these; then arguments.
# Names of ours begin so that no variable of the program is among them; all is decoded before the first is set, and then only
# the shell itself works.
become() { # DIR MARK [WORD...]: the words take the place of program and arguments
  _duende_dir=$1
  _duende_own=$2
  exec 9<"$1/spec"
  shift 2
  read -r _duende_cwd <&9
  read -r _duende_program <&9
  read -r b <&9
  word "$b"
  _duende_n=$w
  _duende_i=0
  while [ "$_duende_i" -lt "$_duende_n" ]; do
    _duende_i=$((_duende_i + 1))
    read -r b <&9
    word "$b"
    eval "_duende_v$_duende_i=\$w"
  done
  if [ $# -eq 0 ]; then
    word "$_duende_program"
    set -- "$w"
    while read -r b <&9; do
      word "$b"
      set -- "$@" "$w"
    done
  fi
  exec 9<&-
  word "$_duende_cwd"
  _duende_cwd=$w
  _duende_setsid=$(command -v setsid)
  for _duende_name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do unset "$_duende_name"; done
  cd "${_duende_cwd:-$_duende_dir}" || exit 126
  while [ "$_duende_i" -gt 0 ]; do
    eval "export \"\$_duende_v$_duende_i\""
    _duende_i=$((_duende_i - 1))
  done
  export "DUENDE_SSH_RUN=$_duende_own"
  exec "$_duende_setsid" "$@"
}

run() { # DIR
  dir=$1
  cd "$(dirname "$dir")" || exit 1
  dir=$(basename "$dir")
  stat_of $$
  echo "$$ $started $(now_boot)" >"$dir/runner"
  (become "$dir" "$dir") </dev/null >>"$dir/log" 2>&1 &
  main=$!
  stat_of "$main"
  # It counts as started once it is the program, whose environment has the mark, and no longer a shell of ours.
  while [ "$state" != Z ] && ! grep -qzxF "$mark=$dir" "/proc/$main/environ" 2>/dev/null; do
    sleep 0.01
    stat_of "$main" || break
  done
  echo "$main $started $(now_boot)" >"$dir/pid.new" && mv "$dir/pid.new" "$dir/pid"
  wait "$main"
  code=$?
  kill_tree "$dir" >/dev/null
  echo "$code" >"$dir/exit.new" && mv "$dir/exit.new" "$dir/exit"
  for f in events.*; do [ ! -p "$f" ] || echo "$dir $code" 1<>"$f"; done
}

say() { # WORD [TEXT]
  if [ -n "$2" ]; then set -- "$1" " $(printf %s "$2" | base64 -w0)"; fi
  printf '%s %s%s\n' "$id" "$1" "$2"
}
ok() { say ok "$1"; }
no() { say no "$1"; }

start() { # RUN CWD PROGRAM COUNT VARIABLE... ARGUMENT...
  word "$1"; dir=$w
  word "$2"; cwd=$w
  word "$3"; program=$w
  if [ -n "$cwd" ] && ! [ -d "$cwd" ]; then no "the working directory $cwd is not there"; return; fi
  case $program in
    */*)
      if ! [ -f "$program" ] || ! [ -x "$program" ]; then
        no "$program cannot be executed there"
        return
      fi
      ;;
    *) command -v "$program" >/dev/null || { no "$program is not on the path there"; return; } ;;
  esac
  mkdir "$dir" 2>/dev/null || { no "a run of that name is there already"; return; }
  shift
  printf '%s\n' "$@" >"$dir/spec"
  setsid /bin/sh "$agent" run "$base/$dir" </dev/null >/dev/null 2>&1 &
  i=0
  while ! [ -e "$dir/pid" ] && [ $i -lt 1000 ]; do i=$((i + 1)); sleep 0.01; done
  if [ -e "$dir/pid" ]; then ok "$(cat "$dir/pid")"; else kill_tree "$dir"; rm -rf "$dir"; no "it did not start"; fi
}
look() { # RUN: "exited CODE", "running" or "paused" with its identity, "lost"
  word "$1"; dir=$w
  i=0
  # Its main process has ended and the rest is being ended: the note about it comes.
  while ! [ -e "$dir/exit" ] && ! identity "$dir" && identity "$dir" runner && [ $i -lt 500 ]; do
    i=$((i + 1))
    sleep 0.02
  done
  if [ -e "$dir/exit" ]; then ok "exited $(cat "$dir/exit")"
  elif identity "$dir"; then
    case $state in T | t) ok "paused $(cat "$dir/pid")" ;; *) ok "running $(cat "$dir/pid")" ;; esac
  else ok lost; fi
}
send() { # RUN SIGNAL
  word "$1"; dir=$w
  word "$2"
  if identity "$dir" && kill "-$w" "$pid" 2>/dev/null; then ok; else no "it has ended"; fi
}
each() { # RUN SIGNAL: to the whole tree
  word "$1"; dir=$w
  word "$2"
  if identity "$dir"; then signal_tree "$w" "$dir"; ok; else no "it has ended"; fi
}
end() { # RUN
  word "$1"
  if fault=$(kill_tree "$w"); then ok; else no "$fault"; fi
}
drop() { # RUN
  word "$1"
  if fault=$(kill_tree "$w"); then rm -rf "$w"; ok; else no "$fault"; fi
}
keep() { # RUN...: removes every other
  for kept in "$@"; do word "$kept"; all="$all $w "; done
  for dir in */; do
    dir=${dir%/}
    case "$all" in *" $dir "*) ;; *) [ ! -e "$dir/spec" ] || { kill_tree "$dir" >/dev/null; rm -rf "$dir"; } ;; esac
  done
  ok
}
# Standard input in pieces: a line below PIPE_BUF is written in one go, so that answers do not mix.
pieces() { base64 -w 2048 | while read -r piece || [ -n "$piece" ]; do printf '%s data %s\n' "$id" "$piece"; done; }
log() { # RUN OFFSET MOST
  word "$1"; dir=$w
  word "$2"; from=$w
  word "$3"
  tail -c "+$((from + 1))" "$dir/log" 2>/dev/null | head -c "$w" | pieces
  ok
}
usage() { # RUN: ticks, pages, processes, threads; ticks a second, bytes of a page
  word "$1"
  sum=$(for p in $(tree "$w" | sort -u); do cat "/proc/$p/stat" 2>/dev/null; done |
    sed 's/^.*) //' |
    awk '{ticks += $12 + $13 + $14 + $15; pages += $22; n++; threads += $18}
      END {printf "%d %d %d %d", ticks, pages, n, threads}')
  ok "$sum $(getconf CLK_TCK) $(getconf PAGESIZE)"
}
beside() { # RUN SECONDS WORD...: a command beside it
  word "$1"; dir=$w
  word "$2"; most=$w
  shift 2
  n=$#
  while [ "$n" -gt 0 ]; do word "$1"; shift; set -- "$@" "$w"; n=$((n - 1)); done
  own="$dir!$$.$id"
  out=beside.$$.$id
  { (become "$dir" "$own" "$@") </dev/null 2>&1; echo $? >"$out.code"; } | { head -c 4096; cat >/dev/null; } >"$out" &
  pipe=$!
  (trap 'kill $! 2>/dev/null; exit 0' TERM; sleep "$most" & wait $!; : >"$out.late"; kill_tree "$own") >/dev/null 2>&1 &
  guard=$!
  while ! [ -e "$out.code" ]; do sleep 0.01; done
  kill "$guard" 2>/dev/null
  kill_tree "$own" >/dev/null
  wait "$pipe"
  late=intime
  [ ! -e "$out.late" ] || late=late
  pieces <"$out"
  ok "$(cat "$out.code") $late"
  rm -f "$out" "$out".*
}

serve() { # BASE
  mkdir -p "$1" && cd "$1" || exit 1
  base=$PWD # all else is relative to it
  for f in events.*; do
    [ ! -p "$f" ] || kill -0 "${f#events.}" 2>/dev/null || rm -f "$f"
  done
  mkfifo "events.$$" && exec 8<>"events.$$" || exit 1
  while read -r event <&8; do echo "! $event"; done &
  listener=$!
  trap 'kill $listener 2>/dev/null; rm -f "$base/events.$$"' EXIT
  trap 'exit 0' TERM HUP INT PIPE
  echo "hello $(now_boot)"
  while read -r id verb words; do
    # Each in a process of its own: a slow one holds nobody up.
    # shellcheck disable=SC2086
    case $verb in
      start | look | send | each | end | drop | keep | log | usage | beside) ("$verb" $words) 8<&- & ;;
      *) no "not known: $verb" ;;
    esac
  done
}

"$@"
