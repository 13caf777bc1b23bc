// SPDX-License-Identifier: Apache-2.0
// Owners: the owners of a script, the locks they have or ask for, and what their sessions say about
// them, as lines. Used wherever owners are sessions: in the simulated cluster and by the live
// runner.
#pragma once

#include "base/result.hpp"
#include "session/session.hpp"
#include "sim/scenario/record.hpp"
#include "sim/scenario/script.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::sim {

struct OwnedLock {
  std::string who;  // "a.2"
  std::string name;
  std::size_t client = 0;
  ClaimId id;         // none: not said yet
  RequestId request;  // open lock or conversion
  Mode mode = Mode::NL;
  bool held = false;
  bool gone = false;
};

class Owners {
 public:
  explicit Owners(Record& record) : record_(record) {}

  void set_order(Order order) { order_ = order; }
  void begin_command() { ++command_; }

  void connected(std::size_t client, const std::string& name, NodeId node);
  void opened(std::size_t client, OwnerId owner) { clients_[client].owner = owner; }
  // Its process has ended: nobody listens any more; what stays of it are orphans.
  void killed(std::size_t client);
  void machine_gone(NodeId node);

  // The lock that a command is about; null if there is none (or for a purge). With `creates`: a new
  // one.
  Result<OwnedLock*> lock_for(std::size_t client, const Request& request, bool creates);
  // The lock that the request is to be a sub-lock of; none if it is no such request.
  Result<ClaimId> parent_for(std::size_t client, const Request& request) const;
  void asked(std::size_t client, RequestId id, const Request& request, OwnedLock* lock);
  void refused_at_once(OwnedLock& lock, Errc reason);
  void refused_unknown(const std::string& who, Errc reason) {
    record_.refused(who, reason, place(command_));
  }
  void hear(std::size_t client, const session::Event& event);

  // The name in the script for a lock that a node told of.
  [[nodiscard]] std::string who_was(NodeId node, ClaimId claim) const;  // also if it is gone
  [[nodiscard]] std::string who_is(NodeId node, ClaimId claim, OwnerId owner) const;

 private:
  enum class Life : std::uint8_t { alive, killed, machine_gone };
  struct Client {
    std::string name;
    NodeId node;
    OwnerId owner;
    Life life = Life::alive;
    bool told_lost = false;
  };
  struct Asked {
    Verb verb{};
    std::string who;
    std::size_t lock = 0;  // place in locks_; meaningless for a purge
    std::uint64_t command = 0;
    bool reads_value = false;
  };
  using AskedKey = std::pair<std::size_t, RequestId>;

  [[nodiscard]] Place place(std::uint64_t command) const;
  OwnedLock* find(std::size_t client, ClaimId id);
  void hear(std::size_t client, const wire::Granted& event);
  void hear(std::size_t client, const wire::Waiting& event);
  void hear(std::size_t client, const wire::Refused& event);
  void hear(std::size_t client, const wire::Done& event);
  void hear(std::size_t client, const wire::NoticeEvent& event);
  void hear(std::size_t client, const wire::LostEvent& event);
  void hear(std::size_t client, const wire::Ended& event);

  Record& record_;
  Order order_ = Order::as_written;
  std::uint64_t command_ = 0;
  std::map<std::size_t, Client> clients_;
  std::vector<std::unique_ptr<OwnedLock>> locks_;
  std::map<AskedKey, Asked> asked_;
};

}  // namespace holdfast::sim
