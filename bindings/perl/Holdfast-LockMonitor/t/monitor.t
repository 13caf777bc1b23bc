# SPDX-License-Identifier: Apache-2.0
# A reader that is stuck, a writer that waits for it, and the monitor. Needs a lock manager, and the tool `holdfast`.
use strict;
use warnings;
use File::Temp ();
use IPC::Open2;
use Test::More;

use Holdfast::Environment;
use Holdfast::LockMonitor;

plan skip_all => 'no lock manager: HOLDFAST_SOCKET is not set' unless $ENV{HOLDFAST_SOCKET};
my $tool = $ENV{HOLDFAST_TOOL} // 'holdfast';

ok(!defined &main::poll && !defined &main::release, 'nothing is exported');

# A program that holds a lock until its input ends.
my @programs;
sub start {
    my ($mode, $name) = @_;
    my $pid = open2(my $out, my $in, $tool, 'lock', '--mode', $mode, $name);
    push @programs, { pid => $pid, out => $out, in => $in };
    return $programs[-1];
}

# Waits for something that must come, but not for ever.
sub eventually {
    my ($what, $condition) = @_;
    local $SIG{ALRM} = sub { BAIL_OUT("it never came to this: $what") };
    alarm 30;
    my @result;
    1 until @result = $condition->();
    alarm 0;
    return @result;
}

my $evidence = File::Temp->newdir;
my $name     = "perl/$$";
my $reader   = start('PR', $name);
readline($reader->{out});
my $writer = start('EX', $name);

my $watch = Holdfast::Environment->new->lockmonitor;
my @pair = eventually('the writer waits', sub { $watch->poll });
is(scalar @pair, 2, 'exactly one condition');
my ($holder, $seen) = @pair;
is($seen->{$_->[0]}, $_->[1], "$_->[0]") for ['mode', 'PR'], ['status', 'HELD'], ['obj', $name], ['id', $holder];
is($seen->{locker}{pid}, $reader->{pid}, 'the locker is the reader');
ok($seen->{gen} > 0, 'a generation');
is_deeply([($watch->poll)[0]], [$holder], 'polling changes nothing');
is($watch->properties($holder)->{status}, 'HELD', 'properties of the holder');
is($watch->properties("n1#99999999999")->{status}, 'NOTEXIST', 'properties of nothing');
my ($condition) = $watch->conditions;
is($condition->{waiter}{status}, 'WAITING', 'the waiter waits');
is($condition->{trouble}, 'lock-up', 'no deadlock');
my $own = $watch->self($reader->{pid});
is_deeply([map { $_->{id} } @{ $own->{locks} }], [$holder], 'the reader finds its lock');
is($own->{blocks}[0]{waiter}{locker}{pid}, $writer->{pid}, 'and whom it blocks');
is_deeply([$watch->would_release($holder)], [0], 'it could be released');
is($watch->properties($holder)->{status}, 'HELD', 'and was not');
ok(!eval { $watch->release($holder); 1 }, 'a release needs a reason');
ok(!eval { Holdfast::LockMonitor->new(policy => 'release'); 1 }, 'so does a policy');
ok(!eval { Holdfast::LockMonitor->new(reasons => 1); 1 }, 'an option that is none');

my $strict = Holdfast::LockMonitor->new(policy => 'release', reason => 'stuck', evidence => "$evidence");
is_deeply([$strict->monitor], [], 'the first look knows of no wait that lasts');
my %freed = $strict->monitor;
is_deeply([keys %freed], [$holder], 'the second returns the holder');
is($freed{$holder}{status}, 'HELD', 'as it was before');
like(scalar(readline($writer->{out})), qr/[0-9a-f]{32}/, 'the writer proceeds');
is_deeply([$strict->release($holder)], [-1], 'the grant is none any more');
is($watch->properties($holder)->{status}, 'NOTEXIST', 'and known as none');
my @files = glob "$evidence/*.json";
is(scalar @files, 2, 'before each attempt what was seen was written down');

close $_->{in} for @programs;
waitpid $_->{pid}, 0 for @programs;
done_testing;
