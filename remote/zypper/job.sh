# Brings in exactly what $job/input says, in one go, or nothing: goes on where
# rpm's job.sh ends. Exit statuses: those of linux's change.sh; 107 a package's
# script failed.

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
		'<solvable type="package" '*) # a patch or a product is no package of its own
			key="$action $(attribute name "$line") $(attribute arch "$line") $(attribute edition "$line")"
			if take "$key"; then
				rows=$((rows + 1))
			else
				differs=1
				echo "not in the plan: $key"
			fi
			;;
		esac
	done
	[ "$rows" -eq "$total" ] || echo "$rows of $total changes of the plan would be made"
	[ "$changes" = "$total" ] || echo "the host would change '$changes' packages, the plan $total"
	[ -z "$differs" ] && [ "$rows" -eq "$total" ] && [ "$changes" = "$total" ]
}

# tell: what a line of zypper's log says.
#   (1/3) Installing: labcrit-1.0-2.el9.noarch [..done]
tell() {
	rpm_failed "$1" && told=failed && return
	case $1 in
	'('*') Installing: '*) told=came ;;
	esac
}

step 0 "$wanted" 'check the plan'
alone
specs "$@"
solve --xmlout --dry-run >"$job/simulation" 2>&1
status=$?
case $status in
# 102 and 103 ask for a reboot or a restart of zypper, 106 says that a repository
# was left out: the plan tells whether that matters.
0 | 102 | 103 | 106) planned <"$job/simulation" && status=0 || status=20 ;;
esac
[ $status -eq 0 ] || cat "$job/simulation"
[ $status -ne 7 ] || locked 'it has the lock'
[ $status -eq 0 ] || differs
halted && exit 75

fetch() {
	solve --no-color --download-only
	fetch_status=$?
	case $fetch_status in
	102 | 106) fetch_status=0 ;;
	7) fetch_status=24 ;;
	esac
	return $fetch_status
}
download fetch
carry_out solve --no-color --download-in-advance
# The packages tell below whether these matter.
case $status in
102 | 103 | 106) echo "zypper: exit status $status" && status=0 ;;
esac
conclude zypper 107 "packages' scripts"
