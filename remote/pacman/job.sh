# Brings in exactly what $job/input says, or nothing. A line is
# "upgrade|add|remove NAME VERSION". Exit statuses: 20 the host would do
# something else or the versions are offered no more, 22 fetching failed, 24
# another package manager is at work (nothing was changed by these); 25 a
# package's script failed.
plan='|' removals='|' names= wanted=0 total=0

# is_in NAME VERSION: is exactly this version installed?
is_in() { [ "$(pacman -Q --dbpath "$dbpath" "$1" 2>/dev/null)" = "$1 $2" ]; }

while read -r what name version; do
	if [ "$what" = remove ]; then
		removals="$removals$name|"
		is_in "$name" "$version" && total=$((total + 1))
	elif ! is_in "$name" "$version"; then
		plan="$plan$name $version|"
		names="$names $name"
		wanted=$((wanted + 1))
		total=$((total + 1))
	fi
done <"$job/input"
if [ "$total" -eq 0 ]; then
	echo 'all of the plan is in already'
	exit 0
fi

# same: does the listing on standard input name exactly the plan?
same() {
	rows=0 differs=
	while read -r name version _; do
		case $plan in
		*"|$name $version|"*) rows=$((rows + 1)) ;;
		*) differs=1 && echo "not in the plan: $name $version" ;;
		esac
	done
	[ -z "$differs" ] && [ "$rows" -eq "$wanted" ]
}

# replaced: is all that the packages replace planned to go?
#   Replaces        : labrep  other<2
replaced() {
	replaced_status=0
	while read -r word _ values; do
		[ "$word" = Replaces ] || continue
		for old in $values; do
			old=${old%%[<>=]*}
			case $removals in
			*"|$old|"*) continue ;;
			esac
			[ "$old" != None ] && pacman -Q --dbpath "$dbpath" "$old" >/dev/null 2>&1 || continue
			[ "$(pacman -Qq --dbpath "$dbpath" "$old")" = "$old" ] || continue
			echo "not in the plan: $old would be replaced"
			replaced_status=1
		done
	done
	return $replaced_status
}

# install OPTIONS ...: $mode is the whole system ("-Su") or only what is named.
# shellcheck disable=SC2086
install() {
	if [ "$mode" = whole ]; then
		pacman -Su --noconfirm "$@"
	else
		pacman -S --noconfirm "$@" $names
	fi
}

# progress: passes the log through, counts, and keeps in mind what failed. pacman
# exits with 0 although a script failed.
progress() {
	done=0
	while IFS= read -r line; do
		printf '%s\n' "$line"
		case $line in
		'error: command failed'* | 'error: scriptlet'* | 'error: could not'* | 'error: problem occurred'* | 'error: hook'*)
			printf '%s\n' "$line" >>"$job/failures"
			;;
		'upgrading '*... | 'installing '*...)
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

set -f
step 0 "$wanted" 'check the plan'
holders=$(busy)
if [ -n "$holders" ]; then
	echo "another package manager is at work: $holders"
	exit 24
fi
set +f
mkdir -p "${own%/*}"
lists=$own.job
killable fetch "$lists"
status=$?
halted && exit 75
if [ $status -ne 0 ]; then
	echo "the lists cannot be fetched: exit status $status; nothing was changed"
	exit 22
fi
set -f
mode=
install --print --print-format '%n %v' --dbpath "$lists" </dev/null >"$job/named" && same <"$job/named" && mode=named
mode_named=$mode mode=whole
install --print --print-format '%n %v' --dbpath "$lists" </dev/null >"$job/whole" && same <"$job/whole" || mode=$mode_named
# shellcheck disable=SC2086
if [ -z "$mode" ] || ! pacman -Si --dbpath "$lists" $names >"$job/details" || ! replaced <"$job/details"; then
	echo 'nothing was changed: the host would do something else than the plan, or its versions are offered no more'
	exit 20
fi
[ "$mode" = whole ] || echo 'this is a partial upgrade, which Arch does not support'
halted && exit 75

step 0 "$wanted" download
killable install --downloadonly --dbpath "$lists" --logfile /dev/null
status=$?
halted && exit 75
if [ $status -ne 0 ]; then
	echo "download failed: exit status $status; nothing was installed"
	exit 22
fi

# Only now the host's own lists become those that were checked.
holders=$(busy)
if [ -n "$holders" ]; then
	echo "another package manager is at work: $holders"
	exit 24
fi
step 0 "$wanted" install
set +f
mkdir -p "$dbpath/sync"
for file in "$lists"/sync/*.db; do
	cp -p "$file" "$dbpath/sync/${file##*/}.new" && mv "$dbpath/sync/${file##*/}.new" "$dbpath/sync/${file##*/}" || exit 1
done
set -f
rm -f "$job/failures" "$job/pacman.status"
{
	install </dev/null 2>&1
	put pacman.status $?
} | progress
read -r status <"$job/pacman.status"
[ "$status" = 0 ] || echo "pacman: exit status $status"
report || [ "$status" != 0 ] || status=1
if [ -e "$job/failures" ]; then
	echo 'scripts or hooks failed:'
	cat "$job/failures"
	[ "$status" != 0 ] || status=25
fi
rm -rf "$own.job"
[ "$status" != 0 ] || step "$wanted" "$wanted" done
exit "$status"
