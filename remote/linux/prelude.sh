# Every script that is asked a question starts with this. $1 is a random word
# that nothing on the host can know beforehand, so that no file, package name
# or log line can forge a frame.
nonce=$1
shift

# section NAME COMMAND ...: frames what COMMAND prints on both streams, and
# tells its exit status.
section() {
	section_name=$1
	shift
	printf '\n%s begin %s\n' "$nonce" "$section_name"
	printf '\n%s begin %s\n' "$nonce" "$section_name" >&2
	"$@" </dev/null
	section_status=$?
	printf '\n%s end %d %s\n' "$nonce" "$section_status" "$section_name"
	printf '\n%s end %d %s\n' "$nonce" "$section_status" "$section_name" >&2
}

# finish: the last thing a script says. Without it the answer was cut.
finish() {
	printf '\n%s finished\n' "$nonce"
	printf '\n%s finished\n' "$nonce" >&2
	exit 0
}

have() { command -v "$1" >/dev/null 2>&1; }

