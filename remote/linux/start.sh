# Arguments: state directory, ID, seconds allowed, job.sh, script, bytes of
# input. The input is on standard input. Says one word: started, exists, busy,
# void, cut, stillborn, unsafe or unwritable.
dir=$1 id=$2 allowed=$3 job_sh=$4 script=$5 size=$6
job=$dir/jobs/$id
umask 077 2>/dev/null
{ read -r uptime rest </proc/uptime; } 2>/dev/null
now=${uptime%%.*}

# is_ours FOLDER: a folder of this user, and no link, in which nobody else may
# write? What lies in it is run as root. "0 700 directory"
is_ours() {
	foreign=$1
	case $(stat -c '%u %a %F' "$1") in
	*[2367]' directory' | *[2367]?' directory') return 1 ;;
	"$(id -u) "*' directory') foreign= ;;
	*) return 1 ;;
	esac
}

# Input first: it is on standard input, which sections do not have.
incoming=$dir/incoming.$id.$$
foreign=
mkdir -p "$dir/jobs" "$dir/claims" && is_ours "$dir" && is_ours "$dir/jobs" && is_ours "$dir/claims" && cat >"$incoming"

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

# claim: this process alone starts the job, now and for ever.
claim() {
	stamp "$incoming.claim" && ln "$incoming.claim" "$dir/claims/$id" 2>/dev/null
}

unclaim() {
	rm -rf "${job:?}"
	rm -f "$dir/claims/$id"
}

write_job() {
	mkdir -p "$job" && mv "$incoming" "$job/input" &&
		printf '%s\n' "$job_sh" >"$job/job.sh" &&
		printf '%s\n' "$script" >"$job/script" &&
		echo $((now + allowed)) >"$job/stop_at" &&
		: >"$job/log" &&
		: >"$job/ready" || return 1
	# What is claimed must still be known after a power cut.
	sync -f "$job" 2>/dev/null || sync
}

# prune: of all but the newest 20 jobs only the claim, the gate and the result
# stay, so that a late question has an answer; after a year they go too. One
# without an end is no old job.
prune() {
	aged=" $(cd "$dir/claims" && find . -type f -mtime +366 | sed 's|^\./||' | tr '\n' ' ') "
	kept=0
	ls -1t "$dir/claims" | while read -r old; do
		kept=$((kept + 1))
		[ $kept -gt 20 ] || continue
		case $aged in
		*" $old "*) ;;
		*) [ -e "$dir/jobs/$old/log" ] || continue ;; # that is done
		esac
		case $(job_state "$old") in
		ended | lost | void) ;;
		*) continue ;;
		esac
		case $aged in
		*" $old "*) forget "$old" ;;
		*) (cd "$dir/jobs/${old:?}" && rm -f ready script input job.sh stop_at step log) ;;
		esac
	done
}

# forget ID: first notes how long ago jobs are that may be forgotten.
forget() {
	claimed=$(stat -c %Y "$dir/claims/$1") || return
	known=0
	[ ! -e "$dir/forgotten" ] || read -r known <"$dir/forgotten"
	case $known in
	'' | *[!0-9]*) known=0 ;;
	esac
	if [ "$claimed" -gt "$known" ]; then
		echo "$claimed" >"$dir/forgotten.new" && sync && mv "$dir/forgotten.new" "$dir/forgotten" || return
	fi
	rm -rf "$dir/jobs/${1:?}"
	rm -f "$dir/claims/$1"
}

start() {
	if [ -n "$foreign" ]; then
		echo "$foreign is a link, belongs to somebody else, or others may write in it" >&2
		echo unsafe
		return
	fi
	if [ ! -f "$incoming" ] || [ -z "$now" ]; then
		echo unwritable
		return
	fi
	if [ "$(wc -c <"$incoming")" -ne "$size" ]; then
		echo cut
		return
	fi
	if ! claim; then
		if [ ! -e "$dir/claims/$id" ]; then
			echo unwritable
		elif [ "$(job_state "$id")" = void ]; then
			echo void
		else
			echo exists
		fi
		return
	fi
	if ! owner=$(take_lock "$id"); then
		unclaim
		echo "busy $owner"
		return
	fi
	if ! write_job; then
		drop_lock "$id"
		unclaim
		echo unwritable
		return
	fi
	launch_job
	tries=0
	while [ ! -e "$job/pid" ] && [ $tries -lt 100 ]; do
		tries=$((tries + 1))
		sleep 0.1 2>/dev/null || sleep 1
	done
	if close_gate "$id"; then
		drop_lock "$id"
		echo stillborn
		return
	fi
	echo started
	prune
}

section 'start' start
rm -f "$incoming" "$incoming.claim"
finish
