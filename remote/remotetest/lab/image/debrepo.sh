#!/bin/sh
# The lab's apt repository in OUT: demo packages beside Debian's genuine
# security updates (PENDING), three suites, signed. OUT/old holds the versions
# that hosts start with.
. "$SCRIPTS/common.sh"
export SOURCE_DATE_EPOCH=1700000000
build=$OUT.build
trap 'rm -rf "$build"; GNUPGHOME="$KEYS/gnupg" gpgconf --kill all' EXIT
mkdir -p "$OUT/old" "$OUT/pool/main" "$OUT/pool/security" "$OUT/pool/updates"

# pack NAME VERSION FOLDER packs what lies in $build/NAME-VERSION, with these
# variables, which it empties again:
depends='' conflicts='' section=admin urgency=medium change='New version.' postinst=''
pack() {
  dir=$build/$1-$2
  mkdir -p "$dir/DEBIAN" "$dir/usr/share/doc/$1"
  {
    printf '%s\n' "Package: $1" "Version: $2" 'Architecture: all' 'Maintainer: Lab <lab@example.invalid>' \
      "Section: $section" 'Priority: optional'
    if [ -n "$depends" ]; then echo "Depends: $depends"; fi
    if [ -n "$conflicts" ]; then echo "Conflicts: $conflicts"; fi
    printf '%s\n' "Description: lab package $1" ' Test package of the lab.'
  } > "$dir/DEBIAN/control"
  printf '%s (%s) bookworm; urgency=%s\n\n  * %s\n\n -- Lab <lab@example.invalid>  Tue, 14 Nov 2023 22:13:20 +0000\n' \
    "$1" "$2" "$urgency" "$change" | gzip -9n > "$dir/usr/share/doc/$1/changelog.Debian.gz"
  if [ -n "$postinst" ]; then
    printf '#!/bin/sh\nset -e\n%s\n' "$postinst" > "$dir/DEBIAN/postinst"
    chmod 755 "$dir/DEBIAN/postinst"
  fi
  dpkg-deb --root-owner-group -Znone -b "$dir" "$OUT/$3/$1_$2_all.deb" > /dev/null
  depends='' conflicts='' section=admin urgency=medium change='New version.' postinst=''
}

# An ordinary update and a security update.
pack lab-hello 1.0-1 old
pack lab-hello 1.1-1 pool/main
pack lab-ssl 1.0-1 old
urgency=high change='SECURITY: fix remote overflow (CVE-2099-1234)'
pack lab-ssl 1.0-1+deb12u1 pool/security

# A configuration file that the admin has edited and the new version changes.
for version in 1.0-1 2.0-1; do
  mkdir -p "$build/lab-conf-$version/etc" "$build/lab-conf-$version/DEBIAN"
  echo /etc/lab-conf.conf > "$build/lab-conf-$version/DEBIAN/conffiles"
done
echo 'setting=1' > "$build/lab-conf-1.0-1/etc/lab-conf.conf"
printf 'setting=2\nnew=yes\n' > "$build/lab-conf-2.0-1/etc/lab-conf.conf"
pack lab-conf 1.0-1 old
pack lab-conf 2.0-1 pool/main

# A script that fails; and one that takes half a minute, or as many seconds as
# /etc/lab-slow.steps says, and counts its runs.
pack lab-badpost 1.0-1 old
postinst='echo "lab-badpost: cannot migrate database" >&2; exit 1'
pack lab-badpost 2.0-1 pool/main
pack lab-slow 1.0-1 old
postinst='n=$(cat /etc/lab-slow.steps 2>/dev/null || echo 30)
i=0
while [ $i -lt $n ]; do i=$((i+1)); echo "lab-slow: step $i of $n"; sleep 1; done
date +%s.%N >> /var/lib/lab-slow.runs'
pack lab-slow 2.0-1 pool/main

# A kernel that asks for a reboot as Debian's do.
section=kernel
pack linux-image-6.1.0-99-lab 6.1.99-1 old
section=kernel
postinst='mkdir -p /run
echo "*** System restart required ***" > /run/reboot-required
echo linux-image-6.1.0-99-lab >> /run/reboot-required.pkgs'
pack linux-image-6.1.0-99-lab 6.1.100-1 pool/security

# Kept back: one needs a new package, one would remove another. And a held one.
pack lab-newdep 1.0-1 old
depends=lab-newlib
pack lab-newdep 2.0-1 pool/main
pack lab-newlib 1.0-1 pool/main
pack lab-remover 1.0-1 old
pack lab-victim 1.0-1 old
conflicts=lab-victim
pack lab-remover 2.0-1 pool/main
pack lab-held 1.0-1 old
pack lab-held 2.0-1 pool/main

# A question at installation.
depends=debconf
pack lab-debconf 1.0-1 old
mkdir -p "$build/lab-debconf-2.0-1/DEBIAN"
printf '%s\n' 'Template: lab-debconf/answer' 'Type: select' 'Choices: keep, replace' 'Default: keep' \
  'Description: Keep the old data?' ' A question at high priority.' > "$build/lab-debconf-2.0-1/DEBIAN/templates"
printf '%s\n' '#!/bin/sh' 'set -e' '. /usr/share/debconf/confmodule' 'db_input high lab-debconf/answer || true' \
  'db_go || true' > "$build/lab-debconf-2.0-1/DEBIAN/config"
chmod 755 "$build/lab-debconf-2.0-1/DEBIAN/config"
depends=debconf postinst='. /usr/share/debconf/confmodule
db_get lab-debconf/answer
echo "answer=$RET" >&2'
pack lab-debconf 2.0-1 pool/main

# 40 MB that do not compress: to fill a disk, and to cut a line while loading.
pack lab-big 1.0-1 old
mkdir -p "$build/lab-big-2.0-1/usr/share/lab-big"
openssl enc -aes-128-ctr -K 00 -iv 00 -nosalt -in /dev/zero 2>/dev/null | head -c 40000000 > "$build/lab-big-2.0-1/usr/share/lab-big/blob"
pack lab-big 2.0-1 pool/main

cp -l "$PENDING"/*.deb "$OUT/pool/security/"

# suite CODENAME SUITE LABEL POOL VERSION
suite() {
  dir=dists/$1
  mkdir -p "$dir/main/binary-amd64"
  apt-ftparchive packages "$4" > "$dir/main/binary-amd64/Packages"
  gzip -9nk "$dir/main/binary-amd64/Packages"
  release=APT::FTPArchive::Release
  apt-ftparchive -o "$release::Origin=Debian" -o "$release::Label=$3" -o "$release::Suite=$2" \
    -o "$release::Codename=$1" -o "$release::Version=$5" -o "$release::Architectures=amd64" \
    -o "$release::Components=main" release "$dir" > Release.new
  mv Release.new "$dir/Release"
  gpg --batch --yes --local-user lab@example.invalid --clearsign -o "$dir/InRelease" "$dir/Release"
}
export GNUPGHOME="$KEYS/gnupg"
unset SOURCE_DATE_EPOCH # the Release file carries today's date
cd "$OUT"
suite bookworm oldstable Debian pool/main 12.15
suite bookworm-updates oldstable-updates Debian pool/updates 12-updates
suite bookworm-security oldstable-security Debian-Security pool/security 12
