#!/bin/sh
# Builds what is committed, twice, each time from a clean checkout in another folder, and compares every jar and the archive
# byte for byte. The result is in target/release, with checksums.
set -eu
cd "$(dirname "$0")/.."
top=$PWD
[ -z "$(git status --porcelain)" ] || echo "note: what is not committed is not in the release" >&2
commit=$(git rev-parse HEAD) # once: HEAD may move while this runs
work=$(mktemp -d "${TMPDIR:-/tmp}/duende-release.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
for build in one a-second-and-longer-name; do
  mkdir -p "$work/$build"
  git archive "$commit" | tar -x -C "$work/$build"
  (cd "$work/$build" && ${MVN:-mvn} -B -q -Dmaven.test.skip=true package) || exit 1
  if command -v dpkg-deb >/dev/null 2>&1; then
    (cd "$work/$build/distro" && src/main/package/deb.sh target/duende \
      "$(sed -n 's/^ *<version>\(.*\)<\/version>$/\1/p' ../pom.xml | head -n 1)" target/duende.deb) || exit 1
  fi
  (cd "$work/$build" && find . -path '*/target/*' \( -name '*.jar' -o -name '*.tar.gz' -o -name 'index.xml' -o -name '*.deb' \) \
    -exec sha256sum {} + | sort -k 2) >"$work/$build.sums"
done
[ -s "$work/one.sums" ] || { echo "the build made nothing" >&2; exit 1; }
if ! diff "$work/one.sums" "$work/a-second-and-longer-name.sums"; then
  echo "two builds of one commit differ" >&2
  exit 1
fi
rm -rf "$top/target/release"
mkdir -p "$top/target/release"
cp "$work"/one/distro/target/duende-*.tar.gz "$top/target/release/"
[ ! -e "$work/one/distro/target/duende.deb" ] || cp "$work/one/distro/target/duende.deb" "$top/target/release/"
(cd "$top/target/release" && sha256sum -- * >SHA256SUMS && cat SHA256SUMS)
echo "reproducible: $(wc -l <"$work/one.sums") files equal in two builds"
