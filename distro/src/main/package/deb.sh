#!/bin/sh
# Makes a Debian package of a distribution, the same bytes from the same distribution.
#
#   deb.sh DISTRIBUTION VERSION OUTPUT.deb
#
# Needs dpkg-deb. The package installs below /usr/lib/duende, as service/install.sh does below /opt/duende, and brings the unit.
set -eu
umask 022
export LC_ALL=C
[ $# = 3 ] || { echo "usage: deb.sh DISTRIBUTION VERSION OUTPUT.deb" >&2; exit 2; }
distribution=$1 output=$3
# A snapshot comes before the release of its version (deb-version(7)).
version=$(printf %s "$2" | sed 's/-SNAPSHOT$/~snapshot/; s/-/~/g')
command -v dpkg-deb >/dev/null 2>&1 || { echo "deb.sh: dpkg-deb is missing: it is part of Debian's dpkg" >&2; exit 1; }

stage=$(mktemp -d "${TMPDIR:-/tmp}/duende-deb.XXXXXX")
trap 'rm -rf "$stage"' EXIT
trap 'exit 1' INT TERM
chmod 755 "$stage"
"$distribution/service/install.sh" --root "$stage" --home /usr/lib/duende >/dev/null
# Where a package may put them.
mkdir -p "$stage/usr/bin" "$stage/lib/systemd/system" "$stage/lib/udev/rules.d" "$stage/usr/share/doc/duende" "$stage/DEBIAN"
mv "$stage"/usr/local/bin/* "$stage/usr/bin/"
mv "$stage/etc/systemd/system/duende.service" "$stage/lib/systemd/system/"
if [ -d "$stage/etc/udev" ]; then
  mv "$stage"/etc/udev/rules.d/* "$stage/lib/udev/rules.d/"
fi
rm -rf "${stage:?}/usr/local" "$stage/etc/systemd" "$stage/etc/udev" "$stage/usr/lib/duende/service"
cp "$distribution/LICENSE" "$stage/usr/share/doc/duende/copyright"
chmod 644 "$stage/usr/share/doc/duende/copyright"

cat >"$stage/DEBIAN/control" <<END
Package: duende
Version: $version
Architecture: all
Maintainer: Duende <duende@localhost>
Section: admin
Priority: optional
Installed-Size: $(du -sk --exclude=DEBIAN "$stage" | cut -f 1)
Recommends: java-runtime-headless (>= 25)
Suggests: systemd
Description: keeps daemons running, on every platform alike
 Duende runs long-lived programs and keeps them running, with one model:
 a Java object, a native process, a systemd unit, a container, a microVM,
 a WebAssembly process. It needs a Java 25 somewhere on the machine.
END
echo /etc/duende/container.properties >"$stage/DEBIAN/conffiles"
cat >"$stage/DEBIAN/postinst" <<'END'
#!/bin/sh
# Daemons go on while the container is replaced.
set -e
if [ "$1" = configure ]; then
  getent group ublk >/dev/null 2>&1 || groupadd --system ublk || true
  if [ -S /run/udev/control ]; then
    udevadm control --reload || true
    udevadm trigger --action=change --sysname-match=ublk-control || true
  fi
fi
if [ "$1" = configure ] && [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl enable duende.service
  systemctl restart duende.service || echo "duende: the container did not start; see 'systemctl status duende'" >&2
fi
END
cat >"$stage/DEBIAN/prerm" <<'END'
#!/bin/sh
set -e
if [ "$1" = remove ]; then
  DUENDE_DATA=/var/lib/duende DUENDE_ETC=/etc/duende /usr/bin/duende down 2>/dev/null || true
  if [ -d /run/systemd/system ]; then
    systemctl disable --now duende.service || true
  fi
fi
END
cat >"$stage/DEBIAN/postrm" <<'END'
#!/bin/sh
set -e
if [ "$1" = purge ]; then
  rm -rf /etc/duende /var/lib/duende
fi
if [ -S /run/udev/control ]; then
  udevadm control --reload || true
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
fi
END
chmod 755 "$stage/DEBIAN/postinst" "$stage/DEBIAN/prerm" "$stage/DEBIAN/postrm"
# One time for all files: that of the newest file of the distribution's own build.
: "${SOURCE_DATE_EPOCH:=$(stat -c %Y "$distribution/lib/build")}"
export SOURCE_DATE_EPOCH
find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz --build "$stage" "$output.new" >/dev/null
mv "$output.new" "$output"
