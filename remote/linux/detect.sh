# Which update systems are here.
os_release() { cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release; }
programs() {
	for program in apt-get dpkg dnf5 dnf yum zypper pacman apk; do
		have "$program" && echo "$program"
	done
	return 0
}
section 'os-release' os_release
section 'programs' programs
finish
