// SPDX-License-Identifier: Apache-2.0
// Tables of messages, of the parts and enums they use, drawn from their field lists. C++ has no names for
// types at run time, so parts and enums are named here; one that is missing does not compile.
#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "wire/client_messages.hpp"
#include "wire/group_messages.hpp"
#include "wire/peer_messages.hpp"

namespace holdfast::protocol_doc {

// ---- names of parts -------------------------------------------------------------------------------------

template <class T>
inline constexpr std::string_view part_name = [] {
  if constexpr (requires { T::name; }) return T::name;
}();
template <>
inline constexpr std::string_view part_name<wire::GrantNotes> = "GrantNotes";
template <>
inline constexpr std::string_view part_name<wire::BlockerRow> = "BlockerRow";
template <>
inline constexpr std::string_view part_name<wire::WireMember> = "WireMember";
template <>
inline constexpr std::string_view part_name<wire::WireView> = "WireView";
template <>
inline constexpr std::string_view part_name<wire::GroupConfiguration> = "GroupConfiguration";
template <>
inline constexpr std::string_view part_name<wire::GroupView> = "GroupView";
template <>
inline constexpr std::string_view part_name<wire::ResourceReport> = "ResourceReport";
template <>
inline constexpr std::string_view part_name<wire::LockReport> = "LockReport";
template <>
inline constexpr std::string_view part_name<wire::OwnerReport> = "OwnerReport";
template <>
inline constexpr std::string_view part_name<wire::HistoryReport> = "HistoryReport";
template <>
inline constexpr std::string_view part_name<wire::DeadlockMember> = "DeadlockMember";
template <>
inline constexpr std::string_view part_name<wire::DeadlockReport> = "DeadlockReport";
template <>
inline constexpr std::string_view part_name<wire::WaitPlace> = "WaitPlace";
template <>
inline constexpr std::string_view part_name<wire::EdgeRow> = "EdgeRow";
template <>
inline constexpr std::string_view part_name<wire::PartyRow> = "PartyRow";
template <>
inline constexpr std::string_view part_name<wire::WaitRow> = "WaitRow";
template <>
inline constexpr std::string_view part_name<wire::LostLease> = "LostLease";

// ---- names of enums -------------------------------------------------------------------------------------

template <class T>
inline constexpr std::string_view enum_name = T::has_no_name_here;
template <>
inline constexpr std::string_view enum_name<Mode> = "mode";
template <>
inline constexpr std::string_view enum_name<Errc> = "error";
template <>
inline constexpr std::string_view enum_name<ValueState> = "value state";
template <>
inline constexpr std::string_view enum_name<SessionLife> = "session life";
template <>
inline constexpr std::string_view enum_name<NodePhase> = "node phase";
template <>
inline constexpr std::string_view enum_name<wire::Witness> = "witness";
template <>
inline constexpr std::string_view enum_name<LockStanding> = "standing";
template <>
inline constexpr std::string_view enum_name<Happening> = "happening";
template <>
inline constexpr std::string_view enum_name<wire::Reply> = "reply";
template <>
inline constexpr std::string_view enum_name<wire::Notices> = "notices";
template <>
inline constexpr std::string_view enum_name<wire::OperationKind> = "operation kind";
template <>
inline constexpr std::string_view enum_name<wire::Answer> = "answer";
template <>
inline constexpr std::string_view enum_name<wire::Evidence> = "evidence";

template <>
inline constexpr std::string_view enum_name<LockspaceUse> = "lockspace use";
template <>
inline constexpr std::string_view enum_name<LeaveHow> = "leave how";
template <>
inline constexpr std::string_view enum_name<wire::Membership> = "membership";
template <>
inline constexpr std::string_view enum_name<wire::LeaveStage> = "leave stage";
template <>
inline constexpr std::string_view enum_name<wire::Knows> = "knows";
template <>
inline constexpr std::string_view enum_name<EvictOutcome> = "evict outcome";

// Enumerators of enums that have no name_of().
template <class T>
inline constexpr std::string_view enumerators = T::has_no_enumerators_here;
template <>
inline constexpr std::string_view enumerators<Errc> = "see below";
template <>
inline constexpr std::string_view enumerators<ValueState> = "never_written, valid, doubtful";
template <>
inline constexpr std::string_view enumerators<SessionLife> = "process, socket";
template <>
inline constexpr std::string_view enumerators<wire::Reply> = "when_applied, at_once";
template <>
inline constexpr std::string_view enumerators<wire::Notices> = "unwanted, wanted";
template <>
inline constexpr std::string_view enumerators<wire::OperationKind> = "request, convert, unlock, cancel";
template <>
inline constexpr std::string_view enumerators<wire::Answer> = "wanted, unwanted";
template <>
inline constexpr std::string_view enumerators<wire::Evidence> = "copy, current";
template <>
inline constexpr std::string_view enumerators<wire::Witness> = "holder, keeper, writer";

template <>
inline constexpr std::string_view enumerators<LockspaceUse> = "any, existing, join, join_new";
template <>
inline constexpr std::string_view enumerators<LeaveHow> = "if_unused, force";
template <>
inline constexpr std::string_view enumerators<wire::Membership> = "left, joined";
template <>
inline constexpr std::string_view enumerators<wire::LeaveStage> = "begun, done";
template <>
inline constexpr std::string_view enumerators<wire::Knows> = "what_was_first, evictions";

template <class T>
std::string enumerators_of() {
  if constexpr (!std::same_as<T, Errc> && requires(T value) { name_of(value); }) {
    std::string out;
    for (int number = 0; number <= static_cast<int>(wire::last_enumerator<T>); ++number)
      out.append(number == 0 ? "" : ", ").append(name_of(static_cast<T>(number)));
    return out;
  } else {
    return std::string(enumerators<T>);
  }
}

class Tables {
 public:
  template <class... Messages>
  std::string messages(wire::MessageList<Messages...>) {
    std::map<unsigned, std::string> by_type;  // as people look for them
    ((by_type[static_cast<unsigned>(Messages::type)] = message<Messages>()), ...);
    std::string out = "| type | message | fields |\n|---|---|---|\n";
    for (const auto& [type, row] : by_type) out += row;
    return out;
  }
  // What the messages so far have used.
  [[nodiscard]] std::string parts() const {
    std::string out = "| part | fields |\n|---|---|\n";
    for (const auto& [name, fields] : parts_) out += fmt::format("| {} | {} |\n", name, fields);
    return out;
  }
  [[nodiscard]] std::string enums() const {
    std::string out = "| enum | numbers from 0 |\n|---|---|\n";
    for (const auto& [name, numbers] : enums_) out += fmt::format("| {} | {} |\n", name, numbers);
    return out;
  }

 private:
  template <class M>
  std::string message() {
    return fmt::format("| {} | {} | {} |\n", static_cast<unsigned>(M::type), M::name, fields<M>());
  }

  template <class M>
  std::string fields() {
    std::string out;
    std::size_t index = 0;
    const auto add = [&]<class T>(const wire::Field<M, T>& f) {
      const bool optional = index++ >= wire::required_fields<M>();
      out += fmt::format("{}`{}` {}{}", out.empty() ? "" : ", ", f.name, kind<T>(), optional ? " (optional)" : "");
    };
    std::apply([&](const auto&... f) { (add(f), ...); }, M::fields);
    return out;
  }

  template <class T>
  std::string kind() {
    if constexpr (std::is_enum_v<T>) {
      enums_[std::string(enum_name<T>)] = enumerators_of<T>();
      return std::string(enum_name<T>);
    } else if constexpr (wire::is_id<T>) {
      return fmt::format("id{}", 8 * sizeof(typename T::rep));
    } else if constexpr (std::same_as<T, FlagSet>) {
      return "flags";
    } else if constexpr (std::same_as<T, Duration>) {
      return "duration";
    } else if constexpr (std::same_as<T, Token>) {
      return "token";
    } else if constexpr (std::integral<T>) {
      return fmt::format("{}{}", std::is_signed_v<T> ? 'i' : 'u', 8 * sizeof(T));
    } else if constexpr (wire::Text<T>) {
      return "text";
    } else if constexpr (wire::is_list<T>) {
      return "list of " + kind<typename T::value_type>();
    } else {
      // A message inside of a message has its own table already.
      if constexpr (!requires { T::type; }) parts_[std::string(part_name<T>)] = fields<T>();
      return std::string(part_name<T>);
    }
  }

  std::map<std::string, std::string> parts_;
  std::map<std::string, std::string> enums_;
};

}  // namespace holdfast::protocol_doc
