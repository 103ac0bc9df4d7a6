# Arguments: state directory, ID, seconds allowed, job.sh, script, bytes of
# input. The input is on standard input. Says one word: started, exists, busy,
# cut, stillborn or unwritable.
dir=$1 id=$2 allowed=$3 job_sh=$4 script=$5 size=$6
jobs=$dir/jobs job=$dir/jobs/$id
umask 077
{ read -r uptime rest </proc/uptime; } 2>/dev/null
now=${uptime%%.*}

# Input first: it is on standard input, which sections do not have.
incoming=$dir/incoming.$id.$$
mkdir -p "$jobs" "$dir/void" && cat >"$incoming"

# launch_job: systemd keeps a unit alive whatever happens to the session; setsid
# does where there is no systemd. Should both come through, the gate lets one in.
launch_job() {
	if [ -d /run/systemd/system ] && have systemd-run; then
		systemd-run --quiet --collect --unit="secondtuesday-$id" \
			--description="Second Tuesday job $id" \
			-p KillMode=process -p SendSIGKILL=no -p TimeoutStopSec=15min \
			/bin/sh "$job/job.sh" "$dir" "$id" && return
	fi
	setsid /bin/sh "$job/job.sh" "$dir" "$id" </dev/null >/dev/null 2>&1 &
}

claim() {
	mkdir "$job" 2>/dev/null && stamp "$job/claim" && return 0
	[ -d "$job" ] || return 1
	# A claim that never came to life may be made again: nothing of it ran.
	[ "$(job_state "$job")" = void ] && mv "$job" "$dir/void/$id.$$" 2>/dev/null &&
		mkdir "$job" 2>/dev/null && stamp "$job/claim"
}

write_job() {
	mv "$incoming" "$job/input" &&
		printf '%s\n' "$job_sh" >"$job/job.sh" &&
		printf '%s\n' "$script" >"$job/script" &&
		echo $((now + allowed)) >"$job/stop_at" &&
		: >"$job/log" &&
		: >"$job/ready" || return 1
	# What is claimed must still be known after a power cut.
	sync -f "$job" 2>/dev/null || sync
}

# prune: old jobs go, the newest 20 stay; one without an end is no old job.
prune() {
	kept=0
	ls -1t "$jobs" | while read -r old; do
		kept=$((kept + 1))
		[ $kept -gt 20 ] || continue
		case $(job_state "$jobs/$old") in
		ended | lost | void) rm -rf "${jobs:?}/$old" ;;
		esac
	done
	rm -rf "${dir:?}/void"
}

start() {
	if [ ! -f "$incoming" ] || [ -z "$now" ]; then
		echo unwritable
		return
	fi
	if [ "$(wc -c <"$incoming")" -ne "$size" ]; then
		echo cut
		return
	fi
	if ! claim; then
		if [ -d "$job" ]; then echo exists; else echo unwritable; fi
		return
	fi
	if ! owner=$(take_lock "$id"); then
		rm -rf "${job:?}"
		echo "busy $owner"
		return
	fi
	if ! write_job; then
		drop_lock "$id"
		rm -rf "${job:?}"
		echo unwritable
		return
	fi
	launch_job
	tries=0
	while [ ! -e "$job/pid" ] && [ $tries -lt 100 ]; do
		tries=$((tries + 1))
		sleep 0.1 2>/dev/null || sleep 1
	done
	if close_gate "$job"; then
		drop_lock "$id"
		echo stillborn
		return
	fi
	echo started
	prune
}

section 'start' start
rm -f "$incoming"
finish
