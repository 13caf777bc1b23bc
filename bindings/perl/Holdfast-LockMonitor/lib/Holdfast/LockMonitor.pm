# SPDX-License-Identifier: Apache-2.0
package Holdfast::LockMonitor;

use strict;
use warnings;

use Carp ();
use XSLoader;

our $VERSION = '1.0';

XSLoader::load(__PACKAGE__, $VERSION);

my %defaults = (
    socket      => undef,      # of the daemon; undef: the usual one
    looks       => 2,          # a wait persists that so many looks in a row have seen,
    longer_than => 0,          # and that is older than so many seconds
    policy      => 'report',   # or 'release': what monitor() does to the holders it finds
    grace       => 0,          # seconds that an owner is told beforehand
    reason      => undef,
    evidence    => undef,      # directory for what was seen before a release
);

sub new {
    my ($class, %options) = @_;
    my $self = bless { %defaults }, $class;
    for my $name (keys %options) {
        Carp::croak("there is no option '$name'; there are: @{[sort keys %defaults]}") unless exists $defaults{$name};
        $self->{$name} = $options{$name};
    }
    Carp::croak("the policy is 'report' or 'release'") unless $self->{policy} =~ /^(?:report|release)$/;
    if ($self->{policy} eq 'release') {
        defined $self->{$_} or Carp::croak("the policy 'release' needs '$_'") for qw(reason evidence);
    }
    $self->{handle} = _open($self->{socket});
    return $self;
}

sub DESTROY {
    my ($self) = @_;
    _close(delete $self->{handle}) if defined $self->{handle};
    return;
}

# One pair of holder and properties for each wait condition: a holder that several wait for comes as often.
sub poll {
    my ($self) = @_;
    return map { $_->{holder}{id} => $_->{holder} } $self->conditions;
}

sub conditions {
    my ($self) = @_;
    return @{ _poll($self->{handle}) };
}

# The same, of the conditions that persist; with the policy 'release' the holders are then ended by force. The
# properties are those of before.
sub monitor {
    my ($self) = @_;
    my @stuck = @{ _look($self->{handle}, $self->{looks}, $self->{longer_than}) };
    if (@stuck && $self->{policy} eq 'release') {
        my %seen;
        $self->release(grep { !$seen{$_}++ } map { $_->{holder}{id} } @stuck);
    }
    return map { $_->{holder}{id} => $_->{holder} } @stuck;
}

# undef, with a warning, of what is no lock.
sub properties {
    my ($self, $id) = @_;
    unless (defined $id) {
        Carp::carp('properties of undef');
        return undef;
    }
    my ($found) = @{ _properties($self->{handle}, [$id]) };
    return $found;
}

# For each: 0 if it was ended, -1 if there is no such grant (any more) or it could not be.
sub release {
    my ($self, @ids) = @_;
    defined $self->{$_} or Carp::croak("a release needs '$_'") for qw(reason evidence);
    return _release($self->{handle}, 1, $self->{grace}, $self->{reason}, $self->{evidence}, \@ids);
}

# The same without doing it.
sub would_release {
    my ($self, @ids) = @_;
    return _release($self->{handle}, 0, 0, undef, undef, \@ids);
}

# What a process of this node has ({locks}), and who waits for that ({blocks}).
sub self {
    my ($self, $pid) = @_;
    return _self($self->{handle}, $pid // $$);
}

1;

__END__

=head1 NAME

Holdfast::LockMonitor - find waits that do not end, and end them

=head1 SYNOPSIS

  use Holdfast::Environment;
  use Holdfast::LockMonitor;

  my $monitor = Holdfast::LockMonitor->new;                  # or Holdfast::Environment->new->lockmonitor
  my %now = $monitor->poll;                                  # holders that somebody waits for
  printf "%s: %s on %s\n", $_, @{ $now{$_} }{qw(mode obj)} for keys %now;

  my $strict = Holdfast::LockMonitor->new(policy => 'release', reason => 'stuck', evidence => '/var/log/holdfast');
  while (1) { my %freed = $strict->monitor; sleep 10 }

=head1 DESCRIPTION

The interface is that of BerkeleyDB::Locks. A lock is named by an id such as C<n2#4294967297:TOKEN>: node, id with
generation, and token of the grant. What was given up and taken again has another one.

A hash of properties has the keys C<mode> (NL CR CW PR PW EX), C<status> (HELD, WAITING, PENDING, NOTEXIST), C<gen>,
C<locker> (a hash: node, pid, uid, user, command, label, and dead if its program is gone) and C<obj> (the name), and
beside them C<id>, C<token>, C<lockspace> and C<age> in seconds. Nothing is exported.

=head1 WARNING

A program may rely on the lock that is taken from it. What the lock protects can be damaged, unless that refuses old
tokens. So C<monitor> only reports unless it was made with C<< policy => 'release' >>, a release needs a reason and a
directory for what was seen before, and the nodes write down who did it.

=cut
