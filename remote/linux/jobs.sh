# Shared by all that start, run and look at jobs. A job is a file and a folder:
# $dir/claims/ID   who starts it: "BOOT-ID PID START". Made by link(2), which one
#                  process alone can win, content and all
# $dir/jobs/ID/
#   script input job.sh stop_at    what to do; ready: all of it is written
#   pid      who runs it: "BOOT-ID PID START", or "void": nobody ever will.
#            Made by link(2) too: the gate that keeps a job from running twice
#   started step log cancel stopped
#   result   how it ended, put there by rename: whole or not at all
# $dir/forgotten   when the newest job was claimed that is no longer known, in
#                  seconds since 1970
boot() { cat /proc/sys/kernel/random/boot_id; }

# process_start PID: when it started, in ticks since boot. Field 22 of
# "4711 (sh) S 1 4711 …"; a name may hold spaces and brackets.
process_start() {
	{ read -r stat_line <"/proc/$1/stat"; } 2>/dev/null || return 1
	stat_line=${stat_line##*) }
	set -f
	# shellcheck disable=SC2086
	set -- $stat_line
	[ "$1" != Z ] && [ "$1" != X ] && shift 19 && echo "$1"
}

# stamp FILE: this process, so that nobody takes another with the same number for it.
stamp() { echo "$(boot) $$ $(process_start $$)" >"$1"; }

# alive FILE: does the process live that FILE names?
alive() {
	{ read -r stamp_boot stamp_pid stamp_start <"$1"; } 2>/dev/null || return 1
	[ -n "$stamp_start" ] && [ "$stamp_boot" = "$(boot)" ] && [ "$(process_start "$stamp_pid")" = "$stamp_start" ]
}

# close_gate ID: nobody will run this job any more. Fails when somebody does already.
close_gate() {
	gate=$dir/jobs/$1
	mkdir -p "$gate" && echo void >"$gate/void.$$" && ln "$gate/void.$$" "$gate/pid" 2>/dev/null
	gate_status=$?
	rm -f "$gate/void.$$"
	return $gate_status
}

# job_state ID: absent, void, starting, running, ended or lost.
job_state() {
	if [ ! -e "$dir/claims/$1" ]; then
		echo absent
		return
	fi
	state_of=$dir/jobs/$1
	if [ ! -e "$state_of/pid" ]; then
		if alive "$dir/claims/$1"; then
			echo starting
			return
		fi
		# The starter is gone. Perhaps its last word still reaches somebody: settle it.
		close_gate "$1"
	fi
	gate_word=
	{ read -r gate_word gate_rest <"$state_of/pid"; } 2>/dev/null
	if [ "$gate_word" = void ]; then
		echo void
	elif [ -e "$state_of/result" ]; then
		echo ended
	elif alive "$state_of/pid"; then
		echo running
	elif [ -e "$state_of/result" ]; then
		echo ended # between the two looks
	else
		echo lost
	fi
}

# lock_owner: the job that may work on this machine now, dead or alive.
lock_owner() { readlink "$dir/lock"; }

# take_lock ID: one job at a time on a machine. A dead job's lock is cleared,
# by one process alone. Prints whose it is when it fails.
take_lock() {
	lock_tries=0
	while [ $lock_tries -lt 3 ]; do
		lock_tries=$((lock_tries + 1))
		ln -s "$1" "$dir/lock" 2>/dev/null && return 0
		owner=$(lock_owner) || continue
		case $(job_state "$owner") in
		starting | running)
			echo "$owner"
			return 1
			;;
		esac
		clearing=$dir/clearing.$(boot)
		mkdir "$clearing" 2>/dev/null || continue
		[ "$(lock_owner)" = "$owner" ] && rm -f "$dir/lock"
		rm -r "$clearing"
	done
	lock_owner
	return 1
}

drop_lock() { [ "$(lock_owner)" = "$1" ] && rm -f "$dir/lock"; }

