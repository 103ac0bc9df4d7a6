# What scans, simulations and jobs of all that stand on rpm share.

# installed: every package of the rpm database.
installed() { rpm -qa --qf '%{NAME}\t%{ARCH}\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\t%{INSTALLTIME}\n'; }

# rpm_busy: who writes the rpm database, one "PID FILE" a line. rpm itself, and
# all that stand on it, hold a write lock on .rpm.lock:
#   1: POSIX  ADVISORY  WRITE 10827 00:27:10109818 0 EOF
rpm_busy() {
	[ -e /var/lib/rpm/.rpm.lock ] && [ -r /proc/locks ] || return 0
	inode=$(stat -c %i /var/lib/rpm/.rpm.lock)
	while read -r _ _ _ access pid place _; do
		[ "$access" = WRITE ] && [ "${place##*:}" = "$inode" ] && echo "$pid /var/lib/rpm/.rpm.lock"
	done </proc/locks
	return 0
}
