# Brings in exactly what $job/input says, or nothing. A line is
# "upgrade|add|remove NAME VERSION". The world file is left as it is: "apk add
# NAME=VERSION" would pin the version for ever. Exit statuses: 20 the host would
# do something else, 24 another package manager is at work (nothing was changed
# by these).
plan='|' total=0 wanted=0 removes=0

# is_in NAME VERSION: is exactly this version installed?
#   P:labhello
#   V:1.0-r0
is_in() {
	in_name=
	for database in /lib/apk/db/installed /usr/lib/apk/db/installed; do
		[ -r "$database" ] || continue
		while IFS= read -r line; do
			case $line in
			P:*) in_name=${line#P:} ;;
			"V:$2") [ "$in_name" = "$1" ] && return 0 ;;
			esac
		done <"$database"
	done
	return 1
}

set --
while read -r what name version; do
	if [ "$what" = remove ]; then
		is_in "$name" "$version" || continue
		removes=$((removes + 1))
		plan="${plan}remove $name $version|"
	else
		is_in "$name" "$version" && continue
		wanted=$((wanted + 1))
		plan="${plan}install $name $version|"
		[ "$what" = upgrade ] && set -- "$@" "$name"
	fi
	total=$((total + 1))
done <"$job/input"
if [ "$total" -eq 0 ]; then
	echo 'all of the plan is in already'
	exit 0
fi

# planned: does the simulation on standard input name exactly the plan?
#   (1/8) Upgrading labbadpost (1.0-r0 -> 2.0-r0)
#   (2/8) Installing labnew (1.0-r0)
planned() {
	rows=0 differs=
	while read -r count verb name from arrow to; do
		case $count in
		'('*')') ;;
		*) continue ;;
		esac
		[ "$arrow" = '->' ] || to=$from
		to=${to#\(}
		to=${to%\)}
		case $verb in
		Upgrading | Installing) key="install $name $to" ;;
		Purging) key="remove $name $to" ;;
		*) key="$verb $name $to" ;;
		esac
		case $plan in
		*"|$key|"*) rows=$((rows + 1)) ;;
		*) differs=1 && echo "not in the plan: $key" ;;
		esac
	done
	[ "$rows" -eq "$total" ] || echo "$rows of $total changes of the plan would be made"
	[ -z "$differs" ] && [ "$rows" -eq "$total" ]
}

progress() {
	done=0
	while IFS= read -r line; do
		printf '%s\n' "$line"
		case $line in
		*'script exited with error'* | *': exited with error'*) printf '%s\n' "$line" >>"$job/failures" ;;
		esac
		case $line in
		*'('*/*') Upgrading '* | *'('*/*') Installing '*)
			done=$((done + 1))
			[ "$done" -le "$wanted" ] && put step "$done $wanted install $done of $wanted"
			;;
		esac
	done
}

# report: what is there now of each line of the plan.
report() {
	report_status=0
	while read -r what name version; do
		there=
		is_in "$name" "$version" && there=1
		case $what$there in
		remove) echo "package $name $version removed" ;;
		remove1) echo "package $name $version is still there" && report_status=1 ;;
		*1) echo "package $name $version in" ;;
		*) echo "package $name $version missing" && report_status=1 ;;
		esac
	done <"$job/input"
	return $report_status
}

step 0 "$wanted" 'check the plan'
holders=$(busy)
if [ -n "$holders" ]; then
	echo "another package manager is at work: $holders"
	exit 24
fi
if [ $# -eq 0 ]; then
	echo 'nothing was changed: the plan upgrades nothing, so apk would add nothing'
	exit 20
fi
upgrade --simulate "$@" </dev/null >"$job/simulation" 2>&1
status=$?
cat "$job/simulation"
if [ $status -ne 0 ] || ! planned <"$job/simulation"; then
	echo 'nothing was changed: the host would do something else than the plan'
	exit 20
fi
halted && exit 75

step 0 "$wanted" install
rm -f "$job/failures" "$job/apk.status"
{
	upgrade "$@" </dev/null 2>&1
	put apk.status $?
} | progress
read -r status <"$job/apk.status"
[ "$status" = 0 ] || echo "apk: exit status $status"
report || [ "$status" != 0 ] || status=1
if [ -e "$job/failures" ]; then
	echo 'packages whose scripts failed:'
	cat "$job/failures"
	[ "$status" != 0 ] || status=25
fi
[ "$status" != 0 ] || step "$wanted" "$wanted" done
exit "$status"
