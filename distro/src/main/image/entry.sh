#!/bin/sh
# The first process of Duende's image. With it everything in the container of the image ends, so a signal to stop has to mean
# all daemons, in order, and then Duende: what 'duende down' does. It also buries what daemons leave behind, as process 1 must.
#
#   (nothing)   Duende, until INT or TERM
#   WORDS...    the command 'duende WORDS' instead
set -u

[ $# = 0 ] || exec duende "$@"

duende up --foreground &
container=$!
stopping=

# shellcheck disable=SC2317 # called by the trap
stop() {
  [ -z "$stopping" ] || return
  stopping=yes
  # Before it listens there is no daemon to be stopped.
  (duende down || kill -TERM "$container") &
}
trap stop INT TERM

# A signal ends the wait as well.
while :; do
  wait "$container"
  status=$?
  kill -0 "$container" 2>/dev/null || break
done
exit "$status"
