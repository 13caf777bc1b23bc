// SPDX-License-Identifier: Apache-2.0
// The guard of `holdfast run`: the process that speaks for the lock and drives the command. It
// stands between the watcher, which took the lock and looks after the guard (watcher.hpp), and the
// command.
//
//   wrapper ---- watcher ---- guard ---- command ---- its children, also those that setsid
//      '------- channel --------'
//
// All three of ours are subreapers and have a copy of the session's socket. The guard carries out
// guard_plan.hpp: it freezes, thaws and ends the command's whole tree, which it can since every
// orphan of the tree becomes its child. Who is killed (SIGKILL) from outside, and what then holds
// the promise:
//
//   wrapper    the channel closes; the guard ends the tree, then lets go of the lock
//   watcher    the guard and the wrapper see it, and whoever comes first ends the tree
//   command    what it left running keeps the lock; the guard waits for the last of them
//   guard      the kernel ends the command (PDEATHSIG) and its process group (dead_man.hpp); the
//              rest become children of the watcher, which ends them. Until then the lock stays: the
//              session lives as long as any copy of its socket is open (SessionLife::socket), and
//              every process of ours and of the command has one
//   two of us  the third one does the same; as the watcher does for wrapper and guard
//   all three  the kernel ends the command and its process group. What left the group has copies of
//              the socket, so the lock is free when the last of them ends; but nobody is left who
//              would end them with the lease
//   (nobody)   an operator takes the lock by force: the command is asked to end when that is
//              announced and killed when it is done; the daemon lets others have the lock when our
//              session has closed, and that is when the last process of the command has ended
//   daemon     the plan ends the command before the lease of the daemon runs out; so it does if the
//              daemon is not killed but told to end
//
// Who is stopped (SIGSTOP) is woken by its parent, or child, of the three; if all are stopped, or
// one cannot be woken (a debugger), the kernel ends the guard at the last point of the lease, and
// it goes on as above.
#pragma once

#include "cli/dead_man.hpp"
#include "cli/run_channel.hpp"
#include "cli/seen_deadline.hpp"
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

// The wrapper, as the processes below it know it.
struct WrapperFacts {
  pid_t pid = 0;
  pid_t group = 0;
  Fd pidfd;
};

// What the watcher hands over.
struct Post {
  const RunRequest& request;
  WrapperFacts wrapper;
  Channel channel;  // to the wrapper
  Client client;
  Lock lock;
  Tether tether;
  SeenDeadline deadline;
  ProcessName watcher;
};

// Does everything; the result is the wrapper's exit code, which was sent over the channel as well.
// REQUIRES: called in a fresh child of the watcher.
int guard(Post post);

// Names on standard error what of the command could not be ended.
void complain_of_survivors();

}  // namespace holdfast::cli
