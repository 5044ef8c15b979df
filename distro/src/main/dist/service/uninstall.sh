#!/bin/sh
# Removes what install.sh installed. Twice does no harm.
#
#   service/uninstall.sh [--root DIR] [--home DIR] [--purge]
#       --root DIR   it was installed below DIR
#       --home DIR   where the distribution is (default /opt/duende)
#       --purge      also configuration, state and logs (/etc/duende, /var/lib/duende)
#
# All daemons are stopped first, in order.
set -eu
export LC_ALL=C

fail() {
  printf 'uninstall.sh: %s\n' "$1" >&2
  exit "${2:-1}"
}

root='' home=/opt/duende purge=no
while [ $# -gt 0 ]; do
  case $1 in
    --root) [ $# -gt 1 ] || fail "--root needs a folder" 2; root=${2%/}; shift 2 ;;
    --home) [ $# -gt 1 ] || fail "--home needs a folder" 2; home=${2%/}; shift 2 ;;
    --purge) purge=yes; shift ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"; exit 0 ;;
    *) fail "$1? usage: uninstall.sh [--root DIR] [--home DIR] [--purge]" 2 ;;
  esac
done
case $home in
  /) fail "--home / is not where Duende is" 2 ;;
  /*) ;;
  *) fail "--home $home is not an absolute path" 2 ;;
esac
[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "removing from / needs root"

if [ -z "$root" ] && [ -x "$home/bin/duende" ]; then
  DUENDE_DATA=/var/lib/duende DUENDE_ETC=/etc/duende "$home/bin/duende" down 2>/dev/null ||
    echo "No container answers: nothing was stopped."
fi
if [ -z "$root" ]; then
  case $(uname -s) in
    Darwin) launchctl bootout system/com.paiml.duende 2>/dev/null || true ;;
    *) [ ! -d /run/systemd/system ] || systemctl --quiet disable --now duende.service 2>/dev/null || true ;;
  esac
fi
rm -f "$root/etc/udev/rules.d/70-duende-ublk.rules"
[ -n "$root" ] || [ ! -S /run/udev/control ] || udevadm control --reload || true
rm -f "$root/etc/systemd/system/duende.service" "$root/Library/LaunchDaemons/com.paiml.duende.plist"
[ -n "$root" ] || [ ! -d /run/systemd/system ] || systemctl daemon-reload
for command in duende pepita wos-ctl; do
  case $(readlink "$root/usr/local/bin/$command" 2>/dev/null) in
    "$home/bin/$command") rm -f "$root/usr/local/bin/$command" ;;
  esac
done
# Only what is a distribution is removed, whatever --home says.
if [ -e "$root$home/lib/launcher.jar" ]; then
  rm -rf "$root$home"
fi
if [ $purge = yes ]; then
  rm -rf "$root/etc/duende" "$root/var/lib/duende"
fi
echo "Duende is removed$([ $purge = yes ] || echo '; /etc/duende and /var/lib/duende are kept')."
