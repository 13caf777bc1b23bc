// SPDX-License-Identifier: Apache-2.0
// From messages to the plain structs of the public face.
#pragma once

#include <string>
#include <vector>

#include "holdfast/client.hpp"
#include "wire/client_messages.hpp"

namespace holdfast::client {

[[nodiscard]] OwnerInfo to_owner(const wire::OwnerReport& report);
[[nodiscard]] Grant to_grant(const wire::Granted& message);
[[nodiscard]] std::vector<Blocker> to_blockers(const std::vector<wire::BlockerRow>& rows);
// Names the blockers in its text, if the daemon said nothing better.
[[nodiscard]] Refusal to_refusal(const wire::Refused& message);
[[nodiscard]] ResourceInfo to_resource(const wire::ResourceRow& message);
[[nodiscard]] LockInfo to_lock(const wire::LockRow& message);
[[nodiscard]] LockspaceInfo to_lockspace(const wire::LockspaceRow& message);
[[nodiscard]] HistoryEvent to_event(const wire::HistoryRow& message);
[[nodiscard]] DeadlockInfo to_deadlock(const wire::DeadlockRow& message);
[[nodiscard]] NodeInfo to_node(const wire::NodeStatus& message);

}  // namespace holdfast::client
