#!/bin/sh
# shellcheck disable=SC1091 # jdk.sh is checked by itself
# Holds every adapter that this machine can run against the conformance kit, the example with a build of its own included, and
# writes docs/conformance.md. What a machine lacks is a column of skipped promises with the reason. Half an hour on two cores.
set -eu
cd "$(dirname "$0")/.."
. cnf/jdk.sh
jdk=$(find_jdk 25)
export JAVA25_HOME="$jdk"
mvn=${MVN:-mvn}
find . -path '*/target/conformance/*.md' -exec rm -f {} +

# A broken promise must not hide the others: the page tells of it, and so does the exit status.
status=0
# shellcheck disable=SC2086
"$mvn" ${MVNFLAGS:--B -q} -Dquick -Dtest.excluded= -Dtest='*ConformanceTest' -Dsurefire.failIfNoSpecifiedTests=false \
  -Dmaven.test.failure.ignore=true \
  -pl adapters/native,adapters/systemd,adapters/launchd,adapters/container,adapters/pepita,adapters/wos -am package || status=1
# The example is built away from here, against what is published; its table comes back.
# shellcheck disable=SC2086
"$mvn" ${MVNFLAGS:--B -q} -Dquick -Dtest.excluded= -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false \
  -Dit.test='OutsideIT#the_example_keeps_every_promise_from_its_own_build' -Dfailsafe.failIfNoSpecifiedTests=false \
  -pl itest,distro/bom,distro/harness,distro/archetypes/daemon,distro/archetypes/adapter -am verify || status=1

page=target/conformance.md
"$jdk/bin/java" cnf/tools/ConformancePage.java . >"$page" || status=1
grep -q '^| promise |' "$page" && cp "$page" docs/conformance.md
exit $status
