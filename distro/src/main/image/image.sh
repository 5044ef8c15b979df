#!/bin/sh
# shellcheck disable=SC1091 # jdk.sh is checked by itself
# Makes an OCI image of a distribution, without a registry, an engine or the network; the same bytes from the same distribution
# and machine.
#
#   image.sh [--modules NAME,...] DISTRIBUTION VERSION OUTPUT.tar
#       --modules NAME,...   modules of the JDK for daemon classes of your own, beside those that Duende needs
#
# Three layers: a Java runtime made by jlink, with the C library that it is linked with and a static busybox; the distribution,
# as service/install.sh puts it; the data folder, which belongs to the user that everything runs as. The archive is an OCI
# layout that has Docker's manifest too: podman, docker and containerd load it.
set -eu
umask 022
export LC_ALL=C

user=10001

fail() {
  printf 'image.sh: %s\n' "$1" >&2
  exit "${2:-1}"
}

usage="usage: image.sh [--modules NAME,...] DISTRIBUTION VERSION OUTPUT.tar"
# What the bundles import, the HTTP server in optional/ too, and jcmd for who has to look into it.
modules=java.base,java.instrument,java.logging,java.management,java.management.rmi,java.naming,java.net.http
modules=$modules,java.security.jgss,java.sql,java.xml,jdk.jcmd,jdk.management,jdk.net,jdk.security.auth,jdk.unsupported
case ${1:-} in
  --modules)
    [ $# -gt 1 ] || fail "$usage" 2
    modules=$modules,$2
    shift 2
    ;;
esac
[ $# = 3 ] || fail "$usage" 2
distribution=$1 version=$2 output=$3
# It becomes a tag.
case $version in '' | [.-]* | *[!A-Za-z0-9._-]*) fail "version $version: letters, digits and . _ - only" 2 ;; esac
[ -r "$distribution/lib/launcher.jar" ] || fail "$distribution is no Duende distribution"
. "$distribution/lib/jdk.sh"
jdk=$(find_jdk 25) || exit 1
[ -x "$jdk/bin/jlink" ] || fail "$jdk has no jlink: name a JDK with DUENDE_JAVA_HOME"
busybox=$(command -v busybox) || fail "busybox is missing (Debian: apt-get install busybox-static)"
case $(ldd "$busybox" 2>&1) in *"not a dynamic executable"* | *"statically linked"*) ;; *) fail "$busybox is not static (Debian: apt-get install busybox-static)" ;; esac
tar --version 2>/dev/null | grep -q GNU || fail "GNU tar is missing"
case $(uname -m) in
  x86_64) architecture=amd64 ;;
  aarch64) architecture=arm64 ;;
  *) fail "the bundles have native code for x86_64 and aarch64, not for $(uname -m)" ;;
esac
# One time for all files: that of the newest file of the distribution's own build.
: "${SOURCE_DATE_EPOCH:=$(stat -c %Y "$distribution/lib/build")}"
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

stage=$(mktemp -d "${TMPDIR:-/tmp}/duende-image.XXXXXX")
trap 'rm -rf "$stage"' EXIT
trap 'exit 1' INT TERM
layout=$stage/layout
mkdir -p "$layout/blobs/sha256"

# --- the runtime ---------------------------------------------------------------------------------------------------------
root=$stage/runtime
mkdir -p "$root/bin" "$root/dev" "$root/etc" "$root/proc" "$root/root" "$root/run" "$root/sys" "$root/tmp" "$root/usr/bin" \
  "$root/usr/lib/jvm" "$root/var/tmp"
chmod 700 "$root/root"
chmod 1777 "$root/tmp" "$root/var/tmp"
cp "$busybox" "$root/bin/busybox"
"$busybox" --list | while IFS= read -r tool; do
  [ "$tool" = busybox ] || ln -s busybox "$root/bin/$tool"
done
# Where many scripts expect it.
ln -s ../../bin/env "$root/usr/bin/env"
printf 'root:x:0:0:root:/root:/bin/sh\nduende:x:%s:%s:Duende:/var/lib/duende:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' \
  "$user" "$user" >"$root/etc/passwd"
printf 'root:x:0:\nduende:x:%s:\nnogroup:x:65534:\n' "$user" >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
java=$root/usr/lib/jvm/java
"$jdk/bin/jlink" --add-modules "$modules" --strip-debug --no-header-files --no-man-pages --generate-cds-archive \
  --output "$java" >/dev/null
# The libraries that its programs and libraries are linked with, their loader, and the rest of the C library, for native code
# that bundles bring.
find "$java/bin" "$java/lib" -type f \( -name '*.so' -o -perm -100 \) -exec ldd {} + 2>/dev/null |
  sed -n 's/.*=> \(\/[^ ]*\) (.*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p' | grep -v "^$java/" | sort -u >"$stage/libraries"
libc=$(grep '/libc\.so\.' "$stage/libraries") || fail "ldd does not name the C library of $java/bin/java"
for name in libdl.so.2 libm.so.6 libpthread.so.0 librt.so.1; do
  [ ! -e "${libc%/*}/$name" ] || echo "${libc%/*}/$name" >>"$stage/libraries"
done
sort -u "$stage/libraries" | while IFS= read -r library; do
  mkdir -p "$root${library%/*}"
  cp -L "$library" "$root$library"
done

# --- the distribution ----------------------------------------------------------------------------------------------------
program=$stage/program
mkdir "$program"
chmod 755 "$program"
"$distribution/service/install.sh" --root "$program" >/dev/null
rm -rf "${program:?}/etc/systemd" "${program:?}/opt/duende/service" "${program:?}/var"
cp "$here/entry.sh" "$program/usr/local/bin/duende-entry"
chmod 755 "$program/usr/local/bin/duende-entry"

# --- the data folder -----------------------------------------------------------------------------------------------------
mkdir -p "$stage/data/var/lib/duende"
chmod 700 "$stage/data/var/lib/duende"

# --- the image -----------------------------------------------------------------------------------------------------------
blob() { # file -> moves it to where its digest says, and prints that
  digest=$(sha256sum "$1" | cut -d ' ' -f 1)
  mv "$1" "$layout/blobs/sha256/$digest"
  echo "$digest"
}

pack() { # owner, folder, what... -> tar on standard output
  owner=$1 folder=$2
  shift 2
  tar -C "$folder" --create --format=gnu --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner="$owner" --group="$owner" \
    --numeric-owner "$@"
}

pack 0 "$root" . >"$stage/runtime.tar"
pack 0 "$program" . >"$stage/program.tar"
# The folder alone, not those above it.
pack "$user" "$stage/data" --no-recursion var/lib/duende >"$stage/data.tar"
layers='' digests='' names=''
for layer in runtime program data; do
  size=$(stat -c %s "$stage/$layer.tar")
  digest=$(blob "$stage/$layer.tar")
  layers="$layers${layers:+,}{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:$digest\",\"size\":$size}"
  digests="$digests${digests:+,}\"sha256:$digest\""
  names="$names${names:+,}\"blobs/sha256/$digest\""
done

cat >"$stage/config.json" <<END_OF_CONFIG
{"created":"$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)","architecture":"$architecture","os":"linux","config":{"User":"$user:$user","Env":["PATH=/usr/local/bin:/usr/bin:/bin","HOME=/var/lib/duende","DUENDE_JAVA_HOME=/usr/lib/jvm/java","DUENDE_DATA=/var/lib/duende","DUENDE_ETC=/etc/duende"],"Entrypoint":["/usr/local/bin/duende-entry"],"WorkingDir":"/var/lib/duende","Volumes":{"/var/lib/duende":{}},"StopSignal":"SIGTERM","Labels":{"org.opencontainers.image.title":"Duende","org.opencontainers.image.version":"$version"}},"rootfs":{"type":"layers","diff_ids":[$digests]},"history":[{"created_by":"a Java runtime, busybox and the C library"},{"created_by":"Duende"},{"created_by":"its data folder"}]}
END_OF_CONFIG
size=$(stat -c %s "$stage/config.json")
config=$(blob "$stage/config.json")
cat >"$stage/manifest.json" <<END_OF_MANIFEST
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:$config","size":$size},"layers":[$layers]}
END_OF_MANIFEST
size=$(stat -c %s "$stage/manifest.json")
manifest=$(blob "$stage/manifest.json")
cat >"$layout/index.json" <<END_OF_INDEX
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:$manifest","size":$size,"platform":{"architecture":"$architecture","os":"linux"},"annotations":{"io.containerd.image.name":"docker.io/library/duende:$version","org.opencontainers.image.ref.name":"docker.io/library/duende:$version"}}]}
END_OF_INDEX
echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
# For docker load, which before its version 25 knows no other.
echo "[{\"Config\":\"blobs/sha256/$config\",\"RepoTags\":[\"duende:$version\"],\"Layers\":[$names]}]" >"$layout/manifest.json"
pack 0 "$layout" . >"$output.new"
mv "$output.new" "$output"
