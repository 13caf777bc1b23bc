# SPDX-License-Identifier: Apache-2.0
package Holdfast::Environment;

use strict;
use warnings;

use Holdfast::LockMonitor;

our $VERSION = '1.0';

sub new {
    my ($class, %options) = @_;
    return bless { socket => $options{socket} }, $class;
}

# A monitor of the cluster that this daemon belongs to; options as of Holdfast::LockMonitor->new.
sub lockmonitor {
    my ($self, %options) = @_;
    return Holdfast::LockMonitor->new(socket => $self->{socket}, %options);
}

1;

__END__

=head1 NAME

Holdfast::Environment - the daemon of a node, as the place where a lock monitor comes from

=head1 SYNOPSIS

  my $monitor = Holdfast::Environment->new(socket => '/run/holdfast/holdfast.sock')->lockmonitor(looks => 3);

=cut
