# $1, $2, $3, …: name, architecture and version of each package wanted.
section 'rpm -qa' installed
request "$@"
section 'simulate' transaction --assumeno
finish
