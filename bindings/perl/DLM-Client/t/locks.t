# SPDX-License-Identifier: Apache-2.0
# Locks of one process: modes, conversions, errors. Needs a lock manager.
use strict;
use warnings;
use Errno ();
use Test::More;

use DLM::Client qw(:all);

plan skip_all => 'no lock manager: HOLDFAST_SOCKET is not set' unless $ENV{HOLDFAST_SOCKET};

sub fails_with {
    my ($rc, $error, $what) = @_;
    is($rc, -1, $what);
    ok($!{$error}, "... with $error") or diag("\$! is $!");
}

my @modes = (LKM_NLMODE, LKM_CRMODE, LKM_CWMODE, LKM_PRMODE, LKM_PWMODE, LKM_EXMODE);
for my $mode (@modes) {
    my $id;
    is(lock_resource("mode$mode", $mode, 0, $id), 0, "mode $mode");
    ok($id, 'the id is there');
    is(unlock_resource($id), 0, 'unlocked');
}

# Which modes go together: rows hold, columns ask.
my @compatible = ('111111', '111110', '111000', '110100', '110000', '100000');
for my $held (@modes) {
    for my $asked (@modes) {
        my ($one, $two);
        is(lock_resource('pair', $held, 0, $one), 0);
        my $rc = lock_resource('pair', $asked, LKF_NOQUEUE, $two);
        my $allowed = substr $compatible[$held], $asked, 1;
        $allowed ? is($rc, 0, "$asked beside $held") : fails_with($rc, 'EAGAIN', "$asked beside $held");
        unlock_resource($two) if $rc == 0;
        is(unlock_resource($one), 0);
    }
}

my $id;
is(lock_resource('converted', LKM_PRMODE, 0, $id), 0);
my $before = $id;
is(lock_resource('another name', LKM_EXMODE, LKF_CONVERT, $id), 0, 'a conversion ignores the name');
is($id, $before, 'and keeps the id');
is(lock_resource('', LKM_CRMODE, LKF_CONVERT, $id), 0, 'down');
is(lock_resource('', LKM_EXMODE, LKF_CONVERT | LKF_QUECVT, $id), 0, 'QUECVT upwards');
fails_with(lock_resource('', LKM_NLMODE, LKF_CONVERT | LKF_QUECVT, $id), 'EINVAL', 'QUECVT downwards');
fails_with(lock_resource('', 7, LKF_CONVERT, $id), 'EINVAL', 'a bad mode');
is(unlock_resource($id), 0);
fails_with(unlock_resource($id), 'ENOENT', 'unlocked twice');
fails_with(lock_resource('', LKM_EXMODE, LKF_CONVERT, $id), 'ENOENT', 'a lock that is over');
fails_with(lock_resource('a' x 65, LKM_EXMODE, 0, $id), 'EINVAL', 'a long name');
fails_with(lock_resource("a\0b", LKM_EXMODE, 0, $id), 'EINVAL', 'a NUL in the name');
fails_with(lock_resource("\x{263a}", LKM_EXMODE, 0, $id), 'EINVAL', 'no bytes');
fails_with(lock_resource('r', LKM_EXMODE, LKF_CANCEL, $id), 'EINVAL', 'a bad flag');
fails_with(lock_resource('r', LKM_EXMODE, 0, 5), 'EFAULT', 'an id that cannot be written');
is(lock_resource('a' x 64, LKM_EXMODE, 0, $id), 0, 'the longest name');
is(unlock_resource($id), 0);
done_testing;
