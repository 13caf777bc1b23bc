// SPDX-License-Identifier: Apache-2.0
// Client: one program of the simulated world, with the client's half of the protocol and a ledger
// of what it believes to hold. The checkers look at the beliefs: nothing else counts for a user.
#pragma once

#include "model/mode.hpp"
#include "model/token.hpp"
#include "session/session.hpp"
#include "sim/world/channel.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>

namespace holdfast::sim {

// Valid from the grant's arrival to the first of: release invoked, lost, the deadline of its
// machine. An up-conversion counts from its arrival, a down-conversion from its call.
struct Belief {
  std::string key;
  Mode mode = Mode::NL;
  Token token;
};

// What a request was about, until it is answered.
struct Asked {
  std::string key;
  ClaimId lock;
  Mode before = Mode::NL;  // of a conversion
  bool conversion = false;
  bool unlock = false;
};

struct Client {
  std::string name;
  std::size_t machine = 0;
  Incarnation incarnation;  // of the daemon it is connected to
  std::uint32_t pid = 0;
  wire::ReleaseSlot slot;  // shared with the daemon
  std::unique_ptr<session::Session> session;
  ChannelId up, down;  // to the daemon, from the daemon
  std::uint32_t conn = 0;
  bool alive = true;
  bool paused = false;
  bool reads = true;  // else what it is told waits in its socket, and it goes on asking
  bool reported_slow = false;
  bool is_operator = false;  // holds nothing, and is in no history
  std::map<ClaimId, Belief> beliefs;
  std::map<RequestId, Asked> asked;
  std::set<ClaimId> told;    // somebody waits for these; since their latest grant
  std::set<ClaimId> ending;  // given up: whatever is granted on it from now on is not believed
};

// Who hears what the sessions say.
class ClientEvents {
 public:
  virtual ~ClientEvents() = default;
  virtual void on_event(std::size_t client, const session::Event& event) = 0;
};

}  // namespace holdfast::sim
