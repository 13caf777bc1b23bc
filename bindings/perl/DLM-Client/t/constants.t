# SPDX-License-Identifier: Apache-2.0
# Names and values; needs no lock manager.
use strict;
use warnings;
use Test::More;

use DLM::Client qw(:all);

my %expected = (
    LKM_NLMODE => 0, LKM_CRMODE => 1, LKM_CWMODE => 2, LKM_PRMODE => 3, LKM_PWMODE => 4, LKM_EXMODE => 5,
    LKF_NOQUEUE => 0x1, LKF_CANCEL => 0x2, LKF_CONVERT => 0x4, LKF_VALBLK => 0x8, LKF_QUECVT => 0x10,
    LKF_IVVALBLK => 0x20, LKF_CONVDEADLK => 0x40, LKF_PERSISTENT => 0x80, LKF_NODLCKWT => 0x100,
    LKF_NODLCKBLK => 0x200, LKF_EXPEDITE => 0x400, LKF_NOQUEUEBAST => 0x800, LKF_HEADQUE => 0x1000,
    LKF_NOORDER => 0x2000, LKF_ORPHAN => 0x4000, LKF_ALTPR => 0x8000, LKF_ALTCW => 0x10000,
    LKF_FORCEUNLOCK => 0x20000, LKF_TIMEOUT => 0x40000, LKF_WAIT => 0x80000000,
    ECANCEL => 0x10001, EUNLOCK => 0x10002, EINPROG => 0x10003,
    DLM_LVB_LEN => 32, DLM_RESNAME_MAXLEN => 64, DLM_LOCKSPACE_LEN => 64,
    DLM_SBF_DEMOTED => 1, DLM_SBF_VALNOTVALID => 2, DLM_SBF_ALTMODE => 4,
    DLM_LSFL_TIMEWARN => 2, DLM_LSFL_FS => 4, DLM_LSFL_NEWEXCL => 8,
);
{
    no strict 'refs';
    is(&{"main::$_"}(), $expected{$_}, $_) for sort keys %expected;
}
my @others = grep { !exists $expected{$_} && $_ ne 'DLM_LSFL_NODIR' } @DLM::Client::CONSTANTS;
is("@others", '', 'and no others');
ok(!eval { DLM::Client::LKF_NONSENSE(); 1 }, 'an unknown one dies');
like($@, qr/^Your vendor has not defined DLM::Client macro LKF_NONSENSE at /, 'and says so');
ok(!eval { DLM::Client::nonsense(); 1 }, 'so does an unknown function');
done_testing;
