# What scans, simulations and jobs share.
quiet() { zypper --non-interactive --no-refresh "$@"; }

# busy: who works on the packages. libzypp keeps an empty file when nobody does.
busy() {
	for file in /run/zypp.pid /var/run/zypp.pid; do
		[ -s "$file" ] || continue
		pid=$(cat "$file")
		[ -d "/proc/$pid" ] && echo "$pid $file" && return 0
	done
	rpm_busy
}

# ages: when the lists of each repository were fetched.
ages() { stat -c '%Y %n' /var/cache/zypp/raw/*/repodata/repomd.xml 2>/dev/null || :; }

# specs NAME ARCH VERSION ...: what zypper is to be asked for, in $specs.
specs() {
	specs=
	while [ $# -ge 3 ]; do
		specs="$specs $1.$2=$3"
		shift 3
	done
}

# solve OPTIONS ...: installs $specs, exactly, or fails. They hold no blanks and
# no wildcards: the desk has seen to it. A version that the sources do not have
# any more is no reason to take another.
solve() {
	set -f
	# shellcheck disable=SC2086
	quiet "$1" install --no-recommends --no-force-resolution --auto-agree-with-licenses "$2" $specs
	solve_status=$?
	set +f
	return $solve_status
}
