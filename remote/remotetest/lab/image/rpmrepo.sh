#!/bin/sh
# The lab's RPM repository in OUT/updates: signed demo packages and advisories
# like a vendor's. OUT/old holds the versions that hosts start with.
. "$SCRIPTS/common.sh"
build=$OUT.build
export GNUPGHOME="$KEYS/gnupg"
trap 'rm -rf "$build"; gpgconf --kill all' EXIT
mkdir -p "$build" "$OUT/old" "$OUT/updates"

# pack NAME VERSION RELEASE FOLDER builds one package, with these variables,
# which it empties again:
tags='' post='' pre='' config='' change='New version'
pack() {
  spec=$build/$1-$2-$3.spec
  {
    printf '%s\n' "Name: $1" "Version: $2" "Release: $3" "Summary: lab package $1" 'License: MIT' \
      'BuildArch: noarch' 'Vendor: Lab' "$tags" '%description' "Lab test package $1." \
      '%install' "mkdir -p %{buildroot}/usr/share/$1/$2-$3 %{buildroot}/etc" \
      "echo $2-$3 > %{buildroot}/usr/share/$1/$2-$3/version"
    if [ -n "$config" ]; then echo "echo '$config' > %{buildroot}/etc/$1.conf"; fi
    printf '%s\n' '%files' "/usr/share/$1/$2-$3"
    if [ -n "$config" ]; then echo "%config(noreplace) /etc/$1.conf"; fi
    if [ -n "$post" ]; then printf '%%post\n%s\n' "$post"; fi
    if [ -n "$pre" ]; then printf '%%pre\n%s\n' "$pre"; fi
    printf '%s\n' '%changelog' "* Tue Nov 14 2023 Lab <lab@example.invalid> - $2-$3" "- $change"
  } > "$spec"
  rpmbuild -bb --quiet --define "_topdir $build" --define "_rpmdir $OUT/$4" \
    --define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
    --define 'source_date_epoch_from_changelog 1' --define 'use_source_date_epoch_as_buildtime 1' "$spec"
  tags='' post='' pre='' config='' change='New version'
}
el=.el9

# What the Debian tree below has, but no RPM says.
tags='Provides: system-release = 9.4
Provides: system-release(releasever) = 9
Provides: /bin/sh
Provides: glibc = 2.38
Provides: rpm = 4.20
Provides: almalinux-release = 9.4'
pack lab-release 9.4 1$el old

pack labhello 1.0 1$el old
pack labhello 1.1 1$el updates
pack labssl 1.0 1$el old
change='fix CVE-2099-1234'
pack labssl 1.0 2$el updates
pack labcrit 1.0 1$el old
change='fix CVE-2099-2000, CVE-2099-2001'
pack labcrit 1.0 2$el updates

# 1.1 fixes the CVE, 1.2 is an enhancement on top.
pack labmod 1.0 1$el old
pack labmod 1.1 1$el updates
pack labmod 1.2 1$el updates

config='a=1'
pack labconf 1.0 1$el old
config='a=2'
pack labconf 2.0 1$el updates

pack labbadpost 1.0 1$el old
post='echo "labbadpost: cannot migrate"; exit 1'
pack labbadpost 2.0 1$el updates
pack labbadpre 1.0 1$el old
pre='echo "labbadpre: refuse"; exit 1'
pack labbadpre 2.0 1$el updates
# As many seconds as /etc/lab-slow.steps says, else 30; counts its runs.
pack labslow 1.0 1$el old
post='n=$(cat /etc/lab-slow.steps 2>/dev/null || echo 30)
i=0; while [ $i -lt $n ]; do i=$((i+1)); echo "labslow: step $i of $n"; sleep 1; done
date >> /var/lib/lab-slow.runs'
pack labslow 2.0 1$el updates

for name in kernel-core kernel; do
  tags='Provides: installonlypkg(kernel)'
  pack $name 5.14.0 427.1$el old
  tags='Provides: installonlypkg(kernel)'
  pack $name 5.14.0 427.2$el updates
done

# Needs a new package; is replaced by another; cannot be installed at all.
pack labdep 1.0 1$el old
tags='Requires: labnew'
pack labdep 2.0 1$el updates
pack labnew 1.0 1$el updates
pack labobs 1.0 1$el old
tags='Obsoletes: labobs < 2
Provides: labobs = 2.0'
pack labobs-ng 2.0 1$el updates
pack labbroken 1.0 1$el old
tags='Requires: nothing-provides-this'
pack labbroken 2.0 1$el updates

find "$OUT" -name '*.rpm' -print0 | xargs -0 rpmsign --define '__gpg /usr/bin/gpg' \
  --define '_gpg_name rpm@example.invalid' --define "_gpg_path $GNUPGHOME" --addsign > /dev/null

# advisory ID TYPE SEVERITY TITLE PACKAGE VERSION RELEASE REFERENCE…
advisory() {
  id=$1 type=$2 severity=$3 title=$4 name=$5 version=$6 release=$7
  shift 7
  echo "<update from=\"lab@example.invalid\" status=\"final\" type=\"$type\" version=\"1\"><id>$id</id><title>$title</title>"
  echo '<issued date="2026-11-01 00:00:00"/><updated date="2026-11-02 00:00:00"/><rights>none</rights><release>Lab 9</release>'
  echo "<severity>$severity</severity><summary>$title</summary><description>$title description</description><references>"
  for ref in "$@"; do
    case $ref in
    CVE*) echo "<reference href=\"https://example.invalid/$ref\" id=\"$ref\" type=\"cve\" title=\"$ref\"/>" ;;
    *) echo "<reference href=\"https://example.invalid/b/$ref\" id=\"$ref\" type=\"bugzilla\" title=\"bug $ref\"/>" ;;
    esac
  done
  echo '</references><pkglist><collection short="LAB-9"><name>Lab 9</name>'
  echo "<package name=\"$name\" version=\"$version\" release=\"$release\" epoch=\"0\" arch=\"noarch\" src=\"$name-$version-$release.src.rpm\">"
  echo "<filename>$name-$version-$release.noarch.rpm</filename>$reboot</package></collection></pkglist></update>"
  reboot=
}
reboot=
{
  echo '<?xml version="1.0" encoding="UTF-8"?><updates>'
  advisory RHSA-2099:0001 security Important 'Important: labssl security update' labssl 1.0 2$el CVE-2099-1234
  advisory RHSA-2099:0002 security Critical 'Critical: labcrit security update' labcrit 1.0 2$el CVE-2099-2000 CVE-2099-2001
  advisory RHSA-2099:0003 security Moderate 'Moderate: labmod security update' labmod 1.1 1$el CVE-2099-3000
  advisory RHEA-2099:0004 enhancement None 'labmod enhancement update' labmod 1.2 1$el 991
  advisory RHBA-2099:0005 bugfix None 'labhello bug fix update' labhello 1.1 1$el 992
  reboot='<reboot_suggested>True</reboot_suggested>'
  advisory RHSA-2099:0006 security Low 'Low: kernel security update' kernel-core 5.14.0 427.2$el CVE-2099-4000
  echo '</updates>'
} > "$build/updateinfo.xml"
createrepo_c -q "$OUT/updates"
modifyrepo_c --mdtype=updateinfo "$build/updateinfo.xml" "$OUT/updates/repodata" > /dev/null
gpg --batch --yes --local-user rpm@example.invalid --armor --detach-sign "$OUT/updates/repodata/repomd.xml"
