# $1 is "refresh" when the host may fetch its lists.
refresh=$1
section 'busy' busy
section 'rpm -qa' installed
working=$(busy)
if [ -z "$working" ]; then
	[ "$refresh" = refresh ] && section 'refresh' zypper --non-interactive refresh
	section 'repos' quiet --xmlout repos
	section 'list-updates' quiet --xmlout list-updates
	section 'list-updates --all' quiet --xmlout list-updates --all
	section 'list-patches' quiet --xmlout list-patches --with-optional
	section 'locks' quiet --xmlout locks
	section 'ages' ages
	section 'needs-rebooting' quiet needs-rebooting
	section 'ps' quiet ps -sss
fi
finish
