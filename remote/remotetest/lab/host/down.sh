#!/bin/sh
# down.sh DIR: ends one host and removes all that was made for it.
dir=$1
[ -f "$dir/conf" ] || exit 0
. "$dir/conf"
# The group of version 2 ends everything in it at once. Killing systemd-nspawn
# alone would leave its first process alive.
for group in $CGROUPS; do
  if [ -e "$group/cgroup.kill" ]; then
    echo 0 > "$group/cgroup.freeze"
    echo 1 > "$group/cgroup.kill"
    i=0
    while [ $i -lt 200 ] && grep -q '^populated 1' "$group/cgroup.events"; do
      i=$((i + 1))
      sleep 0.02
    done
  fi
done
mountpoint -q "$dir/root" && { umount "$dir/root" || umount -l "$dir/root"; }
ip -n "$SWITCH" link del "$VETH" 2>/dev/null
ip netns del "$NETNS" 2>/dev/null
for group in $CGROUPS; do
  [ -d "$group" ] && find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
done
umount "$dir" 2>/dev/null || umount -l "$dir" 2>/dev/null
rm -rf --one-file-system "$dir"
