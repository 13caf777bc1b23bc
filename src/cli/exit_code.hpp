// SPDX-License-Identifier: Apache-2.0
// How `holdfast` ends. Scripts rely on these numbers; `run` adds the exit code of its command to
// them.
#pragma once

namespace holdfast::cli {

inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_no_daemon = 69;    // EX_UNAVAILABLE of sysexits.h
inline constexpr int exit_not_granted = 75;  // EX_TEMPFAIL: not granted in time
inline constexpr int exit_lost = 76;         // the lock was lost, or could not be guarded any more
inline constexpr int exit_cannot_run = 126;  // as shells do: found, but cannot be executed
inline constexpr int exit_not_found = 127;   // as shells do: no such command
inline constexpr int exit_signal_base = 128;

}  // namespace holdfast::cli
