#!/bin/sh
# Runs PIT over the unit tests of every bundle, or of those named: cnf/mutation.sh bundles/manager. Long: minutes for each.
# The plug-in's own settings, and the part of the changes that must be noticed, are in cnf/pom.xml.
set -eu
cd "$(dirname "$0")/.."
. cnf/jdk.sh
JAVA25_HOME=$(find_jdk 25)
export JAVA25_HOME
classes=
if [ $# -eq 0 ]; then
  for module in bundles/* adapters/*; do
    [ -d "$module/src/test/java" ] && set -- "$@" "$module"
  done
else
  # Other modules are built with those that were named, but have nothing to mutate.
  for module in "$@"; do
    (cd "$module/src/main/java" && find . -name '*.java' ! -name package-info.java) | sed 's#^\./##; s#/[^/]*$##; s#/#.#g'
  done | sort -u >target/mutation.packages
  classes=-DtargetClasses=$(sed 's/$/.*/' target/mutation.packages | paste -s -d , -)
fi
projects=$(printf '%s,' "$@")
# shellcheck disable=SC2086 # one word or none
${MVN:-mvn} -B -q $classes test-compile org.pitest:pitest-maven:mutationCoverage -pl "${projects%,}" -am
