# What scans, simulations and jobs share. Arch knows no partial upgrades: lists
# that are newer than what is installed must not lie where the next "pacman -S"
# finds them. So they are fetched into a folder of our own, as checkupdates does.
dbpath=$(pacman-conf DBPath 2>/dev/null)
dbpath=${dbpath:-/var/lib/pacman}
dbpath=${dbpath%/}
own=/var/cache/secondtuesday/pacman

# fetch FOLDER: all lists into it, or none. What is known already saves the line.
fetch() {
	rm -rf "${1:?}"
	mkdir -p "$1/sync" && chmod 755 "$1" && ln -s "$dbpath/local" "$1/local" || return 1
	cp -p "$own"/sync/*.db "$1/sync/" 2>/dev/null
	pacman -Sy --noconfirm --dbpath "$1" --logfile /dev/null </dev/null || return
	: >"$1/fetched"
}

# lists: sets $lists to the folder with the newest lists.
lists=$dbpath
[ -e "$own/fetched" ] && [ "$own/fetched" -nt "$dbpath/sync" ] && lists=$own

# busy: pacman's lock is a file and nothing more.
busy() { [ ! -e "$dbpath/db.lck" ] || echo "$dbpath/db.lck"; }
installed() { pacman -Q --dbpath "$dbpath"; }
repos() { pacman-conf --repo-list; }

# ages: when each list was written here, and when all were asked for.
ages() {
	for file in "$lists"/sync/*.db; do
		[ ! -e "$file" ] || stat -c '%Z %n' "$file"
	done
	[ "$lists" = "$dbpath" ] || stat -c '%Y %n' "$lists/fetched"
}

# whole: all that an upgrade of the system would bring in.
whole() { pacman -Su --print --print-format '%n %v %r %s' --noconfirm --dbpath "$lists"; }

# details: what the lists say of these, which alone names what they replace.
details() {
	names=$(pacman -Su --print --print-format '%n' --noconfirm --dbpath "$lists" 2>/dev/null)
	set -f
	# shellcheck disable=SC2086
	[ -z "$names" ] || pacman -Si --dbpath "$lists" $names
}
