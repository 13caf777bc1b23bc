// SPDX-License-Identifier: Apache-2.0
// The guard of `holdfast run`: a process between the wrapper (what the user started) and the
// command.
//
//   wrapper ---- channel ---- guard ---- session with the daemon
//   (subreaper)             (subreaper)
//                               '---- command ---- its children, also those that setsid
//
// The guard takes the lock, starts the command and carries out guard_plan.hpp: it freezes, thaws
// and ends the command's whole tree, which it can since every orphan of the tree becomes its child.
// Who is killed from outside, and what then holds the promise:
//
//   wrapper          the channel closes; the guard kills the tree, then lets go of the lock
//   command          what it left running keeps the lock; the guard waits for the last of them
//   guard            the command dies with it (PDEATHSIG); the rest of the tree becomes children of
//   the
//                    wrapper, which kills them. Until then the lock stays: the session lives as
//                    long as any copy of its socket is open (SessionLife::socket), and the wrapper
//                    and every process of the command have one
//   wrapper + guard  the command dies with the guard; what it left running has copies of the
//   socket, so the
//                    lock is free when the last of them ends
//   daemon           the plan ends the command before the lease of the daemon runs out
#pragma once

#include "cli/run_channel.hpp"
#include "cli/verb.hpp"
#include "holdfast/client.hpp"

#include <string>
#include <sys/types.h>
#include <vector>

namespace holdfast::cli {

struct RunRequest {
  Common common;
  std::string lockspace;
  std::string name;
  Mode mode = Mode::EX;
  LockOptions options;
  std::string label;
};

struct WrapperFacts {
  pid_t pid = 0;
  pid_t group = 0;
};

// Does everything; the result is the wrapper's exit code, which was sent over the channel as well.
// REQUIRES: called in a fresh child of the wrapper.
int guard(const RunRequest& request, Channel channel, WrapperFacts wrapper);

}  // namespace holdfast::cli
