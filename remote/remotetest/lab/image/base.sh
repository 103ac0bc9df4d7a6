#!/bin/sh
# base.sh SUITE PACKAGES: a small Debian with an SSH server and the lab's users.
. "$SCRIPTS/common.sh"
suite=$1 packages=$2

# Mirrors of unstable are often past the date of their Release file.
mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' \
  --aptopt='Acquire::Retries "3"' --dpkgopt=force-unsafe-io --skip=cleanup/apt \
  --include="openssh-server,sudo,iproute2,procps,ca-certificates,$packages" \
  "$suite" "$OUT" "deb $MIRROR $suite main"
rm -rf "$OUT"/var/lib/apt/lists/* "$OUT"/var/cache/apt/*.bin "$OUT"/var/cache/apt/archives/*.deb
rm -f "$OUT"/etc/ssh/ssh_host_* "$OUT"/etc/apt/apt.conf.d/99mmdebstrap "$OUT"/etc/dpkg/dpkg.cfg.d/99mmdebstrap

# Users first: an .ssh folder made before them would leave /home/ops to root.
for user in ops opsnp nosudo; do
  chroot "$OUT" useradd -m -s /bin/bash "$user"
  echo "$user:lab-$user-pw" | chroot "$OUT" chpasswd -c SHA512 -s 5000
done
echo 'ops ALL=(ALL:ALL) ALL' > "$OUT/etc/sudoers.d/ops"
echo 'opsnp ALL=(ALL:ALL) NOPASSWD: ALL' > "$OUT/etc/sudoers.d/opsnp"
chmod 440 "$OUT"/etc/sudoers.d/*
for home in root home/ops home/opsnp home/nosudo; do
  mkdir -p -m 700 "$OUT/$home/.ssh"
  install -m 600 "$KEYS/id_ed25519.pub" "$OUT/$home/.ssh/authorized_keys"
done
for user in ops opsnp nosudo; do chroot "$OUT" chown -R "$user:$user" "/home/$user"; done
printf '%s\n' 'PermitRootLogin prohibit-password' 'PasswordAuthentication yes' 'UseDNS no' 'MaxSessions 20' \
  > "$OUT/etc/ssh/sshd_config.d/lab.conf"
: > "$OUT/etc/resolv.conf"

# A light host has no init system: these two take its place.
install -m 755 "$SCRIPTS/init.sh" "$OUT/sbin/labinit"
if [ ! -e "$OUT/lib/systemd/systemd" ]; then
  install -m 755 "$SCRIPTS/reboot.pl" "$OUT/sbin/reboot"
  for name in poweroff halt shutdown; do ln -sf reboot "$OUT/sbin/$name"; done
fi
