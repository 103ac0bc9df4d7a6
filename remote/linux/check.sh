# Arguments: state directory, then folders whose free space is asked for.
dir=$1
shift
nearest() {
	place=$1
	while [ ! -d "$place" ] && [ -n "$place" ]; do place=${place%/*}; done
	df -Pk "${place:-/}"
}
job_running() {
	owner=$(lock_owner 2>/dev/null) || return 0
	case $(job_state "$owner") in
	starting | running) echo "$owner" ;;
	esac
}
section 'clock' date -u +%s
section 'job' job_running
for place in "$@"; do
	section "df $place" nearest "$place"
done
