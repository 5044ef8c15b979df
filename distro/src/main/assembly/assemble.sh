#!/bin/sh
# shellcheck disable=SC1091 # jdk.sh is checked by itself
# Puts the distribution together in STAGE, where Maven has put bundles/ and lib/, and makes TO equal to it, touching only what
# differs: a container that runs from TO sees no file come and go, and a bundle that is the same byte for byte keeps its time.
# Files are replaced by renaming, never written over.
#   assemble.sh LAUNCHER STAGE TO
set -eu
launcher=$1
stage=$2
to=$3
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
top=$here/../../../..

cp -RP "$here/../dist/." "$stage/"
cp "$launcher" "$stage/lib/launcher.jar"
sh "$top/bundles/linux/src/main/c/build.sh" "$stage/lib/udev" "$here/../c/ublk-owner.c"
rm -f "$stage"/lib/udev/*.log "$stage"/lib/udev/*.txt
cp "$top/cnf/jdk.sh" "$stage/lib/jdk.sh"
cp "$top/LICENSE" "$top/CHANGELOG.md" "$stage/"
mkdir -p "$stage/data" "$stage/examples"
# The examples' files; the jars of those that are Java are there already.
(cd "$here/../../../examples" && find . \( -name pom.xml -o -name bnd.bnd -o -name src -o -name target \) -prune -o -type f -print) |
  while IFS= read -r f; do
    mkdir -p "$stage/examples/$(dirname "$f")"
    cp -p "$here/../../../examples/$f" "$stage/examples/$f"
  done
# The help of every command, for a client without a container.
. "$top/cnf/jdk.sh"
"$(find_jdk 25)/bin/java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$stage/bundles/*:$stage/lib/felix.jar" \
  com.paiml.duende.shell.call.CommandIndex "$stage/bundles" "$top/distro/client/src/main/help/own.txt" "$stage/lib/commands.txt"

# What this build is, by content: caches of classes are kept with it.
(cd "$stage" && cat lib/*.jar bundles/*.jar) | cksum | tr ' ' '-' >"$stage/lib/build"

mkdir -p "$to/data"
(cd "$stage" && find . \( -type f -o -type l \)) | while IFS= read -r f; do
  if [ -h "$stage/$f" ]; then
    [ "$(readlink "$to/$f" 2>/dev/null)" = "$(readlink "$stage/$f")" ] && continue
  elif [ -f "$to/$f" ] && [ ! -h "$to/$f" ] && cmp -s "$stage/$f" "$to/$f"; then
    continue
  fi
  case $f in ./etc/*) [ -e "$to/$f" ] && continue ;; esac # somebody's own by now
  mkdir -p "$(dirname "$to/$f")"
  cp -P -p "$stage/$f" "$to/$f.new"
  mv -f "$to/$f.new" "$to/$f"
done
# What is no longer there goes, in the folders that nobody else writes to.
(cd "$to" && find bin bundles examples lib optional service \( -type f -o -type l \)) | while IFS= read -r f; do
  [ -e "$stage/$f" ] || [ -h "$stage/$f" ] || rm -f "$to/$f"
done
