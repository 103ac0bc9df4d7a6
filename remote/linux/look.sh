# Arguments: state directory, ID, offset of the log, bytes wanted of it.
dir=$1 id=$2 from=$3 most=$4
job=$dir/jobs/$id

file() { [ ! -e "$job/$1" ] || cat "$job/$1"; }
log() { [ ! -e "$job/log" ] || tail -c "+$((from + 1))" "$job/log" | head -c "$most"; }

forgotten() { [ ! -e "$dir/forgotten" ] || cat "$dir/forgotten"; }

# quiet: for how many seconds a job has left no trace, by this host's own clock.
quiet() {
	last=$(stat -c %Y "$job/started" "$job/step" "$job/log" 2>/dev/null | sort -n | tail -n 1)
	[ -z "$last" ] || echo $(($(date -u +%s) - last))
}

section 'state' job_state "$id"
section 'forgotten' forgotten
section 'result' file result
section 'started' file started
section 'step' file step
section 'quiet' quiet
section 'log' log
finish
