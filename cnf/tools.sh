#!/bin/sh
# shellcheck disable=SC3013 # -nt is in every sh that we meet (dash, bash, busybox, zsh, ksh)
# Prints the class path of the build's own programs (cnf/tools/pom.xml); resolves it once, again when the list changes.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
cp=$top/target/tools/classpath
if [ ! -s "$cp" ] || [ "$top/cnf/tools/pom.xml" -nt "$cp" ]; then
  mkdir -p "$top/target/tools"
  ${MVN:-mvn} -B -q -o -f "$top/cnf/tools/pom.xml" dependency:build-classpath >"$top/target/tools/log" 2>&1 ||
    ${MVN:-mvn} -B -q -f "$top/cnf/tools/pom.xml" dependency:build-classpath >"$top/target/tools/log" 2>&1 ||
    { cat "$top/target/tools/log" >&2; exit 1; }
fi
cat "$cp"
