#!/bin/sh
# Serves the folder site/ with the web server of the JDK that Duende itself runs on, or else with Python's or busybox's.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
port=${PORT:-18080}
jdk=
# shellcheck source=cnf/jdk.sh
if [ -r "$here/../../lib/jdk.sh" ]; then . "$here/../../lib/jdk.sh" && jdk=$(find_jdk 25 2>/dev/null); fi
if [ -x "$jdk/bin/jwebserver" ]; then
  exec "$jdk/bin/jwebserver" -J-XX:+UseSerialGC -J-XX:TieredStopAtLevel=1 -J-Xmx64m -b 127.0.0.1 -p "$port" -d "$here/site"
elif command -v python3 >/dev/null; then
  exec python3 -u -m http.server --bind 127.0.0.1 --directory "$here/site" "$port"
elif command -v busybox >/dev/null; then
  exec busybox httpd -f -p "127.0.0.1:$port" -h "$here/site"
fi
echo "no web server here: install a JDK 25, Python 3 or busybox" >&2
exit 78
