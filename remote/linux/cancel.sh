# Arguments: state directory, ID.
dir=$1 id=$2
job=$dir/jobs/$id
cancel() {
	state=$(job_state "$id")
	case $state in
	starting | running) : >"$job/cancel" || return 1 ;;
	esac
	echo "$state"
}
section 'cancel' cancel
finish
