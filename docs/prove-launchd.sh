#!/bin/sh
# For a Mac: whether daemons really are jobs of launchd there. Deploys one, kills it, waits for launchd, removes it.
# Prints a line for each thing looked at; exit status 0 when all is as docs/launchd.md says.
set -u
duende=${DUENDE:-$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)/duende}
folder=$(mktemp -d) || exit 1
DUENDE_DATA=$folder/data
DUENDE_ETC=$folder/etc
export DUENDE_DATA DUENDE_ETC
mkdir -p "$DUENDE_ETC"
# Another launchctl than Apple's, for Duende's own tests.
[ -z "${LAUNCHCTL:-}" ] || echo "duende.launchd.launchctl = $LAUNCHCTL" >"$DUENDE_ETC/container.properties"
faults=0

look() { # WORDS COMMAND...
  words=$1
  shift
  if "$@" >"$folder/said" 2>&1; then
    echo "ok   $words"
  else
    echo "NOT  $words"
    sed 's/^/     /' "$folder/said"
    faults=$((faults + 1))
  fi
}
job() { "${LAUNCHCTL:-launchctl}" list | grep "com\.paiml\.duende\..*proof$"; }
pid() { job | awk '{ print $1 }'; }
is_new() { now=$(pid) && [ -n "$now" ] && [ "$now" != - ] && [ "$now" != "$first" ]; }
within() { # SECONDS COMMAND...
  left=$1
  shift
  while [ "$left" -gt 0 ]; do
    "$@" >/dev/null 2>&1 && return 0
    sleep 1
    left=$((left - 1))
  done
  return 1
}
# shellcheck disable=SC2329 # by name, in within
gone() { ! job; }
# shellcheck disable=SC2329 # by the trap
finish() {
  "$duende" down >/dev/null 2>&1
  rm -rf "$folder"
}
trap finish EXIT

cat >"$folder/proof.toml" <<'END'
name = "proof"
platform = "launchd"
binary_path = "/bin/sleep"
args = ["3600"]
restart_by = "platform"
restart = "on-failure"
[backoff]
initial = "1s"
END

look "the container starts" "$duende" up
look "launchd is here" "$duende" adapters launchd
look "a daemon is deployed and runs" "$duende" deploy "$folder/proof.toml"
look "launchctl list shows it" job
first=$(pid)
look "it can be killed" kill -9 "$first"
look "launchd starts it again within 30 s" within 30 is_new
look "the manager knows the new run" "$duende" status proof
look "it stops" "$duende" stop proof
look "it is removed" "$duende" rm proof
look "nothing of it is left in launchd" within 30 gone
[ "$faults" -eq 0 ]
