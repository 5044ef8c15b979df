#!/bin/sh
# Builds the guest's init for each architecture whose compiler is here, and says of the others why not.
#   build.sh OUTPUT_FOLDER
# Beside each init-ARCH, or in its place, init-ARCH.txt says how it was built or why it is absent.
# shellcheck disable=SC3013 # -nt is in every sh that we meet
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?"say where to put the guest's init"}
mkdir -p "$out"
out=$(cd "$out" && pwd)

# Freestanding, at fixed addresses, without notes, build ids or paths: the same compiler gives the same bytes. Nothing may
# become a call of a library's memcpy, for there is none but its own.
flags="-std=gnu11 -Os -Wall -Wextra -ffreestanding -nostdlib -static -no-pie -fno-pie -fno-stack-protector
  -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-ident -fno-tree-loop-distribute-patterns
  -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,norelro -Wl,-z,noseparate-code -Wl,-s"

build() { # ARCH PACKAGE FLAGS...
  arch=$1
  package=$2
  shift 2
  target=$out/init-$arch
  newest=$(find "$here" -type f -newer "$target" 2>/dev/null | head -n 1) || newest=all
  [ -e "$target" ] && [ -z "$newest" ] && return
  rm -f "$target" "$target.txt"
  compiler=$(command -v "$arch-linux-gnu-gcc" || true)
  if [ -z "$compiler" ] && [ "$(uname -s)" = Linux ] && [ "$(uname -m)" = "$arch" ]; then
    compiler=$(command -v "${CC:-cc}" || true)
  fi
  if [ -z "$compiler" ]; then
    echo "no C compiler for $arch was there when this bundle was built: install $package and build again" >"$target.txt"
    return
  fi
  # shellcheck disable=SC2086 # a list of words
  if (cd "$here" && "$compiler" $flags "$@" -o "$target" init.c) 2>"$target.log"; then
    echo "$("$compiler" -dumpmachine) $("$compiler" -dumpversion)" >"$target.txt"
    rm -f "$target.log"
  else
    echo "the guest's init for $arch did not compile with $compiler when this bundle was built: $(head -n 1 "$target.log")" >"$target.txt"
    cat "$target.log" >&2
    rm -f "$target" "$target.log"
  fi
}

build x86_64 gcc -fcf-protection=none
build aarch64 gcc-aarch64-linux-gnu -mno-outline-atomics
