#!/bin/sh
# Fails when a library that bundles are made of has no row in docs/dependencies.md, by its group or its name: who adds one says why.
set -eu
cd "$(dirname "$0")/.."
list=target/generated-sources/license/THIRD-PARTY.txt
[ -s "$list" ] || { echo "$list is missing: run 'make dependencies'" >&2; exit 1; }
missing=$(sed -n 's/.* (\([^ :]*\):\([^ :]*\):[^ :]* - .*/\1:\2/p' "$list" | grep -v '^com\.paiml\.duende:' | sort -u |
  while IFS= read -r artifact; do
    grep -q -e "\`${artifact%%:*}\`" -e "\`${artifact#*:}\`" docs/dependencies.md || printf ' %s' "$artifact"
  done)
if [ -n "$missing" ]; then
  echo "docs/dependencies.md has no row for:$missing" >&2
  exit 1
fi
