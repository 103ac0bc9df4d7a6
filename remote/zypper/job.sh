# Brings in exactly what $job/input says, in one go, or nothing: goes on where
# rpm's job.sh ends. Exit statuses: 20 the host would do something else, 22 the
# download failed, 24 another package manager is at work (nothing was changed by
# these); 107 a package's script failed.

# attribute NAME LINE: the value of an attribute of a line like
#   <solvable type="package" name="labdep" edition="2.0-1.el9" arch="noarch" …>
attribute() {
	value=${2#* "$1"=\"}
	[ "$value" != "$2" ] || value='"'
	echo "${value%%\"*}"
}

# planned: does the summary on standard input list exactly the plan?
planned() {
	action= rows=0 differs= changes=
	while IFS= read -r line; do
		case $line in
		'<install-summary '*) changes=$(attribute packages-to-change "$line") ;;
		'<to-upgrade>' | '<to-install>') action=install ;;
		'<to-remove>') action=remove ;;
		'<to-'*) action=$line ;;
		'</to-'*) action= ;;
		'<solvable '*)
			key="$action $(attribute name "$line") $(attribute arch "$line") $(attribute edition "$line")"
			case $plan in
			*"|$key|"*) rows=$((rows + 1)) ;;
			*) differs=1 && echo "not in the plan: $key" ;;
			esac
			;;
		esac
	done
	[ "$rows" -eq "$total" ] || echo "$rows of $total changes of the plan would be made"
	[ "$changes" = "$total" ] || echo "the host would change '$changes' packages, the plan $total"
	[ -z "$differs" ] && [ "$rows" -eq "$total" ] && [ "$changes" = "$total" ]
}

# progress: passes the log through, counts, and keeps in mind what failed.
#   (1/3) Installing: labcrit-1.0-2.el9.noarch [..done]
progress() {
	done=0
	while IFS= read -r line; do
		printf '%s\n' "$line"
		case $line in
		*' scriptlet failed'* | *': install failed'* | *': erase failed'*) printf '%s\n' "$line" >>"$job/failures" ;;
		'('*') Installing: '*)
			done=$((done + 1))
			[ "$done" -le "$wanted" ] && put step "$done $wanted install $done of $wanted"
			;;
		esac
	done
}

step 0 "$wanted" 'check the plan'
holders=$(busy)
if [ -n "$holders" ]; then
	echo "another package manager is at work: $holders"
	exit 24
fi
specs "$@"
solve --xmlout --dry-run >"$job/simulation" 2>&1
if ! planned <"$job/simulation"; then
	cat "$job/simulation"
	echo 'nothing was changed: the host would do something else than the plan'
	exit 20
fi
halted && exit 75

step 0 "$wanted" download
killable solve --no-color --download-only
status=$?
halted && exit 75
case $status in
0 | 102 | 106) ;;
*)
	echo "download failed: exit status $status; nothing was installed"
	exit 22
	;;
esac

step 0 "$wanted" install
rm -f "$job/failures" "$job/zypper.status"
{
	solve --no-color --download-in-advance </dev/null 2>&1
	put zypper.status $?
} | progress
read -r status <"$job/zypper.status"
# 102 and 103 ask for a reboot or a restart of zypper, 106 says that a
# repository was left out: the packages tell below whether that matters.
case $status in
102 | 103 | 106) echo "zypper: exit status $status" && status=0 ;;
0) ;;
*) echo "zypper: exit status $status" ;;
esac
report || [ "$status" != 0 ] || status=1
if [ -e "$job/failures" ]; then
	echo 'packages whose scripts failed:'
	cat "$job/failures"
	[ "$status" != 0 ] || status=107
fi
[ "$status" != 0 ] || step "$wanted" "$wanted" done
exit "$status"
