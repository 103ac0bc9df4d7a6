# The words of the plan are on standard input, one a line.
specs=$(cat)

lock_files() {
	for lock_file in "$admin/lock-frontend" "$admin/lock" "$lists/lock" "$archives/lock"; do
		[ ! -e "$lock_file" ] || stat -c '%i %n' "$lock_file"
	done
}
release_times() {
	for release_file in "$lists"/*Release "$stamps/update-success-stamp"; do
		[ ! -e "$release_file" ] || stat -c '%Y %n' "$release_file"
	done
}
updates_folder() { ls -1 "$admin/updates"; }

set -f
section 'lock files' lock_files
section 'locks' cat /proc/locks
section 'dpkg updates' updates_folder
section 'dpkg --audit' dpkg --audit
set +f
section 'release times' release_times
set -f
section 'apt-get -s install' apt-get -s -y -o Dir::Log::Planner= -o APT::Get::Show-User-Simulation-Note=false install $specs
section 'dpkg-query' dpkg-query -W -f='${Package}\t${Architecture}\t${Version}\t${db:Status-Abbrev}\n'
section 'apt-get --print-uris install' apt-get -qq -y --print-uris install $specs
finish
