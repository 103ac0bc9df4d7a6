# Arguments: state directory. The reboot comes two seconds later, so that this
# answer arrives.
dir=$1
reboot_soon() {
	if owner=$(lock_owner 2>/dev/null); then
		case $(job_state "$owner") in
		starting | running)
			echo "busy $owner"
			return
			;;
		esac
	fi
	if have systemctl && [ -d /run/systemd/system ]; then
		command='systemctl reboot'
	elif have reboot; then
		command='reboot'
	elif have shutdown; then
		command='shutdown -r now'
	else
		echo 'no program to reboot with'
		return
	fi
	setsid sh -c "sleep 2; $command" </dev/null >/dev/null 2>&1 &
	echo asked
}
section 'reboot' reboot_soon
finish
