# How a job of all that stand on rpm begins: $plan becomes what of $job/input is
# not there yet, "|install NAME ARCH VERSION|remove …|" of $total changes, of
# which $wanted bring a version in; $1, $2, … what to ask for, three words each.
# A line of the input is "upgrade|add|remove NAME ARCH VERSION"; a kernel's
# upgrade is an installation to the solvers, so both are "install" here.
plan='|' total=0 wanted=0 removes=0

# is_in NAME ARCH VERSION: is exactly this version installed?
is_in() {
	for v in $(rpm -q --qf '%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\n' "$1.$2" 2>/dev/null); do
		[ "${v#0:}" = "$3" ] && return 0
	done
	return 1
}

# What is as planned already, by an attempt before this one, is not asked for.
set --
while read -r what name arch version; do
	case $what in
	remove)
		is_in "$name" "$arch" "$version" || continue
		removes=$((removes + 1))
		plan="${plan}remove $name $arch $version|"
		;;
	*)
		is_in "$name" "$arch" "$version" && continue
		wanted=$((wanted + 1))
		plan="${plan}install $name $arch $version|"
		[ "$what" = add ] || set -- "$@" "$name" "$arch" "$version"
		;;
	esac
	total=$((total + 1))
done <"$job/input"
# New packages come along as dependencies of the others. Where something goes
# away, they may be what replaces it, and have to be asked for.
if [ "$removes" -gt 0 ] || [ $# -eq 0 ]; then
	while read -r what name arch version; do
		[ "$what" = add ] && ! is_in "$name" "$arch" "$version" && set -- "$@" "$name" "$arch" "$version"
	done <"$job/input"
fi
if [ "$total" -eq 0 ]; then
	echo 'all of the plan is in already'
	exit 0
fi

# report: what the rpm database says now of each line of the plan.
report() {
	report_status=0
	while read -r what name arch version; do
		there=
		is_in "$name" "$arch" "$version" && there=1
		case $what$there in
		remove) echo "package $name.$arch $version removed" ;;
		remove1) echo "package $name.$arch $version is still there" && report_status=1 ;;
		*1) echo "package $name.$arch $version in" ;;
		*) echo "package $name.$arch $version missing" && report_status=1 ;;
		esac
	done <"$job/input"
	return $report_status
}
