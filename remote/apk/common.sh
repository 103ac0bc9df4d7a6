# What scans, simulations and jobs share. Without --cache-max-age apk would
# fetch lists whenever they are four hours old.
quiet() { apk --cache-max-age 5256000 "$@"; }

# busy: who holds the lock of the database, one "PID FILE" a line.
busy() {
	[ -r /proc/locks ] || return 0
	for file in /lib/apk/db/lock /usr/lib/apk/db/lock; do
		[ -e "$file" ] || continue
		inode=$(stat -c %i "$file")
		while read -r _ _ _ access pid place _; do
			[ "$access" = WRITE ] && [ "${place##*:}" = "$inode" ] && echo "$pid $file"
		done </proc/locks
	done
	return 0
}
installed() { quiet list --installed; }
# ages: when each list was fetched.
ages() {
	for file in /var/cache/apk/APKINDEX.*.tar.gz /etc/apk/cache/APKINDEX.*.tar.gz; do
		[ ! -e "$file" ] || stat -c '%Y %n' "$file"
	done
}
repositories() { cat /etc/apk/repositories; }
world() { cat /etc/apk/world; }

# upgrade OPTIONS ... [NAMES ...]: apk 2 would first upgrade itself and start anew.
upgrade() {
	case $(apk upgrade --help 2>&1) in
	*--no-self-upgrade*) set -- --no-self-upgrade "$@" ;;
	esac
	quiet upgrade "$@"
}
