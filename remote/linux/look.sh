# Arguments: state directory, ID, offset of the log, bytes wanted of it.
dir=$1 id=$2 from=$3 most=$4
job=$dir/jobs/$id

file() { [ ! -e "$job/$1" ] || cat "$job/$1"; }
log() { [ ! -e "$job/log" ] || tail -c "+$((from + 1))" "$job/log" | head -c "$most"; }

forgotten() { [ ! -e "$dir/forgotten" ] || cat "$dir/forgotten"; }

section 'state' job_state "$id"
section 'forgotten' forgotten
section 'result' file result
section 'started' file started
section 'step' file step
section 'log' log
finish
