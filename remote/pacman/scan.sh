# $1 is "refresh" when the host may fetch lists.
refresh=$1
replace() { rm -rf "$own" && mv "$own.new" "$own"; }
refreshed() { mkdir -p "${own%/*}" && fetch "$own.new" && replace; }
# core: when the packages were installed that only a reboot brings into use.
core() {
	for file in "$dbpath"/local/glibc-[0-9]*/desc "$dbpath"/local/systemd-[0-9]*/desc "$dbpath"/local/dbus-broker-[0-9]*/desc \
		"$dbpath"/local/linux-firmware-[0-9]*/desc; do
		[ ! -e "$file" ] || stat -c '%Y %n' "$file"
	done
}
offered() { pacman -Qu --dbpath "$lists"; }

section 'lock' busy
section 'pacman -Q' installed
if [ "$refresh" = refresh ]; then
	section 'refresh' refreshed
	[ "$section_status" = 0 ] && lists=$own
fi
section 'repos' repos
section 'ages' ages
section 'pacman -Qu' offered
section 'pacman -Sup' whole
section 'pacman -Si' details
section 'core' core
finish
