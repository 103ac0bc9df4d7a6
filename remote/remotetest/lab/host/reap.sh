#!/bin/sh
# reap.sh RUN: waits until its standard input closes, which happens however the
# test process ends, and removes all hosts of that process and their network.
run=$1
read -r _
for dir in "$run"/*/; do
  sh "$(dirname "$0")/down.sh" "${dir%/}"
done
ip netns del "$(cat "$run/switch")" 2>/dev/null
rm -rf --one-file-system "$run"
