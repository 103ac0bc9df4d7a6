# What scans, simulations and jobs share. $dnf is the program: dnf5, dnf or yum.
dnf=yum
command -v dnf >/dev/null 2>&1 && dnf=dnf
command -v dnf5 >/dev/null 2>&1 && dnf=dnf5

# cached: asks without the network. A repository whose lists are missing is an
# error, not an empty repository; nobody waits for a lock.
cached() { "$dnf" -C '--setopt=*.skip_if_unavailable=0' --setopt=exit_on_lock=1 "$@"; }

# process_of FILE: the process a lock file names, "4711" or "pid = 4711".
process_of() { sed -n -e 's/^pid = //p' -e '/^[0-9][0-9]*$/p' "$1"; }

# busy: who works on the packages, one "PID FILE" a line. A lock file whose
# process is gone counts for nothing.
busy() {
	for file in /var/lib/dnf/rpmdb_lock.pid /var/cache/dnf/metadata_lock.pid /var/cache/dnf/download_lock.pid \
		/run/dnf/rpmtransaction.lock /var/run/yum.pid; do
		[ -s "$file" ] || continue
		pid=$(process_of "$file")
		[ -n "$pid" ] && [ -d "/proc/$pid" ] && echo "$pid $file"
	done
	rpm_busy
}

# request NAME ARCH VERSION ...: the command that brings in exactly these.
# "upgrade" keeps dependencies known as such, but takes only what is there.
request() {
	verb=upgrade
	names=
	while [ $# -ge 3 ]; do
		rpm -q "$1.$2" >/dev/null 2>&1 || verb=install
		names="$names $1-$3.$2"
		shift 3
	done
}

# transaction OPTIONS ...: the transaction that $verb and $names ask for. Names
# hold no blanks and no wildcards: the desk has seen to it.
transaction() {
	set -f
	# shellcheck disable=SC2086
	cached --setopt=best=1 --setopt=install_weak_deps=0 --setopt=clean_requirements_on_remove=0 "$verb" "$@" $names
	transaction_status=$?
	set +f
	return "$transaction_status"
}

# ages: when the lists of each repository were fetched. Files that are not there are no matter.
ages() {
	stat -c '%Y %n' /var/cache/dnf/*/repodata/repomd.xml /var/cache/libdnf5/*/repodata/repomd.xml \
		/var/cache/yum/*/*/*/repomd.xml 2>/dev/null || :
}
