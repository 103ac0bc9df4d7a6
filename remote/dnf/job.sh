# Brings in exactly what $job/input says, in one transaction, or nothing: goes on
# where rpm's job.sh ends. Exit statuses: 20 the host would do something else,
# 22 the download failed, 24 another package manager is at work (nothing was
# changed by these); 25 a package's script failed.

# planned: does the table on standard input list exactly the plan? A name too
# long for its column pushes the rest into the next line.
planned() {
	action= row= rows=0 differs= inside= last=
	while IFS= read -r line; do
		case $line in
		'Transaction Summary'*) break ;;
		'Package '* | ' Package '*) inside=1 ;;
		'' | ===*) ;;
		' '*)
			[ -n "$inside" ] || continue
			case $line in
			'      '*) row="$row $line" ;;
			*)
				planned_row
				row=$line
				;;
			esac
			;;
		*:)
			[ -n "$inside" ] || continue
			planned_row
			case $line in
			Installing* | Upgrading* | Updating*) action=install ;;
			Removing*) action=remove ;;
			*) differs="$line" && echo "not in the plan: $line" ;;
			esac
			;;
		*)
			[ -z "$inside" ] || { differs=1 && echo "cannot read: $line"; }
			;;
		esac
	done
	planned_row
	[ "$rows" -eq "$total" ] || echo "$rows of $total changes of the plan would be made"
	[ -z "$differs" ] && [ "$rows" -eq "$total" ]
}
# planned_row: looks one row up in the plan.
#   labdep     noarch 0:2.0-1.el9 lab-updates 6.2 k
#   replacing  labobs.noarch 1.0-1.el9                          (dnf 4)
#   replacing labdep noarch 0:1.0-1.el9 <unknown> 10.0   B      (dnf 5)
planned_row() {
	[ -n "$row" ] || return 0
	set -f
	# shellcheck disable=SC2086
	set -- $row
	set +f
	row=
	row_action=$action
	if [ "$1" = replacing ]; then
		shift
		[ "$1 $2" = "$last" ] && return 0
		row_action=remove
		case $# in
		2) set -- "${1%.*}" "${1##*.}" "$2" ;;
		esac
	else
		last="$1 $2"
	fi
	case $plan in
	*"|$row_action $1 $2 ${3#0:}|"*) rows=$((rows + 1)) ;;
	*) differs=1 && echo "not in the plan: $row_action $1 $2 $3" ;;
	esac
}

# progress: passes the log through, counts, and keeps in mind what failed. dnf
# exits with 0 although a script failed.
progress() {
	done=0
	while IFS= read -r line; do
		printf '%s\n' "$line"
		case $line in
		*' scriptlet failed'* | *': install failed'* | *': erase failed'*) printf '%s\n' "$line" >>"$job/failures" ;;
		'  Upgrading '*:* | '  Updating '*:* | '  Installing '*:* | '['*'] Upgrading '* | '['*'] Installing '*)
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
request "$@"
transaction --assumeno >"$job/simulation" 2>"$job/simulation.errors"
cat "$job/simulation" "$job/simulation.errors"
if ! planned <"$job/simulation"; then
	echo 'nothing was changed: the host would do something else than the plan'
	exit 20
fi
halted && exit 75

# Only packages are fetched here: the lists stay as they were checked.
download() {
	set -f
	# shellcheck disable=SC2086
	"$dnf" -y '--setopt=*.metadata_expire=-1' --setopt=metadata_expire=-1 --setopt=exit_on_lock=1 --setopt=best=1 \
		--setopt=install_weak_deps=0 --setopt=clean_requirements_on_remove=0 "$verb" --downloadonly $names
}
step 0 "$wanted" download
killable download
status=$?
halted && exit 75
if [ $status -ne 0 ]; then
	echo "download failed: exit status $status; nothing was installed"
	exit 22
fi

step 0 "$wanted" install
rm -f "$job/failures" "$job/dnf.status"
{
	transaction -y </dev/null 2>&1
	put dnf.status $?
} | progress
read -r status <"$job/dnf.status"
[ "$status" = 0 ] || echo "$dnf: exit status $status"
report || [ "$status" != 0 ] || status=1
if [ -e "$job/failures" ]; then
	echo 'packages whose scripts failed:'
	cat "$job/failures"
	[ "$status" != 0 ] || status=25
fi
[ "$status" != 0 ] || step "$wanted" "$wanted" done
exit "$status"
