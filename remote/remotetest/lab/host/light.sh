#!/bin/sh
# light.sh DIR: one boot of a light host. It ends when the host does, by SIGHUP
# when the host asked for a reboot.
dir=$1
. "$dir/conf"
for group in $CGROUPS; do echo $$ > "$group/cgroup.procs"; done
cat /proc/sys/kernel/random/uuid > "$dir/boot_id"
rm -rf "$dir"/up/run/*

# A time namespace of its own lets the uptime start at 0.
clock=
if [ -e /proc/self/ns/time ]; then clock="--time --boottime -$(cut -d. -f1 /proc/uptime)"; fi
exec nsenter --net="/run/netns/$NETNS" \
  unshare --mount --uts --ipc --pid --cgroup --fork --kill-child $clock --propagation private \
  sh "$(dirname "$0")/enter.sh" "$dir"
