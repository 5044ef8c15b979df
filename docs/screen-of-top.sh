#!/bin/sh
# Prints what `duende top` shows on a real terminal of 80 by 24, with three daemons in a container of its own: the screen in
# observe.md is made by it. It takes tmux.
#
#   docs/screen-of-top.sh [COMMAND]   COMMAND is duende, by default the one of this checkout
set -eu
duende=${1:-$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)/duende}
command -v tmux >/dev/null || {
  echo "$0: tmux is not installed" >&2
  exit 1
}
folder=$(mktemp -d)
export DUENDE_DATA="$folder/data" DUENDE_ETC="$folder/etc" LC_ALL=C.UTF-8 TERM=xterm

terminal() {
  tmux -u -S "$folder/tmux" -f /dev/null "$@"
}

clean() {
  terminal kill-server 2>/dev/null || true
  "$duende" down >/dev/null || true
  rm -rf "$folder"
}
trap clean EXIT
trap 'exit 130' INT TERM

mkdir -p "$DUENDE_ETC/daemons"
cat >"$DUENDE_ETC/daemons/web.toml" <<'END'
name = "web"
binary_path = "/usr/bin/python3"
args = ["-m", "http.server", "0", "--bind", "127.0.0.1"]
END
cat >"$DUENDE_ETC/daemons/busy.toml" <<'END'
name = "busy"
binary_path = "/bin/sh"
args = ["-c", "while :; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 0.3; done"]
END
cat >"$DUENDE_ETC/daemons/worker.toml" <<'END'
name = "worker"
binary_path = "/bin/sh"
args = ["-c", "while :; do head -c 2000000 /dev/zero | wc -c >/dev/null; sleep 0.4; done"]
END
"$duende" up >/dev/null
terminal new-session -d -x 80 -y 24 "exec '$duende' top"

# Some readings of a daemon that computes: its line then has a bar of full height.
tries=0
until terminal capture-pane -p | grep -q '^[> ] busy .*[1-9].*█'; do
  tries=$((tries + 1))
  [ "$tries" -lt 240 ] || {
    echo "$0: the screen does not come:" >&2
    terminal capture-pane -p >&2
    exit 1
  }
  sleep 0.5
done
sleep 4
terminal capture-pane -p
terminal send-keys q
tries=0
while terminal has-session 2>/dev/null; do
  tries=$((tries + 1))
  [ "$tries" -lt 120 ] || {
    echo "$0: top does not end when q is pressed" >&2
    exit 1
  }
  sleep 0.5
done
