#!/bin/sh
# The genuine security updates that Debian has for BOOKWORM today, as files.
# BOOKWORM was installed from the main archive only, so there always are some.
. "$SCRIPTS/common.sh"
mkdir -p "$OUT"
target=$OUT OUT=$OUT.layer
open_layer "$BOOKWORM"
cp /etc/resolv.conf "$ROOT/etc/"
rm -f "$ROOT"/etc/apt/sources.list.d/*
printf 'deb %s %s main\n' "$MIRROR" bookworm "$MIRROR" bookworm-updates "$MIRROR-security" bookworm-security \
  > "$ROOT/etc/apt/sources.list"
get="apt-get -qq -o Acquire::Check-Valid-Until=false -o Acquire::Retries=3 -o Dpkg::Use-Pty=0"
chroot "$ROOT" $get -o APT::Update::Error-Mode=any update
chroot "$ROOT" $get -y --download-only dist-upgrade
mv "$ROOT"/var/cache/apt/archives/*.deb "$target/"
unmount_layer
rm -rf --one-file-system "$OUT"
