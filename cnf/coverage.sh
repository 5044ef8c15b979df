#!/bin/sh
# Runs every test with JaCoCo's agent, in every JVM that tests start, and reports the lines of our bundles that were reached.
#   cnf/coverage.sh PERCENT   fails when it is less; report in target/coverage/index.html
set -eu
goal=$1
cd "$(dirname "$0")/.."
. cnf/jdk.sh
java=$(find_jdk 25)/bin/java
find . -path '*/target/jacoco*.exec' -exec rm -f {} +
./duende test --coverage
tools=$(cnf/tools.sh)
executed=$(find . -path '*/target/*' -name 'jacoco*.exec')
[ -n "$executed" ] || { echo "no test JVM recorded anything" >&2; exit 1; }
arguments=
for module in bundles/* adapters/* distro; do
  [ -d "$module/target/classes/com" ] && arguments="$arguments --classfiles $module/target/classes --sourcefiles $module/src/main/java"
done
mkdir -p target/coverage
# shellcheck disable=SC2086 # words
"$java" -cp "$tools" org.jacoco.cli.internal.Main report $executed $arguments --name Duende \
  --html target/coverage --csv target/coverage/report.csv --quiet
awk -F, -v goal="$goal" '
  NR > 1 { missed[$2] += $8; covered[$2] += $9; m += $8; c += $9 }
  END {
    for (p in covered) printf "%6.1f %%  %6d lines  %s\n", 100 * covered[p] / (covered[p] + missed[p]), covered[p] + missed[p], p | "sort -n"
    close("sort -n")
    printf "%.1f %% of %d lines reached; the goal is %s %%\n", 100 * c / (c + m), c + m, goal
    exit 100 * c < goal * (c + m)
  }' target/coverage/report.csv
