#!/bin/busybox sh
# shellcheck shell=dash
# The first program of the guest, in the kernel's archive: finds the root file system and goes there.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
for module in /modules/*.ko; do
  insmod "$module" || echo "guest: no $module"
done
tries=0
while [ ! -b /dev/vdb ] && [ $tries -lt 300 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
mount -t ext4 -o rw,noatime /dev/vda /root || echo "guest: no root file system"
mount -t ext4 -o ro /dev/vdb /root/app || echo "guest: no app file system"
umount /dev
exec switch_root /root /app/guest/init
