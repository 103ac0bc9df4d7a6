#!/bin/sh
# rpm.sh KIND LOWER SUITE PACKAGES: a Debian tree that plays an RPM
# distribution: real dnf, dnf5 or zypper, other os-release, no apt or dpkg.
. "$SCRIPTS/common.sh"
kind=$1 lower=$2 suite=$3
shift 3
open_layer "$lower"
install_debian "$suite" "$@"

mkdir -p "$ROOT/var/lib/rpm" "$ROOT/etc/rpm" "$ROOT/etc/pki/rpm-gpg" "$ROOT/mnt/packages"
echo '%_dbpath /var/lib/rpm' > "$ROOT/etc/rpm/macros.lab"
cp "$KEYS/RPM-GPG-KEY-lab" "$ROOT/etc/pki/rpm-gpg/"
mount --bind "$RPMREPO/old" "$ROOT/mnt/packages"
chroot "$ROOT" rpm --import /etc/pki/rpm-gpg/RPM-GPG-KEY-lab
# Debian's rpm refuses to install packages unless told twice.
force=
if chroot "$ROOT" rpm --help | grep -q force-debian; then force=--force-debian; fi
chroot "$ROOT" sh -c "rpm -i $force --nodeps /mnt/packages/*.rpm"
umount "$ROOT/mnt/packages"
rmdir "$ROOT/mnt/packages"

os_release() { printf '%s\n' "$@" > "$ROOT/usr/lib/os-release"; }
repo_file() {
  mkdir -p "$(dirname "$1")"
  printf '%s\n' '[lab-updates]' 'name=Lab updates' 'baseurl=http://repo.lab/rpm/updates' 'enabled=1' 'gpgcheck=1' \
    'repo_gpgcheck=0' 'gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-lab' > "$1"
}
# Debian's plug-in for packages from local files runs createrepo_c after every
# transaction, fails, and makes dnf fail.
for conf in "$ROOT/etc/dnf/plugins/local.conf" "$ROOT/etc/dnf/libdnf5-plugins/local.conf"; do
  if [ -e "$conf" ]; then sed -i 's/^enabled.*/enabled = false/' "$conf"; fi
done
case $kind in
dnf)
  repo_file "$ROOT/etc/yum.repos.d/lab.repo"
  ln -sf dnf "$ROOT/usr/bin/yum"
  os_release 'NAME="AlmaLinux"' 'VERSION="9.4 (lab)"' 'ID="almalinux"' 'ID_LIKE="rhel centos fedora"' \
    'VERSION_ID="9.4"' 'PLATFORM_ID="platform:el9"' 'PRETTY_NAME="AlmaLinux 9.4 (lab)"'
  echo 'AlmaLinux release 9.4 (lab)' > "$ROOT/etc/redhat-release"
  ;;
dnf5)
  repo_file "$ROOT/etc/yum.repos.d/lab.repo"
  ln -sf dnf5 "$ROOT/usr/bin/dnf"
  ln -sf dnf5 "$ROOT/usr/bin/yum"
  os_release 'NAME="Fedora Linux"' 'VERSION="42 (lab)"' 'ID=fedora' 'VERSION_ID=42' \
    'PLATFORM_ID="platform:f42"' 'PRETTY_NAME="Fedora Linux 42 (lab)"'
  echo 'Fedora release 42 (lab)' > "$ROOT/etc/redhat-release"
  ;;
zypper)
  repo_file "$ROOT/etc/zypp/repos.d/lab.repo"
  printf '%s\n' 'autorefresh=1' 'type=rpm-md' >> "$ROOT/etc/zypp/repos.d/lab.repo"
  os_release 'NAME="openSUSE Leap"' 'VERSION="15.6"' 'ID="opensuse-leap"' 'ID_LIKE="suse opensuse"' \
    'VERSION_ID="15.6"' 'PRETTY_NAME="openSUSE Leap 15.6 (lab)"'
  ;;
esac
hide_debian "$ROOT"
