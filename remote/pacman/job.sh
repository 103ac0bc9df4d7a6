# Brings in exactly what $job/input says, or nothing. A line is
# "upgrade|add|remove NAME VERSION". Exit statuses: those of linux's change.sh; 25
# a package's script or a hook failed.
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
	rows=0 differs= whole_plan=$plan
	while read -r name version _; do
		if take "$name $version"; then
			rows=$((rows + 1))
		else
			differs=1
			echo "not in the plan: $name $version"
		fi
	done
	plan=$whole_plan # it is asked twice
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

# tell: what a line of pacman's log says.
tell() {
	case $1 in
	'error: command failed'* | 'error: scriptlet'* | 'error: could not'* | 'error: problem occurred'* | 'error: hook'*) told=failed ;;
	'upgrading '*... | 'installing '*...) told=came ;;
	esac
}

set -f
step 0 "$wanted" 'check the plan'
alone
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
	differs ', or its versions are offered no more'
fi
[ "$mode" = whole ] || echo 'this is a partial upgrade, which Arch does not support'
halted && exit 75

download install --downloadonly --dbpath "$lists" --logfile /dev/null

# Only now the host's own lists become those that were checked.
alone
set +f
mkdir -p "$dbpath/sync"
for file in "$lists"/sync/*.db; do
	cp -p "$file" "$dbpath/sync/${file##*/}.new" && mv "$dbpath/sync/${file##*/}.new" "$dbpath/sync/${file##*/}" || exit 1
done
set -f
carry_out install
rm -rf "$own.job"
conclude pacman 25 'scripts or hooks'
