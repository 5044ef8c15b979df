#!/bin/sh
# Boots a systemd as PID 1 of namespaces of its own, and ends it, with everything in it, when standard input ends: so also
# when whoever started this was killed.
#
#   boot.sh NAME WORK SHARED    NAME: of its control groups; WORK: an empty folder; SHARED: seen inside at the same path
#
# It sees this machine's files, but what it writes goes to a file system in memory (overlay): nothing of the machine can be
# changed or removed from inside, except below SHARED. /tmp, /var/tmp, /run and /home are empty ones of its own.
#
# DUENDE_LAB_SYSTEMD: a folder whose files are seen in place of the machine's, such as another version of systemd, unpacked.
set -eu

if [ "$1" != --inside ]; then
  name=$1 work=$2 shared=$3
  groups=
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    groups=/sys/fs/cgroup/$name
  else
    for one in cpu cpuacct cpu,cpuacct memory devices freezer blkio pids systemd unified; do
      [ ! -d "/sys/fs/cgroup/$one" ] || [ -L "/sys/fs/cgroup/$one" ] || groups="$groups /sys/fs/cgroup/$one/$name"
    done
  fi
  # shellcheck disable=SC2086 # several
  mkdir $groups
  # The group is entered before the namespaces are made: it becomes the root of what is seen inside. If this shell is killed,
  # so is what it has started.
  # shellcheck disable=SC2016
  sh -c 'for g in $4; do echo $$ > "$g/cgroup.procs"; done
    exec setpriv --pdeathsig KILL unshare --mount --cgroup --pid --fork --kill-child=KILL --uts --ipc --net --propagation private \
      sh "$0" --inside "$1" "$2" "$3"' "$0" "$name" "$work" "$shared" "$groups" </dev/null &
  child=$!
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    # cgroups(7), "no internal processes": what waits for the namespace's first process would keep systemd from handing
    # controllers on in the group that is its root. It goes once the namespaces are made.
    own=$(sed -n 's/^0:://p' /proc/self/cgroup)
    while kill -0 $child 2>/dev/null && [ -z "$(cat "/proc/$child/task/$child/children" 2>/dev/null)" ]; do sleep 0.05; done
    echo $child > "/sys/fs/cgroup$own/cgroup.procs" || :
  fi
  cat >/dev/null || :
  kill -KILL $child 2>/dev/null || :
  wait $child 2>/dev/null || :
  for g in $groups; do
    left=50
    while [ $left -gt 0 ]; do
      find "$g" -depth -type d -exec rmdir {} \; 2>/dev/null || :
      [ -d "$g" ] || break
      left=$((left - 1))
      sleep 0.1
    done
  done
  exit 0
fi

work=$3 shared=$4
ip link set lo up 2>/dev/null || :
mount -t tmpfs -o mode=755 tmpfs "$work"
mkdir -p "$work/upper" "$work/scratch" "$work/root"
# What is to be shared is kept at hand before the machine's files are out of sight.
root=$work/root
over=
if [ -n "${DUENDE_LAB_SYSTEMD:-}" ]; then
  # Copied: what is below one layer cannot be another.
  cp -a "$DUENDE_LAB_SYSTEMD" "$work/over"
  over=$work/over:
fi
mount -t overlay -o "lowerdir=$over/,upperdir=$work/upper,workdir=$work/scratch" overlay "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys" || mount --rbind /sys "$root/sys"
# Disks have nodes, by which systemd knows them when it limits I/O, and which nobody can open (nodev).
mount -t tmpfs -o mode=755,nodev tmpfs "$root/dev"
for disk in /sys/block/*; do
  case $disk in *!* | '/sys/block/*') continue ;; esac
  numbers=$(cat "$disk/dev")
  mknod -m 600 "$root/dev/${disk##*/}" b "${numbers%:*}" "${numbers#*:}"
done
for d in null zero full random urandom tty; do
  : > "$root/dev/$d"
  mount --bind "/dev/$d" "$root/dev/$d"
done
ln -s /proc/self/fd "$root/dev/fd"
ln -s pts/ptmx "$root/dev/ptmx"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
for d in tmp var/tmp; do mount -t tmpfs -o mode=1777 tmpfs "$root/$d"; done
mount -t tmpfs -o mode=755 tmpfs "$root/home"
mkdir -p "$root$shared"
mount --bind "$shared" "$root$shared"

if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
  mountpoint -q "$root/sys/fs/cgroup" || mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
  for one in cpu cpuacct memory devices freezer blkio pids; do
    [ -d "/sys/fs/cgroup/$one" ] || continue
    mkdir -p "$root/sys/fs/cgroup/$one"
    mount -t cgroup -o "$one" cgroup "$root/sys/fs/cgroup/$one"
  done
  mkdir -p "$root/sys/fs/cgroup/systemd" "$root/sys/fs/cgroup/unified"
  mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/unified"
fi

# The machine's own services are none of ours, and a journal on its disk neither.
etc=$root/etc
rm -rf "$etc"/systemd/system/*.wants "$etc"/systemd/system/duende-*.service
: > "$etc/fstab"
echo duende-lab > "$etc/hostname"
[ -s "$etc/machine-id" ] || echo 0123456789abcdef0123456789abcdef > "$etc/machine-id"
mkdir -p "$etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=256M\nForwardToSyslog=no\nReadKMsg=no\n' \
  > "$etc/systemd/journald.conf.d/duende-lab.conf"
for unit in systemd-udevd.service systemd-udev-trigger.service systemd-udevd-kernel.socket \
  systemd-udevd-control.socket systemd-networkd.service systemd-timesyncd.service systemd-remount-fs.service \
  dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
  sys-fs-fuse-connections.mount systemd-modules-load.service systemd-sysctl.service systemd-random-seed.service \
  systemd-journal-flush.service systemd-tmpfiles-setup-dev.service systemd-tmpfiles-clean.timer \
  systemd-binfmt.service proc-sys-fs-binfmt_misc.automount apt-daily.timer apt-daily-upgrade.timer; do
  ln -sf /dev/null "$etc/systemd/system/$unit"
done

cd "$root"
mkdir .old
pivot_root . .old
umount -l /.old
exec env -i container=duende-lab PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --unit=basic.target --show-status=0
