#!/usr/bin/perl
# reboot, poweroff, halt and shutdown of a light host. The reboot system call
# in a PID namespace kills its first process: SIGHUP to come again, SIGINT to
# stay off. Perl, because every Debian has it.
use strict;
use warnings;

my $restart = $0 =~ m{reboot$} || grep { $_ eq '-r' || $_ eq '--reboot' } @ARGV;
if ($> != 0) {
    print STDERR "$0: must be root\n";
    exit 1;
}
exit 0 if fork;    # answer the caller first, as systemctl reboot does
require POSIX;
POSIX::setsid();
$SIG{TERM} = $SIG{HUP} = 'IGNORE';
open STDIN,  '<', '/dev/null';
open STDOUT, '>', '/dev/null';
open STDERR, '>', '/dev/null';
select undef, undef, undef, 0.3;
kill 'TERM', -1;
select undef, undef, undef, 0.3;

# reboot(2): LINUX_REBOOT_MAGIC1, _MAGIC2, _CMD_RESTART or _CMD_POWER_OFF
my $number = (POSIX::uname())[4] eq 'x86_64' ? 169 : 142;
syscall $number, 0xfee1dead, 672274793, $restart ? 0x01234567 : 0x4321fedc, 0;
