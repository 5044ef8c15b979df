#!/bin/sh
# shellcheck disable=SC1091,SC3013 # jdk.sh is checked by itself; -nt is in every sh that we meet (dash, bash, busybox, zsh, ksh)
# One layout for all Java: google-java-format, run on JDK 25 because it parses with that JDK's own compiler.
#   cnf/format.sh check [FILE...]   names the files that are laid out otherwise; exit 1 when there are any
#   cnf/format.sh apply [FILE...]   lays them out
# Without files: those that changed since the last clean check, so that it costs nothing when nothing changed.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
mode=${1:?"say check or apply"}
shift
stamp=target/format.stamp
mkdir -p target
list=target/format.list
now=target/format.now
: >"$now"

if [ $# -gt 0 ]; then
  printf '%s\n' "$@" >"$list"
else
  newer=
  [ -e "$stamp" ] && [ ! cnf/format.sh -nt "$stamp" ] && [ ! cnf/tools/pom.xml -nt "$stamp" ] && newer="-newer $stamp"
  # shellcheck disable=SC2086 # two words, or none
  find . -name target -prune -o -name .git -prune -o -name '*.java' $newer -print | sort >"$list"
fi
# Templates of archetypes are Java only once they are filled in.
grep -v '/archetype-resources/' "$list" >"$list.java" || :
mv "$list.java" "$list"
if [ -s "$list" ]; then
  case $mode in
    check) flags="--dry-run --set-exit-if-changed" ;;
    apply) flags="--replace" ;;
    *) echo "format.sh: $mode? say check or apply" >&2; exit 2 ;;
  esac
  . cnf/jdk.sh
  java=$(find_jdk 25)/bin/java
  exports=
  for p in api code file parser tree util; do
    exports="$exports --add-exports=jdk.compiler/com.sun.tools.javac.$p=ALL-UNNAMED"
  done
  classpath=$(cnf/tools.sh)
  # shellcheck disable=SC2086
  if ! "$java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 $exports -cp "$classpath" \
    com.google.googlejavaformat.java.Main $flags --skip-javadoc-formatting "@$list" >target/format.out 2>&1; then
    cat target/format.out >&2
    echo "These files are not laid out as the project's are: run 'make format'." >&2
    exit 1
  fi
fi
[ $# -gt 0 ] || mv "$now" "$stamp"
