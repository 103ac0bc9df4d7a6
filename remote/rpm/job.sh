# How a job of all that stand on rpm begins, behind linux's change.sh: $plan becomes what of $job/input is
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

# rpm_failed LINE: does it say that a package's script failed, or a package?
rpm_failed() {
	case $1 in
	*' scriptlet failed'* | *': install failed'* | *': erase failed'*) return 0 ;;
	esac
	return 1
}
