# What would happen to the host if exactly the arguments came in: "name:arch=version".
simulate() {
	apt-get -s -y -o Dir::Log::Planner= -o APT::Get::Show-User-Simulation-Note=false "$@"
}
section 'apt-get -s install' simulate install "$@"
section 'dpkg-query' dpkg-query -W -f='${Package}\t${Architecture}\t${Version}\t${db:Status-Abbrev}\n'
finish
