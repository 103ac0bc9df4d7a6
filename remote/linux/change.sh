# How a job that changes packages in one go makes its way, whatever the package
# manager. The platform's script brings
#   $wanted     how many packages come in
#   $plan       what is to change: "|WORDS|WORDS|"
#   is_in       is exactly this package in? $1, $2 … as in $job/input, without the deed
#   busy        who works on the packages, a line each
#   tell        sets $told to what the line $1 of the log says: failed, came or nothing
# Exit statuses: 20 the host would do something else, 22 the download failed, 24
# another package manager is at work. Nothing was changed by these.

# take WORDS: takes one line out of the plan, or fails.
take() {
	case $plan in
	*"|$1|"*) plan=${plan%%"|$1|"*}"|"${plan#*"|$1|"} ;;
	*) return 1 ;;
	esac
}

# locked WHOM: ends the job.
locked() {
	echo "another package manager is at work: $1"
	exit 24
}

# alone: ends the job unless nobody works on the packages.
alone() {
	holders=$(busy)
	[ -z "$holders" ] || locked "$holders"
}

# differs WORDS: ends the job.
differs() {
	echo "nothing was changed: the host would do something else than the plan$1"
	exit 20
}

# download COMMAND ...: ends the job when it fails or is halted. A command that
# tells of another package manager by its status calls it 24.
download() {
	step 0 "$wanted" download
	killable "$@"
	status=$?
	halted && exit 75
	[ "$status" != 24 ] || locked 'it has the lock'
	[ "$status" = 0 ] && return
	echo "download failed: exit status $status; nothing was installed"
	exit 22
}

# progress: passes the log through, counts, and keeps in mind what failed: many
# package managers exit with 0 although a package's script failed.
progress() {
	done=0
	while IFS= read -r line; do
		printf '%s\n' "$line"
		told=
		tell "$line"
		case $told in
		failed) printf '%s\n' "$line" >>"$job/failures" ;;
		came)
			done=$((done + 1))
			[ "$done" -le "$wanted" ] && put step "$done $wanted install $done of $wanted"
			;;
		esac
	done
}

# carry_out COMMAND ...: changes the packages; its exit status becomes $status.
carry_out() {
	step 0 "$wanted" install
	rm -f "$job/failures" "$job/change.status"
	{
		"$@" </dev/null 2>&1
		put change.status $?
	} | progress
	read -r status <"$job/change.status"
}

# report: what is there now of each line of the input.
report() {
	report_status=0
	while read -r what name words; do
		# shellcheck disable=SC2086
		set -- $words # VERSION, or ARCH VERSION
		package="$name${2:+.$1} ${2:-$1}"
		there=
		is_in "$name" "$@" && there=1
		case $what$there in
		remove) echo "package $package removed" ;;
		remove1) echo "package $package is still there" && report_status=1 ;;
		*1) echo "package $package in" ;;
		*) echo "package $package missing" && report_status=1 ;;
		esac
	done <"$job/input"
	return $report_status
}

# conclude PROGRAM STATUS WHAT: ends the job by what the program said ($status),
# what is in, and what failed. STATUS is the job's where the program itself is
# content, but WHAT failed.
conclude() {
	[ "$status" = 0 ] || echo "$1: exit status $status"
	report || [ "$status" != 0 ] || status=1
	if [ -e "$job/failures" ]; then
		echo "$3 failed:"
		cat "$job/failures"
		[ "$status" != 0 ] || status=$2
	fi
	[ "$status" != 0 ] || step "$wanted" "$wanted" done
	exit "$status"
}
