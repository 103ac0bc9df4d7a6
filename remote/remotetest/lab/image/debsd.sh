#!/bin/sh
# The same host with systemd as its init.
. "$SCRIPTS/common.sh"
open_layer "$DEB:$BOOKWORM"
install_debian bookworm systemd systemd-sysv dbus libpam-systemd
for name in reboot poweroff halt shutdown; do ln -sf /bin/systemctl "$ROOT/sbin/$name"; done
chroot "$ROOT" systemctl disable apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer
chroot "$ROOT" systemctl enable ssh.service
# The lab gives the host its address; there is no console to log in at.
chroot "$ROOT" systemctl mask systemd-networkd.service console-getty.service
