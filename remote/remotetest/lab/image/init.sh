#!/bin/sh
# First process of a light host: starts the SSH server and reaps what dies.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
stop() {
  kill -TERM -1 2>/dev/null
  sleep 0.3
  kill -KILL -1 2>/dev/null
  exit 0
}
trap stop TERM
mkdir -p /run/sshd /run/lock
chmod 755 /run/sshd
: > /run/utmp
/usr/sbin/sshd
while :; do
  sleep 3600 &
  wait $!
done
