// SPDX-License-Identifier: Apache-2.0
#include "node/moves.hpp"

namespace holdfast::node {

void Moves::on(const Session& session, const wire::Move& call) {
  const Asked asked{.conn = session.conn, .owner = session.owner, .request = call.request};
  const OpenLockspace* lockspace = session.lockspace(call.lockspace);
  if (lockspace == nullptr) return answer(asked, Error{Errc::no_such_lockspace});
  if (const auto sound = check_name(call.resource); !sound) return answer(asked, sound.error());
  if (!core_.serves()) return answer(asked, Error{Errc::no_quorum});
  if (!core_.view.has(call.to))
    return answer(asked, Error{Errc::no_such_node, "node " + std::to_string(call.to.value()) + " is not a member"});
  const std::string key = make_key({lockspace->name, call.resource});
  asked_[++asked_so_far_] = asked;
  post_.send(core_.home(slot_of(key)),
             wire::MoveAsk{.epoch = core_.view.epoch, .number = asked_so_far_, .to = call.to, .key = key});
}

void Moves::on(const wire::MoveAnswer& message) {
  const auto asked = asked_.extract(message.number);
  if (!asked.empty()) answer(asked.mapped(), Error{message.status});
}

void Moves::take_view() {
  for (const auto& [number, asked] : std::exchange(asked_, {}))
    answer(asked, Error{Errc::recovering, "the members changed meanwhile; ask again"});
}

void Moves::answer(const Asked& asked, const Error& error) {
  sessions_.send(asked.conn, asked.owner,
                 wire::Done{.request = asked.request, .status = error.code, .detail = error.detail});
}

}  // namespace holdfast::node
