# Brings in exactly what $job/input says, or nothing. A line is
# "upgrade|add|remove NAME VERSION". The world file is left as it is: "apk add
# NAME=VERSION" would pin the version for ever. Exit statuses: those of linux's
# change.sh; 25 a package's script failed.
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
		if take "$key"; then
			rows=$((rows + 1))
		else
			differs=1
			echo "not in the plan: $key"
		fi
	done
	[ "$rows" -eq "$total" ] || echo "$rows of $total changes of the plan would be made"
	[ -z "$differs" ] && [ "$rows" -eq "$total" ]
}

# tell: what a line of apk's log says.
#   ERROR: lib/apk/exec/labbadpost-2.0-r0.post-upgrade: exited with error 1      (apk 3)
tell() {
	case $1 in
	*'script exited with error'* | *': exited with error'*) told=failed ;;
	*'('*/*') Upgrading '* | *'('*/*') Installing '*) told=came ;;
	esac
}

step 0 "$wanted" 'check the plan'
alone
if [ $# -eq 0 ]; then
	echo 'nothing was changed: the plan upgrades nothing, so apk would add nothing'
	exit 20
fi
upgrade --simulate "$@" </dev/null >"$job/simulation" 2>&1
status=$?
cat "$job/simulation"
[ $status -ne 99 ] || locked 'it has the lock'
[ $status -eq 0 ] && planned <"$job/simulation" || differs
halted && exit 75

carry_out upgrade "$@"
conclude apk 25 "packages' scripts"
