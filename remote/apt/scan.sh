# What APT and dpkg know. $1 is "refresh" when the lists are to be fetched.
# The host has other work: each run of APT reads its whole cache, and each
# program that starts costs about a millisecond.

# those_there FORMAT FILE …: stat of the files that exist.
those_there() {
	there_format=$1
	shift
	for there_file in "$@"; do
		shift
		[ ! -e "$there_file" ] || set -- "$@" "$there_file"
	done
	[ $# -eq 0 ] || stat -c "$there_format" "$@"
}

# From "bash/oldstable,now 5.2 amd64 [upgradable from: 5.1]" it keeps
# "bash:amd64/oldstable,now", in which the shell sees no pattern.
upgradable() {
	listed=$(apt list --upgradable 2>/dev/null)
	listed_status=$?
	printf '%s\n' "$listed"
	listed=$(printf '%s\n' "$listed" | sed -n 's|^\([a-z0-9][a-z0-9+.-]*\)/\([^ *?[]*\) [^ ]* \([a-z0-9-]*\) \[.*|\1:\3/\2|p')
	return $listed_status
}

# Asked to simulate, APT would pack all it knows into /var/log/apt/eipp.log.xz.
# That takes longer than the simulation, and a scan changes nothing.
simulated() {
	apt-get -s -o Dir::Log::Planner= -o APT::Get::Show-User-Simulation-Note=false "$@"
}

ordinary_upgrade() {
	ordinary=$(simulated upgrade)
	ordinary_status=$?
	printf '%s\n' "$ordinary"
	return $ordinary_status
}

# unrestrained VERB …: with what is held, and what is not for every host yet.
unrestrained() { simulated --ignore-hold -o APT::Get::Always-Include-Phased-Updates=true "$@"; }

# What an ordinary upgrade leaves behind, in a simulation of its own: APT takes
# time for each package times all that there are. Where the list and the
# simulation do not agree on what that is, or it cannot come in, a simulation of
# everything shows it. 69 when nothing is left.
left_behind() {
	left= left_count=0
	for entry in $listed; do
		name=${entry%%/*}
		case $ordinary in
		*"
Inst ${name%:*} ["* | *"
Inst $name ["*) ;;
		*) left="$left $name" left_count=$((left_count + 1)) ;;
		esac
	done
	case $ordinary_status$ordinary in
	0*" and $left_count not upgraded."* | 0*" Not Upgrading: $left_count
"*)
		[ $left_count -gt 0 ] || return 69
		if left=$(unrestrained install $left 2>/dev/null); then
			printf '%s\n' "$left"
			return
		fi
		;;
	esac
	unrestrained dist-upgrade
}

# What comes from a security suite is known to be a security update.
policy() {
	names=
	for entry in $listed; do
		case $entry in
		*-security | *-security,*) ;;
		*) names="$names ${entry%%/*}" ;;
		esac
	done
	[ -z "$names" ] || apt-cache policy $names
}

# The dates that each fetched source gives itself.
release_files() {
	for release_file in "$lists"/*Release; do
		[ -e "$release_file" ] || continue
		echo "File: ${release_file##*/}"
		sed -n -e '/^Suite: /p' -e '/^Label: /p' -e '/^Date: /p' -e '/^Valid-Until: /p' \
			-e '/^MD5Sum:/q' -e '/^SHA256:/q' "$release_file"
	done
}

release_times() { those_there '%Y %n' "$lists"/*Release "$stamps/update-success-stamp"; }
lock_files() { those_there '%i %n' "$admin/lock-frontend" "$admin/lock" "$lists/lock" "$archives/lock"; }
file_if_there() { [ ! -e "$1" ] || cat "$1"; }

# needrestart looks at every process, and at the files of every script that runs.
# may_need_restart is false where it is certain to find nothing: no process runs
# code from a file that is gone (dpkg puts a new file in the place of the old) nor
# an interpreter, and the kernel that runs is the newest and older than the boot.
may_need_restart() {
	grep -qsE '^[^ ]+ ..x. .*(\(deleted\)|java|perl|python|ruby)' /proc/[0-9]*/maps
	[ $? -eq 1 ] || return 0
	for newest_kernel in /boot/vmlinu[xz]* /boot/*Image*; do
		[ ! -e "$newest_kernel" ] || break
	done
	[ -e "$newest_kernel" ] || return 1
	newest_kernel=$(printf '%s\n' /boot/vmlinu[xz]-* | sort -V | tail -n 1)
	[ "${newest_kernel#/boot/vmlinu[xz]-}" = "$(uname -r)" ] || return 0
	[ "$(stat -c %Z "$newest_kernel")" -ge "$(sed -n 's/^btime //p' /proc/stat)" ]
}

needrestart_list() {
	have needrestart || return 69
	if ! may_need_restart; then
		echo 'not asked: all code that runs is the code that is installed' >&2
		return 0
	fi
	needrestart -b -k -l
}

section 'lock files' lock_files
section 'locks' cat /proc/locks
if [ "$1" = refresh ]; then
	section 'apt-get update' apt-get update -q -o APT::Update::Error-Mode=any -o Acquire::Retries=1 -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30
fi
section 'dpkg updates' names_in "$admin/updates"
section 'dpkg --audit' dpkg --audit
section 'dpkg-query' dpkg-query -W -f='${Package}\t${Architecture}\t${Version}\t${db:Status-Abbrev}\n'
section 'apt list --upgradable' upgradable
section 'apt-get -s upgrade' ordinary_upgrade
section 'apt-get -s for the rest' left_behind
section 'apt-cache policy' policy
section 'sources' apt-get update --print-uris
section 'release files' release_files
section 'release times' release_times
section 'reboot-required' file_if_there /run/reboot-required
section 'reboot-required.pkgs' file_if_there /run/reboot-required.pkgs
section 'needrestart -b' needrestart_list
finish
