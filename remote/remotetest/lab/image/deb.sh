#!/bin/sh
# The apt host: Debian 12 that knows only the lab's repository, with the old
# demo packages installed, one of them held and one configuration file edited.
. "$SCRIPTS/common.sh"
open_layer "$BOOKWORM"
mkdir "$ROOT/mnt/packages"
mount --bind "$DEBREPO/old" "$ROOT/mnt/packages"
chroot "$ROOT" sh -c 'dpkg --force-unsafe-io -i /mnt/packages/*.deb'
umount "$ROOT/mnt/packages"
rmdir "$ROOT/mnt/packages"
chroot "$ROOT" apt-mark hold lab-held
echo 'setting=99 # edited by the admin' > "$ROOT/etc/lab-conf.conf"
cp "$KEYS/lab-archive.gpg" "$ROOT/usr/share/keyrings/"
rm -f "$ROOT"/etc/apt/sources.list.d/*
for suite in bookworm bookworm-updates bookworm-security; do
  echo "deb [signed-by=/usr/share/keyrings/lab-archive.gpg] http://repo.lab/deb $suite main"
done > "$ROOT/etc/apt/sources.list"
