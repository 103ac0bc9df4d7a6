#!/bin/sh
# systemd.sh DIR: one boot of a host with systemd. It ends when the host does,
# with 133 when the host asked for a reboot.
dir=$1
. "$dir/conf"
# Each needs control groups of its own, or all would share one "payload" and
# end each other's units.
for group in $CGROUPS; do echo $$ > "$group/cgroup.procs"; done
mountpoint -q "$dir/root" ||
  mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$dir/up,workdir=$dir/work" "$dir/root"

clock=
if [ -e /proc/self/ns/time ]; then clock="--time --boottime -$(cut -d. -f1 /proc/uptime)"; fi
exec unshare $clock --fork --kill-child \
  systemd-nspawn -q --register=no --keep-unit --boot --kill-signal=SIGRTMIN+3 -D "$dir/root" -M "$NAME" \
  --hostname="$NAME" --network-namespace-path="/run/netns/$NETNS" --resolv-conf=off --timezone=off \
  --link-journal=no --console=read-only
