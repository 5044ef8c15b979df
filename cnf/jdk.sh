#!/bin/sh
# Prints the home of a JDK of at least the version asked for (25 when none is named); says what to install when there is none.
# Looks at DUENDE_JAVA_HOME, JAVA_HOME, the path, the system's JVM folders, SDKMAN and macOS's java_home, in that order.
# A folder counts by what its `release` file says, so no JVM is started to find out.
set -u
want=${1:-25}

version() { # home -> feature version, 0 when it is no JDK
  if [ ! -x "$1/bin/java" ] || [ ! -r "$1/release" ]; then echo 0; return; fi
  v=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release")
  echo "${v:-0}"
}

take() {
  [ -n "$1" ] && [ "$(version "$1")" -ge "$want" ] && printf '%s\n' "$1" && exit 0
}

if [ -n "${DUENDE_JAVA_HOME:-}" ]; then
  take "$DUENDE_JAVA_HOME"
  echo "DUENDE_JAVA_HOME=$DUENDE_JAVA_HOME is not a JDK $want or later: name one, or unset it." >&2
  exit 1
fi
take "${JAVA_HOME:-}"
if java=$(command -v java 2>/dev/null); then
  java=$(readlink -f "$java" 2>/dev/null || echo "$java")
  take "${java%/bin/java}"
fi
for home in /usr/lib/jvm/* /usr/java/* /opt/jdk* /opt/java/* "${SDKMAN_DIR:-$HOME/.sdkman}"/candidates/java/* \
  /Library/Java/JavaVirtualMachines/*/Contents/Home "$HOME"/Library/Java/JavaVirtualMachines/*/Contents/Home "$HOME"/.jdks/*; do
  take "$home"
done
if [ -x /usr/libexec/java_home ]; then
  take "$(/usr/libexec/java_home -v "$want+" 2>/dev/null)"
fi
echo "Duende needs Java $want or later and found none: install one (for example Temurin $want from https://adoptium.net), or set DUENDE_JAVA_HOME to its folder." >&2
exit 1
