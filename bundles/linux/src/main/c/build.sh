#!/bin/sh
# Builds the executor, or another program without a C library, for each architecture whose compiler is here, and says of the
# others why not.
#   build.sh OUTPUT_FOLDER [SOURCE.c]
#   build.sh OUTPUT_FOLDER SOURCE.c flat     code to be mapped and called, not a program (flat.ld)
# Beside each NAME-ARCH, or in its place, NAME-ARCH.txt says how it was built or why it is absent.
# shellcheck disable=SC3013 # -nt is in every sh that we meet
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?"say where to put the executors"}
mkdir -p "$out"
out=$(cd "$out" && pwd)
source=${2:-$here/executor.c}
folder=$(cd "$(dirname "$source")" && pwd)
name=$(basename "$source" .c)
flat=${3:-}

# Freestanding, at fixed addresses, without notes, build ids or paths: the same compiler gives the same bytes.
flags="-std=gnu11 -Os -Wall -Wextra -ffreestanding -nostdlib -static -no-pie -fno-pie
  -fno-stack-protector -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-ident
  -fno-tree-loop-distribute-patterns -fcf-protection=none
  -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,norelro -Wl,-z,noseparate-code -Wl,-s"

machine=$(uname -m)

find_compiler() { # ARCH: prints a compiler command, or nothing
  for candidate in "$1-linux-gnu-gcc" ${2:+"$2"}; do
    if command -v "$candidate" >/dev/null 2>&1; then
      echo "$candidate"
      return
    fi
  done
}

compile() {
  if [ -z "$flat" ]; then
    # shellcheck disable=SC2086 # a list of words
    "$compiler" $flags_here $extra -o "$target" "$name.c"
    return
  fi
  # shellcheck disable=SC2086
  "$compiler" $flags_here $extra -fPIE -Wl,-T,"$here/flat.ld" -o "$target.elf" "$name.c" &&
    "$("$compiler" -print-prog-name=objcopy)" -O binary -j .text "$target.elf" "$target" && rm "$target.elf"
}

build() { # ARCH PACKAGE
  arch=$1
  target=$out/$name-$arch
  native=
  [ "$(uname -s)" = Linux ] && [ "$machine" = "$arch" ] && native=${CC:-cc}
  compiler=$(find_compiler "$arch" "$native")
  [ -e "$target" ] && [ -z "$(find "$source" "$here/build.sh" "$here/steps.h" "$here/flat.ld" -newer "$target")" ] && return
  rm -f "$target" "$target.txt"
  if [ -z "$compiler" ]; then
    echo "no C compiler for $arch was there when this bundle was built: install $2 and build again" >"$target.txt"
    return
  fi
  extra=
  [ "$arch" = aarch64 ] && flags_here=$(echo "$flags" | sed 's/-fcf-protection=none//') && extra="-mno-outline-atomics"
  [ "$arch" = x86_64 ] && flags_here=$flags
  # shellcheck disable=SC2086 # a list of words
  if (cd "$folder" && compile) 2>"$target.log"; then
    echo "$("$compiler" -dumpmachine) $("$compiler" -dumpversion)" >"$target.txt"
    rm -f "$target.log"
  else
    # A header or a flag is missing there: the bundle works without, and says so.
    echo "$name for $arch did not compile with $compiler when this bundle was built: $(head -n 1 "$target.log")" >"$target.txt"
    cat "$target.log" >&2
    rm -f "$target" "$target.log"
  fi
}

build x86_64 gcc
build aarch64 gcc-aarch64-linux-gnu
