# What APT and dpkg know. $1 is "refresh" when the lists are to be fetched.
lists=/var/lib/apt/lists

# Each call of APT costs the host time: the list is kept for policy.
upgradable() {
	listed=$(apt list --upgradable 2>/dev/null)
	listed_status=$?
	printf '%s\n' "$listed"
	return $listed_status
}

# "bash/oldstable 5.2 amd64 [upgradable from: 5.1]" to "bash:amd64"
policy() {
	names=$(printf '%s\n' "$listed" | sed -n 's|^\([^/ ]*\)/[^ ]* [^ ]* \([^ ]*\) \[.*|\1:\2|p')
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

release_times() {
	for release_file in "$lists"/*Release /var/lib/apt/periodic/update-success-stamp; do
		[ ! -e "$release_file" ] || stat -c '%Y %n' "$release_file"
	done
}

lock_files() {
	for lock_file in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock "$lists/lock" /var/cache/apt/archives/lock; do
		[ ! -e "$lock_file" ] || stat -c '%i %n' "$lock_file"
	done
}

updates_folder() { ls -1 /var/lib/dpkg/updates; }
file_if_there() { [ ! -e "$1" ] || cat "$1"; }

needrestart_list() {
	have needrestart || return 69
	needrestart -b
}

section 'lock files' lock_files
section 'locks' cat /proc/locks
if [ "$1" = refresh ]; then
	section 'apt-get update' apt-get update -q -o APT::Update::Error-Mode=any -o Acquire::Retries=1 -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30
fi
section 'dpkg updates' updates_folder
section 'dpkg --audit' dpkg --audit
section 'dpkg-query' dpkg-query -W -f='${Package}\t${Architecture}\t${Version}\t${db:Status-Abbrev}\n'
section 'apt list --upgradable' upgradable
section 'apt-get -s upgrade' apt-get -s -o APT::Get::Show-User-Simulation-Note=false upgrade
section 'apt-get -s dist-upgrade' apt-get -s -o APT::Get::Show-User-Simulation-Note=false --ignore-hold -o APT::Get::Always-Include-Phased-Updates=true dist-upgrade
section 'apt-cache policy' policy
section 'sources' apt-get update --print-uris
section 'release files' release_files
section 'release times' release_times
section 'reboot-required' file_if_there /run/reboot-required
section 'reboot-required.pkgs' file_if_there /run/reboot-required.pkgs
section 'needrestart -b' needrestart_list
finish
