#!/bin/sh
# Installs this distribution as a service of the machine, or brings an installed one up to date.
#
#   service/install.sh [--root DIR] [--home DIR] [--no-start]
#       --root DIR   install below DIR instead of /, for images and packages; nothing is started
#       --home DIR   where the distribution goes (default /opt/duende)
#       --no-start   do not start it, or start it anew, now
#
# What is as it should be already is not touched: a second run changes nothing and says so. Configuration in /etc/duende is the
# machine's own and never overwritten. Daemons go on while the container is replaced. Everything is undone by uninstall.sh.
set -eu
umask 022
export LC_ALL=C

fail() {
  printf 'install.sh: %s\n' "$1" >&2
  exit "${2:-1}"
}

root='' home=/opt/duende start=yes
while [ $# -gt 0 ]; do
  case $1 in
    --root) [ $# -gt 1 ] || fail "--root needs a folder" 2; root=${2%/}; start=no; shift 2 ;;
    --home) [ $# -gt 1 ] || fail "--home needs a folder" 2; home=${2%/}; shift 2 ;;
    --no-start) start=no; shift ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"; exit 0 ;;
    *) fail "$1? usage: install.sh [--root DIR] [--home DIR] [--no-start]" 2 ;;
  esac
done
case $home in
  /*) ;;
  *) fail "--home $home is not an absolute path" 2 ;;
esac
# The path stands in a unit and in a property list, neither of which is the place for these.
case $home in *[!A-Za-z0-9/._+-]*) fail "--home $home: letters, digits and . _ + - only" 2 ;; esac
from=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
[ -r "$from/lib/launcher.jar" ] || fail "$from is no Duende distribution"
[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "installing into / needs root; --root DIR installs elsewhere"
changed=0

# Files are replaced by renaming: who reads the old one goes on reading it.
put() { # source, target, mode
  if [ -f "$root$2" ] && [ ! -h "$root$2" ] && cmp -s "$1" "$root$2" && [ "$(mode_of "$root$2")" = "$3" ]; then
    return
  fi
  mkdir -p "$(dirname "$root$2")"
  cp "$1" "$root$2.duende-new"
  chmod "$3" "$root$2.duende-new"
  mv -f "$root$2.duende-new" "$root$2"
  changed=$((changed + 1))
}

mode_of() {
  stat -c %a "$1" 2>/dev/null || stat -f %Lp "$1"
}

link() { # what it points to, where
  [ "$(readlink "$root$2" 2>/dev/null)" = "$1" ] && return
  mkdir -p "$(dirname "$root$2")"
  if [ -e "$root$2" ] && [ ! -h "$root$2" ]; then
    fail "$2 is there and is not ours: move it away"
  fi
  ln -sfn "$1" "$root$2"
  changed=$((changed + 1))
}

folder() { # path, mode
  [ -d "$root$1" ] && return
  mkdir -p "$root$1"
  chmod "$2" "$root$1"
  changed=$((changed + 1))
}

temporary=$(mktemp "${TMPDIR:-/tmp}/duende-install.XXXXXX")
trap 'rm -f "$temporary"' EXIT
trap 'exit 1' INT TERM

# The distribution; data/ and etc/ stay where they are: an installed one keeps them elsewhere.
list=$(cd "$from" && find bin bundles lib examples optional service LICENSE CHANGELOG.md -type f | sort)
for file in $list; do
  case $file in
    bin/* | *.sh | lib/udev/ublk-owner*) put "$from/$file" "$home/$file" 755 ;;
    *) put "$from/$file" "$home/$file" 644 ;;
  esac
done
(cd "$from" && find bin bundles lib examples optional service -type l | sort) >"$temporary"
while IFS= read -r file; do
  link "$(readlink "$from/$file")" "$home/$file"
done <"$temporary"
# What an earlier version had and this one has not.
(cd "$root$home" && find bin bundles lib examples optional service \( -type f -o -type l \) 2>/dev/null | sort) >"$temporary"
while IFS= read -r file; do
  [ -e "$from/$file" ] || [ -h "$from/$file" ] || {
    rm -f "$root$home/$file"
    changed=$((changed + 1))
  }
done <"$temporary"

folder /etc/duende 755
folder /etc/duende/daemons 755
folder /etc/duende/groups 755
[ -e "$root/etc/duende/container.properties" ] || put "$from/etc/container.properties" /etc/duende/container.properties 644
folder /var/lib/duende 700
for command in duende pepita wos-ctl; do
  link "$home/bin/$command" "/usr/local/bin/$command"
done

case $(uname -s) in
  Darwin) service=/Library/LaunchDaemons/com.paiml.duende.plist template=com.paiml.duende.plist ;;
  *) service=/etc/systemd/system/duende.service template=duende.service ;;
esac
sed "s|@HOME@|$home|g" "$from/service/$template" >"$temporary"
put "$temporary" "$service" 644

# Disks for users without privileges: whose program is for Linux, and is there where a C compiler built the distribution.
rule=/etc/udev/rules.d/70-duende-ublk.rules before=$changed
if [ "$(uname -s)" = Linux ] && ls "$from"/lib/udev/ublk-owner-* >/dev/null 2>&1; then
  sed "s|@HOME@|$home|g" "$from/lib/udev/70-duende-ublk.rules" >"$temporary"
  put "$temporary" "$rule" 644
  if [ -z "$root" ]; then
    getent group ublk >/dev/null 2>&1 || groupadd --system ublk 2>/dev/null ||
      echo "The group ublk, whose members may add disks without privileges, cannot be made: make it."
    if [ "$changed" != "$before" ] && [ -S /run/udev/control ]; then
      udevadm control --reload || true
      udevadm trigger --action=change --sysname-match=ublk-control || true
    fi
  fi
fi

if [ "$changed" = 0 ]; then
  echo "Duende is installed in $root$home already: nothing to change."
else
  echo "Duende is installed in $root$home ($changed changes)."
fi

[ "$start" = yes ] || exit 0
case $(uname -s) in
  Darwin)
    launchctl print system/com.paiml.duende >/dev/null 2>&1 || launchctl bootstrap system "$service"
    [ "$changed" = 0 ] || launchctl kickstart -k system/com.paiml.duende
    ;;
  *)
    if [ ! -d /run/systemd/system ]; then
      echo "systemd does not run here: start it with '$home/bin/duende up'."
      exit 0
    fi
    [ "$changed" = 0 ] || systemctl daemon-reload
    systemctl --quiet is-enabled duende.service 2>/dev/null || systemctl --quiet enable duende.service
    if [ "$changed" != 0 ]; then
      systemctl restart duende.service
    elif ! systemctl --quiet is-active duende.service; then
      systemctl start duende.service
    fi
    systemctl --no-pager --lines=0 status duende.service
    ;;
esac
