// SPDX-License-Identifier: Apache-2.0
// Planted bugs: mistakes that the simulator can switch on, one at a time, to see whether its checkers
// find them (docs/testing.md). They are compiled into the libraries of the simulator only, where
// HOLDFAST_PLANTED_BUGS is defined; everywhere else planted() is the constant false and leaves
// nothing behind, which a test makes sure of.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace holdfast {

enum class Bug : std::uint8_t {
  none,
  skip_lease_wait,
  forget_waiter,
  grant_before_barrier,
  apply_twice,
  lose_clock_on_message,
  lose_clock_on_removal,
  lose_clock_on_migration,
  keep_stale_value,
  home_stays_unmoved,
  drop_release_at_view,
  drop_release_at_reconnect,
  regrant_dead_daemon,
  answer_outsider,
  forget_leases,
  rebuild_half_told,
  apply_out_of_order,
  remove_forwarded,
  lose_queue_order,
  accept_two_digests,
  grant_after_pause,
  tell_lost_late,
  doom_unchecked,
  doom_unreserved,
};

struct BugRow {
  Bug bug{};
  std::string_view name;
  std::string_view what;
};
inline constexpr std::array bug_table{
    BugRow{Bug::skip_lease_wait, "skip_lease_wait", "nobody waits for the lease of a lost node"},
    BugRow{Bug::forget_waiter, "forget_waiter", "a rebuilt queue lacks those who waited"},
    BugRow{Bug::grant_before_barrier, "grant_before_barrier",
           "a home opens before everybody has reported"},
    BugRow{Bug::apply_twice, "apply_twice", "a frame that comes twice is applied twice"},
    BugRow{Bug::lose_clock_on_message, "lose_clock_on_message",
           "the clock on a frame that was sent again is not looked at"},
    BugRow{Bug::lose_clock_on_removal, "lose_clock_on_removal",
           "the clock on a frame that gives a resource up is not looked at"},
    BugRow{Bug::lose_clock_on_migration, "lose_clock_on_migration",
           "the clock on a frame that moves a resource is not looked at"},
    BugRow{Bug::keep_stale_value, "keep_stale_value",
           "a copy that need not be the newest is taken for valid after the loss of its master"},
    BugRow{Bug::home_stays_unmoved, "home_stays_unmoved",
           "a restarted home is taken for the one of before"},
    BugRow{Bug::drop_release_at_view, "drop_release_at_view",
           "a release that arrives during the exchange of a view change is lost"},
    BugRow{Bug::drop_release_at_reconnect, "drop_release_at_reconnect",
           "a release that was sent again after a reconnect is lost"},
    BugRow{Bug::regrant_dead_daemon, "regrant_dead_daemon",
           "masters give away what a lost node holds at once"},
    BugRow{Bug::answer_outsider, "answer_outsider",
           "heartbeats of nodes that are out of the view are answered"},
    BugRow{Bug::forget_leases, "forget_leases", "a restarted node knows of no leases"},
    BugRow{Bug::rebuild_half_told, "rebuild_half_told",
           "who was told of a move forgets the next master when that one dies"},
    BugRow{Bug::apply_out_of_order, "apply_out_of_order",
           "what a home sends on to a master that still takes a resource over is applied at once"},
    BugRow{Bug::remove_forwarded, "remove_forwarded",
           "a home forgets a master to whom it has just sent somebody"},
    BugRow{Bug::lose_queue_order, "lose_queue_order", "a rebuilt queue stands the other way round"},
    BugRow{Bug::accept_two_digests, "accept_two_digests",
           "another view under the same epoch is taken for the same"},
    BugRow{Bug::grant_after_pause, "grant_after_pause",
           "what was read before a pause is granted on the time of then"},
    BugRow{Bug::tell_lost_late, "tell_lost_late",
           "programs are promised half a lease more than the node has"},
    BugRow{Bug::doom_unchecked, "doom_unchecked",
           "a deadlock search does not look twice whether its cycle is there"},
    BugRow{Bug::doom_unreserved, "doom_unreserved",
           "two deadlock searches that share a wait do not wait for each other"},
};

#ifdef HOLDFAST_PLANTED_BUGS
// The one that is switched on in this process.
inline Bug planted_bug = Bug::none;
[[nodiscard]] inline bool planted(Bug bug) { return planted_bug == bug; }
#else
[[nodiscard]] constexpr bool planted(Bug) { return false; }
#endif

}  // namespace holdfast
