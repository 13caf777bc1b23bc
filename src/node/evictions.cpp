// SPDX-License-Identifier: Apache-2.0
#include "node/evictions.hpp"

#include <algorithm>

namespace holdfast::node {

Error Evictions::check(const wire::Evict& call) const {
  if (call.grace < Duration{0} || call.grace > limits::grace_max)
    return Error{Errc::bad_argument, "the grace time is between 0 and " +
                                         std::to_string(std::chrono::seconds(limits::grace_max).count()) + " seconds"};
  if (call.reason.size() > limits::reason_bytes_max)
    return Error{Errc::bad_argument, "the reason has " + std::to_string(call.reason.size()) + " bytes, at most " +
                                         std::to_string(limits::reason_bytes_max) + " are allowed"};
  if (!core_.has_view()) return Error{Errc::no_quorum};
  const std::string node = "node " + std::to_string(call.node.value());
  if (!core_.view.has(call.node)) return Error{Errc::no_such_node, node + " is not a member"};
  if (call.incarnation && !core_.is_member(call.node, call.incarnation))
    return Error{Errc::no_such_lock, node + " has been started again since, and that lock is gone"};
  if (!call.lock) return Error{Errc::no_such_lock, "there is no lock 0"};
  return Error{Errc::ok};
}

void Evictions::on(const Session& session, const wire::Evict& call) {
  const Owner& who = sessions_.facts(session.owner);
  Asked asked{.conn = session.conn, .owner = session.owner, .request = call.request, .node = call.node,
              .incarnation = {}, .claim = call.lock, .pid = who.pid};
  if (const Error wrong = check(call); wrong.code != Errc::ok) return answer(asked, wrong);
  asked.incarnation = core_.incarnation_of(call.node);
  core_.trace({.kind = TraceKind::lock_forced, .peer = call.node, .a = call.lock.value(), .b = who.pid,
               .text = "asked for by pid " + std::to_string(who.pid) + " (" + escaped(who.command) + ") of user " +
                       escaped(who.user) + ", uid " + std::to_string(who.uid) + ", because: " + escaped(call.reason)});
  const wire::EvictAsk question{
      .number = ++asked_so_far_, .claim = call.lock, .token = call.token, .grace = call.grace,
      .by = {.node = core_.self(), .owner = session.owner, .pid = who.pid, .start_ticks = who.start_ticks,
             .uid = who.uid, .user = who.user, .command = who.command, .label = who.label},
      .by_operator = static_cast<std::uint8_t>(sessions_.is_operator(who) ? 1 : 0),
      .reason = std::string(call.reason)};
  asked_[question.number] = asked;
  post_.send(asked.node, question);
}

void Evictions::on(NodeId from, const wire::EvictAnswer& message) {
  const auto found = asked_.find(message.number);
  if (found == asked_.end() || found->second.node != from) return;
  const Asked asked = found->second;
  asked_.erase(found);
  if (message.status != Errc::ok) return answer(asked, Error{message.status, std::string(message.detail)});
  core_.trace({.kind = TraceKind::lock_forced, .peer = from, .a = asked.claim.value(), .b = asked.pid,
               .text = "it is " + std::string(name_of(message.outcome))});
  sessions_.send(asked.conn, asked.owner, wire::Evicted{.request = asked.request, .outcome = message.outcome});
}

void Evictions::take_view() {
  std::erase_if(asked_, [&](const auto& entry) {
    const Asked& asked = entry.second;
    if (core_.is_member(asked.node, asked.incarnation)) return false;
    answer(asked, Error{Errc::recovering, "node " + std::to_string(asked.node.value()) +
                                              " was lost meanwhile: it was not done; its locks go with it"});
    return true;
  });
}

void Evictions::answer(const Asked& asked, const Error& error) {
  core_.trace({.kind = TraceKind::lock_forced, .peer = asked.node, .a = asked.claim.value(), .b = asked.pid,
               .text = "not done: " + error.text()});
  sessions_.send(asked.conn, asked.owner,
                 wire::Done{.request = asked.request, .status = error.code, .detail = error.detail});
}

}  // namespace holdfast::node
