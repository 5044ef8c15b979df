# find_jdk VERSION: prints the home of a JDK of at least that version; says what to install when there is none. To be sourced.
# Looks at DUENDE_JAVA_HOME, JAVA_HOME, the path, the system's JVM folders, SDKMAN and macOS's java_home, in that order.
# A folder counts by what its `release` file says: no JVM is started to find out, and no process where the first one fits.
# shellcheck shell=sh

is_jdk() { # home, version
  [ -n "$1" ] && [ -x "$1/bin/java" ] && [ -r "$1/release" ] || return 1
  while IFS= read -r jdk_line; do
    case $jdk_line in
      JAVA_VERSION=*)
        jdk_version=${jdk_line#JAVA_VERSION=\"}
        jdk_version=${jdk_version%%[!0-9]*}
        [ "${jdk_version:-0}" -ge "$2" ]
        return
        ;;
    esac
  done <"$1/release"
  return 1
}

find_jdk() {
  if [ -n "${DUENDE_JAVA_HOME:-}" ]; then
    is_jdk "$DUENDE_JAVA_HOME" "$1" && printf '%s\n' "$DUENDE_JAVA_HOME" && return
    echo "DUENDE_JAVA_HOME=$DUENDE_JAVA_HOME is not a JDK $1 or later: name one, or unset it." >&2
    return 1
  fi
  is_jdk "${JAVA_HOME:-}" "$1" && printf '%s\n' "$JAVA_HOME" && return
  if jdk_java=$(command -v java 2>/dev/null); then
    jdk_java=$(readlink -f "$jdk_java" 2>/dev/null || printf '%s' "$jdk_java")
    is_jdk "${jdk_java%/bin/java}" "$1" && printf '%s\n' "${jdk_java%/bin/java}" && return
  fi
  for jdk_home in /usr/lib/jvm/* /usr/java/* /opt/jdk* /opt/java/* "${SDKMAN_DIR:-${HOME:-}/.sdkman}"/candidates/java/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home "${HOME:-}"/Library/Java/JavaVirtualMachines/*/Contents/Home \
    "${HOME:-}"/.jdks/*; do
    is_jdk "$jdk_home" "$1" && printf '%s\n' "$jdk_home" && return
  done
  if [ -x /usr/libexec/java_home ] && jdk_home=$(/usr/libexec/java_home -v "$1+" 2>/dev/null); then
    is_jdk "$jdk_home" "$1" && printf '%s\n' "$jdk_home" && return
  fi
  echo "Duende needs Java $1 or later and found none: install one (for example Temurin $1 from https://adoptium.net), or set DUENDE_JAVA_HOME to its folder." >&2
  return 1
}
