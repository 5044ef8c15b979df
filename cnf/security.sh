#!/bin/sh
# Looks over what a release contains and what builds it: shellcheck on every script, no secret in the tree, an archive that
# unpacks to nothing surprising, and bundles that need no more than they say.
set -u
cd "$(dirname "$0")/.." || exit 1
faults=0
fault() {
  printf '%s\n' "$1" >&2
  faults=$((faults + 1))
}

command -v shellcheck >/dev/null 2>&1 || fault "shellcheck is missing: install it (Debian: apt-get install shellcheck)"
scripts=$(git ls-files | while IFS= read -r f; do
  [ -f "$f" ] && [ ! -h "$f" ] && case $f in
    *.sh) echo "$f" ;;
    *.java | *.md | *.xml) ;;
    *) head -c 64 "$f" | head -n 1 | grep -aqE '^#!.*[/ ](sh|bash|dash)( |$)' && echo "$f" ;;
  esac
done)
[ -n "$scripts" ] || fault "found no script to check"
# shellcheck disable=SC2086 # file names of ours, without blanks
shellcheck -S style $scripts || fault "shellcheck has findings"

secrets=$(git grep -nIE -e '-----BEGIN [A-Z ]*PRIVATE KEY-----' -e 'AKIA[0-9A-Z]{16}' -e 'gh[pousr]_[A-Za-z0-9]{36}' \
  -e '(password|passwd|secret|token) *[:=] *"[^"$ ]{12,}"' -- . ':!cnf/security.sh' | head -n 5)
[ -z "$secrets" ] || fault "these lines look like secrets:
$secrets"

# Looked at and let through: programs whose last act is to end with their status, whatever threads are left (a daemon's own JVM,
# the client), and the dispatcher, which calls the public methods of commands in classes that are not public.
exits=$(git grep -nE 'Runtime\.getRuntime\(\)\.(exec|halt)|ObjectInputStream|setAccessible\(true\)' -- '*/src/main/java/*.java' \
  ':!bundles/host/src/main/java/com/paiml/duende/host/HostMain.java' \
  ':!distro/client/src/main/java/com/paiml/duende/client/Main.java' \
  ':!distro/client/src/main/java/com/paiml/duende/client/Interruption.java' \
  ':!bundles/shell/src/main/java/com/paiml/duende/shell/call/Dispatcher.java' | head -n 10)
[ -z "$exits" ] || fault "production code that runs a command line, halts, deserialises, or opens what is private:
$exits"

archive=$(find target/release -name 'duende-*.tar.gz' 2>/dev/null | head -n 1)
if [ -z "$archive" ]; then
  fault "no release archive in target/release: run 'make release'"
else
  listing=$(tar -tvzf "$archive")
  printf '%s\n' "$listing" | awk '$1 ~ /^[^l].......w/ { print "writable by everybody: " $NF; bad = 1 } $1 ~ /^...[sS]|^......[sS]/ { print "setuid or setgid: " $NF; bad = 1 } END { exit bad }' ||
    fault "the archive has files with modes that it must not have"
  tar -tzf "$archive" | grep -qE '^/|(^|/)\.\.(/|$)' && fault "the archive has paths that leave its folder"
  printf '%s\n' "$listing" | awk '$2 != "root/root" && $2 != "0/0" { print $2 " owns " $NF; bad = 1 } END { exit bad }' ||
    fault "the archive names owners of the machine that built it"
fi

snapshots=$(grep -hoE '<version>[^<]*SNAPSHOT</version>' cnf/pom.xml | head -n 3)
[ -z "$snapshots" ] || [ -z "$(git tag --points-at HEAD 'v*')" ] || fault "a tagged release still has SNAPSHOT versions: $snapshots"

[ "$faults" -eq 0 ] || { echo "$faults security checks failed" >&2; exit 1; }
echo "security checks passed"
