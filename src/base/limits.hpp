// SPDX-License-Identifier: Apache-2.0
// Every limit and its name. Exceeding one is an Errc and has a test.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace holdfast::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t name_bytes_max = 255;
inline constexpr std::size_t path_bytes_max = 1024;  // of a sub-lock: all names above it and its own
inline constexpr std::size_t lockspace_name_bytes_max = 64;
inline constexpr std::size_t key_bytes_max = 1 + lockspace_name_bytes_max + path_bytes_max;
inline constexpr std::size_t pattern_bytes_max = 2 * path_bytes_max;  // a path, with "::" between its names
inline constexpr std::size_t value_bytes_max = 1024;
inline constexpr std::size_t value_bytes_default = 64;
inline constexpr std::size_t label_bytes_max = 128;
inline constexpr std::size_t command_bytes_max = 256;
inline constexpr std::size_t user_bytes_max = 64;
inline constexpr std::size_t address_bytes_max = 128;
inline constexpr std::size_t detail_bytes_max = 512;
inline constexpr std::size_t reason_bytes_max = 256;  // of a forced release

inline constexpr std::uint32_t slots = 4096;
inline constexpr std::uint32_t nodes_max = 128;
inline constexpr std::uint32_t weight_max = 1000;
inline constexpr std::uint32_t lockspaces_max = 1024;          // that a node is in, and that a session has open
inline constexpr std::uint32_t lockspaces_per_user_max = 64;   // that a user joined who is no operator
inline constexpr std::uint32_t lockspaces_known_max = 65'536;  // that some node is in
inline constexpr std::uint32_t sessions_max = 16'384;
inline constexpr std::uint32_t locks_per_node_max = 16'000'000;
inline constexpr std::uint32_t waiters_per_resource_max = 65'536;
inline constexpr std::uint32_t blockers_told_max = 8;

// Of the deadlock search. Edges of a wait to those ahead of it that want the same mode:
inline constexpr std::uint32_t edges_ahead_max = 8;
// Searches that a node has open at a time; the others wait their turn.
inline constexpr std::uint32_t searches_max = 16;
inline constexpr std::uint32_t searches_per_second = 1'000;
// Edges and waits that one search looks at; what is behind those is not found by it.
inline constexpr std::uint32_t search_rows_max = 16'384;
// Rows in one message of it.
inline constexpr std::uint32_t search_rows_per_message_max = 1'024;
// Members of a cycle that are told with their names; the others are counted.
inline constexpr std::uint32_t deadlock_members_told_max = 16;
// Broken deadlocks that a node remembers.
inline constexpr std::uint32_t deadlocks_kept_max = 64;
// A wait that is still there is looked at again after this long, and then after twice as long, up to the second.
inline constexpr std::chrono::milliseconds search_again_min = 1'000ms;
inline constexpr std::chrono::milliseconds search_again_max = 10'000ms;
inline constexpr std::chrono::milliseconds deadlock_delay_default = 5ms;
inline constexpr std::chrono::milliseconds deadlock_delay_max = 60'000ms;

// One message with everything in it at its longest fits a frame with room to spare.
inline constexpr std::size_t client_frame_bytes_max = 32 * 1024;
// A peer frame carries what one turn produced for that peer, at most this much; more goes into the next.
inline constexpr std::size_t peer_frame_bytes_max = 256 * 1024;
// What a session may leave unread before it is ended with slow_reader.
inline constexpr std::size_t session_backlog_bytes_max = 4 * 1024 * 1024;
// How long before a forced release its program may be told.
inline constexpr std::chrono::hours grace_max = 24h;
// A member that has not answered a query by then is left out, and the answer says that it is not complete.
inline constexpr std::chrono::milliseconds query_wait_max = 2'000ms;
// Rows (resources and locks) of one query page of one node; the resource that reaches it is told whole.
inline constexpr std::uint32_t query_rows_max = 2'000;

inline constexpr std::chrono::milliseconds lease_default = 3000ms;
inline constexpr std::chrono::milliseconds lease_min = 100ms;
inline constexpr std::chrono::milliseconds lease_max = 600'000ms;
// An unused resource stays known this long, so that coming back to it costs no message.
inline constexpr std::chrono::milliseconds idle_keep = 10'000ms;
// Clocks of two nodes may run apart by this share (parts in a thousand) while a lease is waited for.
inline constexpr int drift_per_mille = 10;

static_assert(waiters_per_resource_max <= locks_per_node_max);
static_assert(value_bytes_default <= value_bytes_max);
static_assert(client_frame_bytes_max >= name_bytes_max + value_bytes_max + detail_bytes_max + 4096);
static_assert(client_frame_bytes_max >= nodes_max * (address_bytes_max + 32) + 4096, "a view of all nodes fits");
static_assert(peer_frame_bytes_max > client_frame_bytes_max);
static_assert(query_rows_max > 0);

}  // namespace holdfast::limits
