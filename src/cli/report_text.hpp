// SPDX-License-Identifier: Apache-2.0
// Reports as JSON and as words, the same for every verb. Names, values, commands and labels may
// hold any bytes, so they are escaped here in both.
#pragma once

#include "holdfast/report.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace holdfast::cli {

// Why a report may lack rows.
inline constexpr std::string_view incomplete_text =
    "not all is known: what a lost node was master of is being recovered, or a node did not answer in time "
    "(holdfast status tells what is waited for)";

// May the programs of the node believe in their locks? Not before enough others have agreed that it is there.
[[nodiscard]] bool is_valid(const NodeInfo& node);
[[nodiscard]] std::string_view name_of(ValueState state);
// The bytes of "above::name": what patterns are compared with.
[[nodiscard]] std::string path_of(const ResourceInfo& resource);
// The same for people.
[[nodiscard]] std::string path_text(const ResourceInfo& resource);
// The same behind its lockspace, unless that is the usual one: "lockspace:above::name".
[[nodiscard]] std::string name_text(const ResourceInfo& resource);
// "n2"; "-" for none.
[[nodiscard]] std::string node_text(NodeId node);
// Held or wanted: "EX", "PR->EX" while it converts.
[[nodiscard]] std::string mode_text(const LockInfo& lock);
// The value for people: escaped, or "-" if it was never written, with "(doubtful)" if it is.
[[nodiscard]] std::string value_text(const ResourceInfo& resource);
// "1=127.0.0.1:7001@12": what `view set --member` takes.
[[nodiscard]] std::string member_text(const Member& member);

[[nodiscard]] nlohmann::ordered_json to_json(const OwnerInfo& owner);
[[nodiscard]] nlohmann::ordered_json to_json(const LockInfo& lock);
[[nodiscard]] nlohmann::ordered_json to_json(const ResourceInfo& resource);
[[nodiscard]] nlohmann::ordered_json to_json(const View& view);
[[nodiscard]] nlohmann::ordered_json to_json(const NodeInfo& node);
[[nodiscard]] nlohmann::ordered_json to_json(const LockspaceInfo& info);

}  // namespace holdfast::cli
