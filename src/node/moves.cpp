// SPDX-License-Identifier: Apache-2.0
#include "node/moves.hpp"

namespace holdfast::node {
namespace {

// The key of the sub-lock that is shown by this name ("orders::17"); empty: none is.
std::string path_key(std::string_view lockspace, std::string_view name) {
  constexpr std::string_view between = "::";
  std::size_t end = name.find(between);
  if (end == std::string_view::npos) return {};
  KeyParts parts{.lockspace = lockspace, .name = name.substr(0, end)};
  std::string path;
  while (end != std::string_view::npos) {
    const std::size_t begin = end + between.size();
    end = name.find(between, begin);
    const Result<std::string> longer = path_below(parts, name.substr(begin, end - begin));
    if (!longer) return {};
    path = *longer;
    parts = {.lockspace = lockspace, .name = path, .form = NameForm::path};
  }
  return make_key(parts);
}

}  // namespace

void Moves::on(const Session& session, const wire::Move& call) {
  Asked asked{.conn = session.conn, .owner = session.owner, .request = call.request, .to = call.to, .path = {}, .root = {}};
  const OpenLockspace* lockspace = session.lockspace(call.lockspace);
  if (lockspace == nullptr) return answer(asked, Error{Errc::no_such_lockspace});
  if (const auto sound = check_name(call.resource); !sound) return answer(asked, sound.error());
  if (!core_.serves()) return answer(asked, Error{Errc::no_quorum});
  if (!core_.view.has(call.to))
    return answer(asked, Error{Errc::no_such_node, "node " + std::to_string(call.to.value()) + " is not a member"});
  asked.path = path_key(lockspace->name, call.resource);
  ask(std::move(asked), make_key({lockspace->name, call.resource}));
}

void Moves::ask(Asked asked, std::string_view key) {
  const wire::MoveAsk question{.epoch = core_.view.epoch, .number = ++asked_so_far_, .to = asked.to, .key = key};
  asked_[question.number] = std::move(asked);
  post_.send(core_.home(slot_of(key)), question);
}

// A sub-lock is looked for only where no plain name has these bytes.
void Moves::on(const wire::MoveAnswer& message) {
  auto found = asked_.extract(message.number);
  if (found.empty()) return;
  Asked& asked = found.mapped();
  if (message.status == Errc::no_such_resource && !asked.path.empty() && asked.root.empty()) {
    const std::string path = asked.path;
    asked.root = escaped(names_of(*split_key(path)).front());
    return ask(std::move(asked), path);
  }
  if (message.status == Errc::not_movable && !asked.root.empty())
    return answer(asked, Error{message.status, "a sub-lock has the master of its root: move \"" + asked.root +
                                                   "\", and all that is below it goes along"});
  answer(asked, Error{message.status});
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
