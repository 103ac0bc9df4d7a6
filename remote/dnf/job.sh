# Brings in exactly what $job/input says, in one transaction, or nothing: goes on
# where rpm's job.sh ends. Exit statuses: those of linux's change.sh; 25 a
# package's script failed.

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
	if take "$row_action $1 $2 ${3#0:}"; then
		rows=$((rows + 1))
	else
		differs=1
		echo "not in the plan: $row_action $1 $2 $3"
	fi
}

# tell: what a line of dnf's log says.
tell() {
	rpm_failed "$1" && told=failed && return
	case $1 in
	'  Upgrading '*:* | '  Updating '*:* | '  Installing '*:* | '['*'] Upgrading '* | '['*'] Installing '*) told=came ;;
	esac
}

step 0 "$wanted" 'check the plan'
alone
request "$@"
transaction --assumeno >"$job/simulation" 2>"$job/simulation.errors"
status=$?
cat "$job/simulation" "$job/simulation.errors"
[ $status -ne 200 ] || locked 'it has the lock' # by exit_on_lock
planned <"$job/simulation" || differs
halted && exit 75

# Only packages are fetched here: the lists stay as they were checked.
fetch() {
	set -f
	# shellcheck disable=SC2086
	"$dnf" -y '--setopt=*.metadata_expire=-1' --setopt=metadata_expire=-1 --setopt=exit_on_lock=1 --setopt=best=1 \
		--setopt=install_weak_deps=0 --setopt=clean_requirements_on_remove=0 "$verb" --downloadonly $names
	fetch_status=$?
	[ $fetch_status -ne 200 ] || fetch_status=24
	return $fetch_status
}
download fetch
carry_out transaction -y
conclude "$dnf" 25 "packages' scripts"
