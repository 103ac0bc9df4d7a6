# $1 is "refresh" when the host may fetch its lists.
section 'busy' busy
[ "$1" = refresh ] && section 'apk update' apk update
section 'apk list --installed' installed
section 'apk list --upgradable' quiet list --upgradable
section 'apk upgrade --simulate' upgrade --simulate
section 'world' world
section 'repositories' repositories
section 'ages' ages
finish
