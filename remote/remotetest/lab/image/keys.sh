#!/bin/sh
# Throw-away keys: one to log in with, two to sign repositories with.
. "$SCRIPTS/common.sh"
mkdir -p "$OUT"
ssh-keygen -q -t ed25519 -N '' -C lab -f "$OUT/id_ed25519"
export GNUPGHOME="$OUT/gnupg"
mkdir -m 700 "$GNUPGHOME"
# The agent's socket path must be short, and the agent must not outlive us.
trap 'gpgconf --kill all' EXIT
gpg --batch --quiet --passphrase '' --quick-gen-key 'Lab Archive <lab@example.invalid>' ed25519 sign never
gpg --batch --quiet --passphrase '' --quick-gen-key 'Lab RPM <rpm@example.invalid>' rsa2048 sign never
gpg --export lab@example.invalid > "$OUT/lab-archive.gpg"
gpg --armor --export rpm@example.invalid > "$OUT/RPM-GPG-KEY-lab"
