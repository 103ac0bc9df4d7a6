#!/bin/sh
# A Debian tree that plays Arch Linux: real pacman, its own repository (which
# only the image's repo-add can write) in OUT/srv/repo.
. "$SCRIPTS/common.sh"
open_layer "$TRIXIE"
install_debian trixie pacman-package-manager makepkg libarchive-tools zstd
mkdir -p "$ROOT/srv/repo/lab" "$ROOT/srv/repo/old"

# pack NAME VERSION FOLDER [PKGINFO LINES] [INSTALL SCRIPT] [CONFIGURATION]
pack() {
  dir=$(mktemp -d)
  mkdir -p "$dir/usr/share/$1" "$dir/etc"
  echo "$2" > "$dir/usr/share/$1/version"
  {
    printf '%s\n' "pkgname = $1" "pkgbase = $1" "pkgver = $2" "pkgdesc = lab package $1" \
      'url = https://example.invalid' 'builddate = 1700000000' 'packager = Lab <lab@example.invalid>' \
      'size = 10' 'arch = any' 'license = MIT'
    if [ -n "${4:-}" ]; then printf '%s\n' "$4"; fi
    if [ -n "${6:-}" ]; then echo "backup = etc/$1.conf"; fi
  } > "$dir/.PKGINFO"
  if [ -n "${5:-}" ]; then echo "$5" > "$dir/.INSTALL"; fi
  if [ -n "${6:-}" ]; then echo "$6" > "$dir/etc/$1.conf"; fi
  (
    cd "$dir"
    tar --owner=0 --group=0 --numeric-owner -cf - .PKGINFO $(ls -A | grep -v '^\.PKGINFO$') | zstd -q
  ) > "$ROOT/srv/repo/$3/$1-$2-any.pkg.tar.zst"
  rm -rf "$dir"
}
# As many seconds as /etc/lab-slow.steps says, else 30; counts its runs.
slow='post_upgrade() {
  n=$(cat /etc/lab-slow.steps 2>/dev/null || echo 30)
  i=0; while [ $i -lt $n ]; do i=$((i+1)); echo "labslow: step $i"; sleep 1; done
  date >> /var/lib/lab-slow.runs
}'
pack labhello 1.0-1 old;          pack labhello 1.1-1 lab
pack openssl 3.0.0-1 old;         pack openssl 3.0.1-1 lab
pack labconf 1.0-1 old '' '' a=1; pack labconf 2.0-1 lab '' '' a=2
pack labbadpost 1.0-1 old;        pack labbadpost 2.0-1 lab '' 'post_upgrade() { echo cannot migrate; return 1; }'
pack labslow 1.0-1 old;           pack labslow 2.0-1 lab '' "$slow"
pack linux 6.6.1.arch1-1 old;     pack linux 6.6.2.arch1-1 lab
pack labignored 1.0-1 old;        pack labignored 2.0-1 lab
pack labrep 1.0-1 old
pack labrep-ng 2.0-1 lab 'replaces = labrep
conflict = labrep'

chroot "$ROOT" sh -c 'cd /srv/repo/lab && repo-add -q lab.db.tar.gz *.pkg.tar.zst'
printf '%s\n' '[options]' 'HoldPkg = pacman glibc' 'Architecture = auto' 'CheckSpace' 'IgnorePkg = labignored' \
  'SigLevel = Never' '[lab]' 'Server = http://repo.lab/pacman/lab' > "$ROOT/etc/pacman.conf"
chroot "$ROOT" sh -c "pacman -U --noconfirm --overwrite '*' /srv/repo/old/*.zst"
rm -rf "$ROOT/srv/repo/old"
printf '%s\n' 'NAME="Arch Linux"' 'PRETTY_NAME="Arch Linux (lab)"' 'ID=arch' 'BUILD_ID=rolling' > "$ROOT/usr/lib/os-release"
hide_debian "$ROOT"
