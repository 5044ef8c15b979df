#!/bin/sh
# Builds built/sqlite3.wasm: the shell of SQLite, as its authors wrote it (public domain, https://sqlite.org/copyright.html).
# The sources come from the amalgamation in the npm package sqlite3; needs npm and what ../build.sh needs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent sqlite3@6.0.1
tar xzf sqlite3-6.0.1.tgz
tar xzf package/deps/sqlite-autoconf-3520000.tar.gz
cd sqlite-autoconf-3520000
set -- --target=wasm32-wasi -Os -mmutable-globals -w -DSQLITE_WASI=1 -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_WAL \
  -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_NOHAVE_SYSTEM -DSQLITE_OMIT_POPEN -DSQLITE_ENABLE_MATH_FUNCTIONS \
  -DSQLITE_DEFAULT_UNIX_VFS='"unix-none"' -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_GETPID \
  -D_WASI_EMULATED_PROCESS_CLOCKS -D_WASI_EMULATED_MMAN
clang "$@" -c shell.c -o shell.o
clang "$@" -c sqlite3.c -o sqlite3.o
clang "$@" -c "$here/missing.c" -o missing.o
clang --target=wasm32-wasi -Wl,--strip-all -Wl,--export=__stack_pointer -Wl,-z,stack-size=1048576 \
  -o "$here/../built/sqlite3.wasm" shell.o sqlite3.o missing.o \
  -lwasi-emulated-signal -lwasi-emulated-getpid -lwasi-emulated-process-clocks -lwasi-emulated-mman -lm
