# SPDX-License-Identifier: Apache-2.0
package DLM::Client;

use strict;
use warnings;

use Carp ();
use Exporter 'import';
use XSLoader;

our $VERSION = '1.0';
our @CONSTANTS;    # filled from libdlm's header

XSLoader::load(__PACKAGE__, $VERSION);

our @EXPORT_OK   = (qw(lock_resource unlock_resource), @CONSTANTS);
our %EXPORT_TAGS = (all => \@EXPORT_OK);
our @EXPORT      = @EXPORT_OK;

# A constant that this libdlm does not have.
sub AUTOLOAD {
    our $AUTOLOAD;
    my ($name) = $AUTOLOAD =~ /([^:]+)$/;
    Carp::croak("Your vendor has not defined DLM::Client macro $name") if $name =~ /^[A-Z][A-Z0-9_]+$/;
    Carp::croak("Undefined subroutine &DLM::Client::$name called");
}

1;

__END__

=head1 NAME

DLM::Client - locks of a distributed lock manager, through libdlm

=head1 SYNOPSIS

    use DLM::Client qw(:all);

    my $lockid;
    lock_resource('orders', LKM_EXMODE, 0, $lockid) == 0 or die "not locked: $!";
    ...
    unlock_resource($lockid) == 0 or die "not unlocked: $!";

=head1 DESCRIPTION

Locks named resources in the lockspace C<default>, so that programs on all nodes of a cluster agree who may touch
what. The locks are advisory: they bind only programs that ask for them. They go when the process ends, unless they
are persistent.

With holdfast's F<libdlm.so.3> in the loader path nothing else is needed than its daemon on this node, which
C<HOLDFAST_SOCKET> may name.

=head1 FUNCTIONS

Both wait until the lock manager has answered, and return 0, or -1 with the reason in C<$!>.

=over

=item lock_resource($name, $mode, $flags, $lockid)

Waits until the resource is locked, and puts the lock's id into C<$lockid>. C<$name> has up to 64 bytes, none of
them NUL. C<$mode>, from the weakest to the strongest, each with a greater number than those before it:

    LKM_NLMODE   null: an interest, conflicts with nothing
    LKM_CRMODE   concurrent read: conflicts with EX
    LKM_CWMODE   concurrent write: conflicts with PR, PW, EX
    LKM_PRMODE   protected read: conflicts with CW, PW, EX
    LKM_PWMODE   protected write: conflicts with CW, PR, PW, EX
    LKM_EXMODE   exclusive: conflicts with all but NL

C<$flags> is 0 or a sum of:

    LKF_NOQUEUE     do not wait: EAGAIN
    LKF_CONVERT     change the mode of the lock $lockid; $name is not looked at
    LKF_QUECVT      with LKF_CONVERT to a stronger mode: stand behind those that convert already
    LKF_PERSISTENT  the lock outlives this process (operators only)

and the others of libdlm, which are exported too.

Errors: EINVAL (bad mode, flags or name), EAGAIN (LKF_NOQUEUE), EBUSY (the lock is being converted), ENOENT (there is
no lock C<$lockid>), EDEADLK (the conversion would wait for ever), EPERM (LKF_PERSISTENT), EFAULT (C<$lockid> cannot be
written), ENOMEM (too many locks), EACCES (the daemon's socket is not for this user), EUNATCH (no daemon), ENOTCONN (the daemon
has ended).

Perl's own signal handlers run when it has returned. To wait no longer than you like, ask with LKF_NOQUEUE again, or
fork.

=item unlock_resource($lockid)

Gives the lock up. When it returns, whoever waited for it can have it. Errors: ENOENT, EUNATCH, ENOTCONN.

=back

=head1 CONSTANTS

All C<LKM_>, C<LKF_>, C<DLM_> names and ECANCEL, EUNLOCK, EINPROG of F<libdlm.h>, by name or C<:all>. Others die with
"Your vendor has not defined DLM::Client macro ...".

=cut
