# Runs one job on the host, detached from everything. Arguments: state
# directory, ID. The script of the job is read by this shell and may use step,
# halted and killable; $job is the folder of the job.
dir=$1 id=$2
job=$dir/jobs/$id
umask 077 2>/dev/null
LC_ALL=C
PATH=${PATH:-/usr/sbin:/usr/bin:/sbin:/bin}
HOME=${HOME:-/root}
export LC_ALL PATH HOME
cd /

[ -e "$job/ready" ] || exit 0
stamp "$job/pid.$$"
ln "$job/pid.$$" "$job/pid" 2>/dev/null || {
	rm -f "$job/pid.$$"
	exit 0
}
rm -f "$job/pid.$$"
date -u +%s >"$job/started"
read -r stop_at <"$job/stop_at"

# A system that goes down asks first: no new step then.
trap ': >"$job/cancel"' TERM INT HUP 2>/dev/null

# put FILE WORDS: whole or not at all.
put() {
	printf '%s\n' "$2" >"$job/$1.new" && mv "$job/$1.new" "$job/$1"
}

# step DONE TOTAL WORDS: tells how far the job is.
step() {
	put step "$1 $2 $3"
	echo "== $3"
}

# halted: may no new step begin? Says why in the file "stopped".
halted() {
	[ -e "$job/stopped" ] && return 0
	if [ -e "$job/cancel" ]; then
		put stopped cancelled
		return 0
	fi
	read -r halted_uptime halted_rest </proc/uptime
	if [ "${halted_uptime%%.*}" -ge "$stop_at" ]; then
		put stopped deadline
		return 0
	fi
	return 1
}

# family PID: the process and all below it. A shell that dies of a signal leaves
# its child at work, and the lock of a package manager with it. Field 4 of
# "4711 (sh) S 1 4711 …" is who started it.
family() {
	set +f
	family_all=" $1 "
	family_more=1
	while [ -n "$family_more" ]; do
		family_more=
		for family_stat in /proc/[0-9]*/stat; do
			{ read -r stat_line <"$family_stat"; } 2>/dev/null || continue
			# shellcheck disable=SC2086
			set -- ${stat_line##*) }
			case $family_all in
			*" ${stat_line%% *} "*) ;;
			*" $2 "*) family_all="$family_all${stat_line%% *} " family_more=1 ;;
			esac
		done
	done
	echo "$family_all"
}

# killable COMMAND ...: runs it, and ends it as soon as the job is halted, with
# all it has started. For steps that change nothing, such as a download. 75: it
# was ended.
killable() {
	rm -f "$job/killable.pid" "$job/killable.status"
	{
		"$@" </dev/null &
		echo $! >"$job/killable.pid"
		wait $!
		put killable.status $?
	} &
	killable_shell=$!
	while [ ! -e "$job/killable.status" ]; do
		if halted; then
			# shellcheck disable=SC2046
			kill $(family "$(cat "$job/killable.pid")") 2>/dev/null
			wait "$killable_shell"
			return 75
		fi
		sleep 0.2 2>/dev/null || sleep 1
		case $killable_shell in
		*[!0-9]*) ;;
		*) [ -d "/proc/$killable_shell" ] || [ -e "$job/killable.status" ] || return 1 ;;
		esac
	done
	wait "$killable_shell"
	read -r killable_status <"$job/killable.status"
	return "$killable_status"
}

if halted; then
	status=75
else
	(
		umask 022 2>/dev/null
		. "$job/script"
	) </dev/null >>"$job/log" 2>&1
	status=$?
fi

why=
[ -e "$job/stopped" ] && read -r why <"$job/stopped"
{
	echo "exit $status"
	echo "stopped $why"
	echo "ended $(date -u +%s)"
} >"$job/result.new"
sync -f "$job" 2>/dev/null || sync
# The lock first: while there is no result nobody else clears it.
drop_lock "$id"
mv "$job/result.new" "$job/result"
exit 0
