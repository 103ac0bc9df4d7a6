#!/bin/sh
# enter.sh DIR: inside the new namespaces, mounts the host's file systems, drops
# the rights that would reach the machine around it, and becomes its init.
set -e
dir=$1
. "$dir/conf"
root=$dir/root
mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$dir/up,workdir=$dir/work" "$root"
mount -t proc proc "$root/proc" -o nosuid,nodev,noexec
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount --bind "$dir/boot_id" "$root/proc/sys/kernel/random/boot_id"
mount -t sysfs sysfs "$root/sys" -o ro,nosuid,nodev,noexec
mount -t tmpfs tmpfs "$root/run" -o mode=755,size=64m
mount -t tmpfs tmpfs "$root/dev" -o mode=755,size=1m
for name in null zero full random urandom tty; do
  : > "$root/dev/$name"
  mount --bind "/dev/$name" "$root/dev/$name"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts devpts "$root/dev/pts" -o newinstance,ptmxmode=0666,mode=620,gid=5
mount -t tmpfs tmpfs "$root/dev/shm" -o mode=1777,size=64m
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"
hostname "$NAME"

mkdir -p "$root/.old"
cd "$root"
pivot_root . .old
umount -l /.old
rmdir /.old
exec setpriv --bounding-set=-sys_module,-sys_rawio,-sys_time,-syslog,-mac_admin,-mac_override,-wake_alarm,-bpf,-perfmon,-sys_ptrace \
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=linux /sbin/labinit
