# Sourced by the other scripts of this folder. They run as root, with:
#   OUT       folder to fill; its name disappears when the script fails
#   SCRIPTS   this folder
#   MIRROR    a Debian mirror, such as http://mirror.example/debian
#   KEYS, BOOKWORM, PENDING, …: folders that earlier scripts filled
set -eu
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

# unmount_layer undoes open_layer, also when a script fails half-way.
unmount_layer() {
  umount "$ROOT/mnt/packages" 2>/dev/null || true
  umount "$ROOT/proc" 2>/dev/null || true
  umount "$ROOT" 2>/dev/null || umount -l "$ROOT" 2>/dev/null || true
  rm -rf --one-file-system "$OUT.work" "$ROOT"
}

# open_layer LOWER mounts OUT as a writable layer over LOWER (layers joined by
# colons) at $ROOT, until the script ends.
open_layer() {
  ROOT=$OUT.root
  mkdir -p "$OUT" "$OUT.work" "$ROOT"
  trap unmount_layer EXIT
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$OUT,workdir=$OUT.work" "$ROOT"
  mount -t proc proc "$ROOT/proc"
}

# install_debian SUITE PACKAGE… installs ordinary Debian packages in $ROOT
# without leaving lists, archives or started daemons behind.
install_debian() {
  suite=$1
  shift
  cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
  printf '#!/bin/sh\nexit 101\n' > "$ROOT/usr/sbin/policy-rc.d"
  chmod +x "$ROOT/usr/sbin/policy-rc.d"
  echo "deb $MIRROR $suite main" > "$ROOT/tmp/net.list"
  chroot "$ROOT" sh -c '
    get="apt-get -qq -o Acquire::Check-Valid-Until=false -o Acquire::Retries=3
      -o Dir::Etc::sourcelist=/tmp/net.list -o Dir::Etc::sourceparts=/dev/null"
    $get update
    $get -y --no-install-recommends -o Dpkg::Options::=--force-unsafe-io -o Dpkg::Use-Pty=0 install "$@"
    apt-get clean
    rm -rf /var/lib/apt/lists/* /tmp/net.list' sh "$@"
  rm "$ROOT/usr/sbin/policy-rc.d"
  : > "$ROOT/etc/resolv.conf"
}

# hide_debian ROOT moves Debian's own package tools out of the way, so that a
# Debian tree can play another distribution.
hide_debian() {
  mkdir -p "$1/usr/lib/.hidden"
  for tool in apt apt-get apt-cache apt-mark apt-config apt-key dpkg dpkg-query dpkg-deb needrestart; do
    for dir in bin sbin; do
      if [ -e "$1/usr/$dir/$tool" ]; then mv "$1/usr/$dir/$tool" "$1/usr/lib/.hidden/"; fi
    done
  done
  rm -f "$1/etc/debian_version"
  ln -sf ../usr/lib/os-release "$1/etc/os-release"
}
