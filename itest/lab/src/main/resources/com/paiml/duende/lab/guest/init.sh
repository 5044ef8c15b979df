#!/bin/sh
# shellcheck disable=SC2013,SC3045 # busybox's sh has these limits; the words are one a line
# Process 1 of the guest: mounts, loads what was asked for, starts one agent for each line to the host.
mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
mkdir -p /dev/shm /dev/pts
mount -t tmpfs shm /dev/shm
mount -t devpts pts /dev/pts
mount -t cgroup2 cgroup /sys/fs/cgroup
mount -t tracefs trace /sys/kernel/tracing 2>/dev/null
mount -t securityfs security /sys/kernel/security 2>/dev/null
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
  echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
done
ip link set lo up
hostname guest
ulimit -n 1048576
ulimit -l unlimited
while read -r module options; do
  # shellcheck disable=SC2086 # options are words
  insmod "/app/guest/modules/$module.ko" $options || echo "guest: no module $module"
done </app/guest/modules/order
export PATH=/app/bin:/jre/bin:/bin HOME=/root LD_LIBRARY_PATH=/app/lib:/lib/x86_64-linux-gnu TMPDIR=/tmp
cd /tmp || exit
for port in /sys/class/virtio-ports/*; do
  setsid /bin/sh /app/guest/agent "/dev/$(basename "$port")" &
done
echo "guest: up $(uname -r)"
while :; do
  wait # for the agents, and for every orphan of the guest
  sleep 1
done
