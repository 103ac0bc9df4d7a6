# Brings exact versions in. Runs under job.sh, which gives step, halted and
# killable. Lines of $job/input: "upgrade NAME ARCH FROM TO", "add NAME ARCH - TO"
# or "remove NAME ARCH FROM -"; the desk has checked that they hold no other characters.
DEBIAN_FRONTEND=noninteractive
APT_LISTCHANGES_FRONTEND=none
UCF_FORCE_CONFFOLD=1
# Services are restarted by their packages or not at all: a scan tells which wait.
NEEDRESTART_SUSPEND=1
NEEDRESTART_MODE=l
export DEBIAN_FRONTEND APT_LISTCHANGES_FRONTEND UCF_FORCE_CONFFOLD NEEDRESTART_SUSPEND NEEDRESTART_MODE
set -f

# The timeout is for who takes a lock between this script's look and APT's.
options='-q -y -o DPkg::Lock::Timeout=5 -o Dpkg::Use-Pty=0'
options="$options -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"
options="$options -o APT::Get::Show-User-Simulation-Note=false"

# spec NAME ARCH VERSION: the word for apt-get.
spec() {
	if [ "$2" = all ]; then echo "$1=$3"; else echo "$1:$2=$3"; fi
}

# What the plan allows, between blanks so that a whole word can be looked for.
may_install=' '
may_remove=' '
upgrades=' '
removals=
leaving=
additions=
total=0
while read -r verb name arch from to; do
	case $verb in
	upgrade | add)
		may_install="$may_install$name:$arch=$to "
		total=$((total + 1))
		if [ "$verb" = add ]; then additions="$additions $name:$arch"; else upgrades="$upgrades$name:$arch=$from "; fi
		;;
	remove)
		may_remove="$may_remove$name=$from "
		if [ "$arch" = all ]; then removals="$removals $name-"; else removals="$removals $name:$arch-"; fi
		leaving="$leaving $name:$arch"
		total=$((total + 1))
		;;
	*)
		echo "the plan cannot be read: $verb"
		exit 21
		;;
	esac
done <"$job/input"
[ -n "$removals" ] || options="$options --no-remove"
lock_patience=120
locked=

# look_at_dpkg: all packages and their states, as " name:arch=version=ii".
look_at_dpkg() {
	present="$(dpkg-query -W -f=' ${Package}:${Architecture}=${Version}=${db:Status-Abbrev}' | sed 's/  */ /g') "
}

# is_in NAME:ARCH=VERSION: installed, whole, in this version?
is_in() {
	case $present in
	*" $1=ii "* | *" $1=hi "*) return 0 ;;
	esac
	return 1
}

# is_gone NAME:ARCH: nothing of it is there but, perhaps, its configuration files (rc).
is_gone() {
	case $present in
	*" $1="*) ;;
	*) return 0 ;;
	esac
	gone_word=${present#*" $1="}
	case ${gone_word%% *} in
	*=?n | *=?c) return 0 ;;
	esac
	return 1
}

# inside FILE: does a simulation stay within the plan?
inside() {
	inside_status=0
	while read -r word name rest; do
		case $word in
		Inst)
			new=${rest#*\(}
			new=${new%% *}
			arch=${rest%%\])*}
			arch=${arch##*\[}
			case $may_install in
			*" ${name%%:*}:$arch=$new "*) ;;
			*)
				echo "outside the plan: $word $name $rest"
				inside_status=1
				;;
			esac
			;;
		Remv | Purg)
			old=${rest#*\[}
			old=${old%%\]*}
			case $may_remove in
			*" ${name%%:*}=$old "*) ;;
			*)
				echo "outside the plan: $word $name $rest"
				inside_status=1
				;;
			esac
			;;
		esac
	done <"$1"
	return $inside_status
}

# simulate WORDS: 0 when the solver agrees and stays within the plan.
simulate() {
	apt-get -s -o Dir::Log::Planner= $options install "$@" >"$job/simulation" 2>&1 || {
		cat "$job/simulation"
		return 1
	}
	inside "$job/simulation"
}

# missing: the words for all that is not in yet; the first $1 of them when given.
missing() {
	missing_count=0
	while read -r verb name arch from to; do
		[ "$verb" != remove ] || continue
		is_in "$name:$arch=$to" && continue
		missing_count=$((missing_count + 1))
		[ -z "$1" ] || [ $missing_count -le "$1" ] || break
		spec "$name" "$arch" "$to"
	done <"$job/input"
}

# count_in: how many lines of the plan are done.
count_in() {
	done_count=0
	while read -r verb name arch from to; do
		case $verb in
		remove) is_gone "$name:$arch" && done_count=$((done_count + 1)) ;;
		*) is_in "$name:$arch=$to" && done_count=$((done_count + 1)) ;;
		esac
	done <"$job/input"
	echo $done_count
}

# report: the state of each package, read back. 0 when all are as planned.
report() {
	report_status=0
	while read -r verb name arch from to; do
		if [ "$verb" = remove ]; then
			is_gone "$name:$arch" && echo "package $name:$arch $from removed" && continue
			echo "package $name:$arch $from is still there"
		else
			is_in "$name:$arch=$to" && echo "package $name:$arch $to in" && continue
			state=${present#*" $name:$arch="}
			[ "$state" != "$present" ] || state='not installed'
			echo "package $name:$arch $to missing, now ${state%% *}"
		fi
		report_status=1
	done <"$job/input"
	return $report_status
}

# holder: who works on the packages. "1: POSIX ADVISORY WRITE 133 00:2f:398607 0 EOF"
holder() {
	for lock_file in "$admin/lock-frontend" "$admin/lock" "$archives/lock"; do
		[ -r /proc/locks ] && [ -e "$lock_file" ] || continue
		inode=$(stat -c %i "$lock_file")
		while read -r _ _ _ access pid place _; do
			[ "$access" = WRITE ] && [ "${place##*:}" = "$inode" ] && echo "process $pid has $lock_file"
		done </proc/locks
	done
	return 0
}

# alone DONE: waits until nobody works on the packages. APT would wait too, but
# through a cancel and beyond the window's end, and would install then.
alone() {
	lock_waited=0
	while lock_holder=$(holder) && [ -n "$lock_holder" ]; do
		halted && return 1
		if [ $lock_waited -ge $lock_patience ]; then
			locked="another package manager is at work: $lock_holder"
			echo "$locked"
			return 1
		fi
		[ $lock_waited -gt 0 ] || step "$1" $total 'wait for another package manager'
		lock_waited=$((lock_waited + 1))
		sleep 1
	done
	! halted
}

step 0 $total 'look at the host'
case $(ls -1 "$admin/updates") in
?*)
	echo "dpkg was interrupted: 'dpkg --configure -a' is needed first"
	exit 23
	;;
esac
look_at_dpkg
for was in $upgrades; do
	is_in "$was" && continue
	# It may have come in already, by an attempt before this one.
	case $may_install in
	*" ${was%%=*}="*)
		now=${may_install#*" ${was%%=*}="}
		is_in "${was%%=*}=${now%% *}" && continue
		;;
	esac
	echo "the plan was made for $was, which is not what is installed"
	exit 21
done

words="$(missing) $removals"
if ! simulate $words; then
	echo 'nothing was done: this is not what was planned'
	exit 20
fi

if ! alone 0; then
	[ -e "$job/stopped" ] && exit 75
	exit 24
fi
step 0 $total download
killable apt-get $options --download-only install $words
status=$?
halted && exit 75
if [ $status -ne 0 ]; then
	echo "download failed: exit status $status; nothing was installed"
	exit 22
fi

# apt-get install takes what it is told for wanted by hand. What came as a
# dependency stays one.
automatic=
names=
for was in $upgrades; do names="$names ${was%%=*}"; done
names=$(echo "$names" | sed 's/:all / /g; s/:all$//')
[ -z "${names# }" ] || automatic=$(apt-mark showauto $names)

# Ten at a time where the solver keeps to the plan, else all that is left. After
# a failure all that is left is tried once: dpkg goes on with the packages that
# can, and repeats the scripts that failed, which is enough of one time.
failed=0
before=$(count_in)
begun=$before
while :; do
	look_at_dpkg
	words=$(missing 10)
	[ -n "$words" ] || break
	halted && break
	if [ $failed -ne 0 ] || ! simulate $words >"$job/slice"; then
		words="$(missing) $removals"
		# The lists may have changed since the job began.
		if ! simulate $words; then
			echo 'this is no longer what was planned: no more is installed'
			break
		fi
	fi
	alone "$before" || break
	step "$before" $total "install $((before + 1)) of $total"
	failures=$failed
	apt-get $options install $words </dev/null || failed=$((failed + 1))
	look_at_dpkg
	after=$(count_in)
	if [ "$after" -le "$before" ] || [ $failures -ne 0 ]; then
		break
	fi
	before=$after
done
words=
for gone in $leaving; do
	is_gone "$gone" || words="$words ${gone%:all}-"
done
if [ -n "$words" ] && [ $failed -eq 0 ] && [ -z "$locked" ] && alone "$before"; then
	step "$before" $total 'remove what the plan removes'
	simulate $words && apt-get $options install $words </dev/null
fi

look_at_dpkg
came=
for name in $automatic $additions; do
	case $present in
	*" ${name%%:*}:"*) came="$came ${name%:all}" ;;
	esac
done
[ -z "$came" ] || apt-mark auto $came >/dev/null

step "$(count_in)" $total 'look at what came in'
# Configuration file '/etc/lab-conf.conf'
sed -n "s|^Configuration file '\([^']*\)'.*|kept: \1 was edited here, the package's own is \1.dpkg-dist|p" "$job/log"
if report; then
	exit 0
fi
[ -e "$job/stopped" ] && exit 75
[ -n "$locked" ] && [ "$(count_in)" -eq "$begun" ] && exit 24
exit 1
