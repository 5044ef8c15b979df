#!/bin/sh
# Builds all modules from their sources: the examples into built/, those of the tests into the tests' resources.
# Needs clang, lld, wasi-libc, libclang-rt-*-dev-wasm32 and wabt, as Debian has them: --install-lab installs them, as root.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tests=$here/../src/test
if [ "${1:-}" = --install-lab ]; then
  apt-get install -y --no-install-recommends clang lld wasi-libc wabt libclang-rt-14-dev-wasm32
fi
for tool in clang wasm-ld wat2wasm; do
  command -v "$tool" >/dev/null || { echo "build.sh: $tool is missing; as root: $0 --install-lab" >&2; exit 1; }
done
object=$(mktemp)
trap 'rm -f "$object"' EXIT

build() { # FROM TO
  mkdir -p "$2"
  for source in "$1"/*.wat; do
    wat2wasm --enable-threads "$source" -o "$2/$(basename "$source" .wat).wasm"
  done
  # In two steps: with -O at the link, clang calls a wasm-opt that knows no exported stack pointer.
  for source in "$1"/*.c; do
    clang --target=wasm32-wasi -O2 -mmutable-globals -Wall -Werror -I "$here" -c -o "$object" "$source"
    clang --target=wasm32-wasi -Wl,--strip-all -Wl,--export=__stack_pointer \
      -o "$2/$(basename "$source" .c).wasm" "$object"
  done
}

build "$here" "$here/built"
build "$tests/modules" "$tests/resources/modules"
