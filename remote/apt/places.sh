# Where dpkg and APT keep what they know, by what tells them so themselves.
admin=${DPKG_ADMINDIR:-/var/lib/dpkg}
lists=/var/lib/apt/lists
archives=/var/cache/apt/archives
stamps=/var/lib/apt/periodic
if [ -n "$APT_CONFIG" ]; then
	eval "$(apt-config shell lists Dir::State::lists/d archives Dir::Cache::archives/d stamps Dir::State/d)"
	lists=${lists%/} archives=${archives%/} stamps=${stamps%/}/periodic
fi
