# $1 is "refresh" when the host may fetch its lists.
refresh=$1

# fetch: all lists anew. Of several repositories one may be dead; then the
# others are fetched all the same, and the status tells.
fetch() {
	set -- makecache --refresh
	[ "$dnf" = yum ] && { yum clean expire-cache && set -- makecache fast || return 1; }
	"$dnf" '--setopt=*.skip_if_unavailable=0' --setopt=exit_on_lock=1 "$@" && return
	fetch_status=$?
	"$dnf" '--setopt=*.skip_if_unavailable=1' --setopt=exit_on_lock=1 "$@"
	return $fetch_status
}
offered() { cached -q check-update; }
# offered_beside: what is offered although some repository has no lists at all.
offered_beside() { "$dnf" -C -q '--setopt=*.skip_if_unavailable=1' --setopt=exit_on_lock=1 check-update; }
offered_unheld() {
	if [ "$dnf" = dnf5 ]; then
		cached -q '--setopt=disable_excludes=*' check-update
	else
		cached -q --disableexcludes=all --disableplugin=versionlock check-update
	fi
}
obsoletes() { [ "$dnf" != dnf5 ] || cached -q list --obsoletes; }
advisories() {
	if [ "$dnf" = dnf5 ]; then cached -q advisory info --json; else cached -q updateinfo list; fi
}
cves() {
	case $dnf in
	dnf) cached -q updateinfo list --with-cve ;;
	yum) cached -q updateinfo list cves ;;
	esac
}
# whole: what an upgrade of everything would do, and what it would leave out.
whole() { cached --setopt=best=0 --setopt=install_weak_deps=0 --assumeno upgrade; }
repositories() {
	if [ "$dnf" = yum ]; then yum -C -q repolist enabled; else cached -q repolist --enabled; fi
}
section 'program' echo "$dnf"
section 'program version' "$dnf" --version
section 'busy' busy
section 'rpm -qa' installed
working=$(busy)
if [ -z "$working" ]; then
	[ "$refresh" = refresh ] && section 'refresh' fetch
	section 'check-update' offered
	[ "$section_status" = 0 ] || [ "$section_status" = 100 ] || section 'check-update beside missing lists' offered_beside
	section 'check-update without holds' offered_unheld
	section 'list obsoletes' obsoletes
	section 'upgrade --assumeno' whole
	section 'advisories' advisories
	section 'advisories with CVEs' cves
	section 'repolist' repositories
	section 'ages' ages
	section 'needs-restarting -r' cached -q needs-restarting -r
	section 'needs-restarting -s' cached -q needs-restarting -s
fi
finish
