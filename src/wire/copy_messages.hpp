// SPDX-License-Identifier: Apache-2.0
// The second copy of a value: before a master answers a write, another node knows what was written
// (docs/architecture.md, "The life of a node's death").
#pragma once

#include <cstdint>
#include <string_view>

#include "model/ids.hpp"
#include "model/value.hpp"
#include "wire/codec.hpp"
#include "wire/peer_message.hpp"

namespace holdfast::wire {

// From a master to the node that keeps the copy: such is the value now. It replaces what was said under this
// mastership, or an earlier one. `state` never_written: there is no value any more, forget it.
struct ValueCopy {
  static constexpr auto type = PeerMessage::value_copy;
  static constexpr std::string_view name = "ValueCopy";
  Epoch epoch;
  Mastership mastership;
  ResourceId resource;        // at the master; none: no answer is wanted
  std::uint64_t version = 0;  // 1, 2, 3, ... per resource
  ValueState state = ValueState::never_written;
  std::uint64_t write_number = 0;
  // Who holds PW or EX, and may write next; none: nobody. If that life is lost with the master, the value is in doubt.
  NodeId writer;
  Incarnation writer_incarnation;
  std::string_view key;
  std::string_view value;
  static constexpr std::tuple fields{field("epoch", &ValueCopy::epoch),
                                     field("mastership", &ValueCopy::mastership),
                                     field("resource", &ValueCopy::resource),
                                     field("version", &ValueCopy::version),
                                     field("state", &ValueCopy::state),
                                     field("write_number", &ValueCopy::write_number),
                                     field("writer", &ValueCopy::writer),
                                     field("writer_incarnation", &ValueCopy::writer_incarnation),
                                     field("key", &ValueCopy::key),
                                     field("value", &ValueCopy::value)};
};

// I know it, and shall as long as both of us are members and I am in charge of the copy.
struct ValueCopied {
  static constexpr auto type = PeerMessage::value_copied;
  static constexpr std::string_view name = "ValueCopied";
  Mastership mastership;
  ResourceId resource;
  std::uint64_t version = 0;
  static constexpr std::tuple fields{field("mastership", &ValueCopied::mastership),
                                     field("resource", &ValueCopied::resource),
                                     field("version", &ValueCopied::version)};
};

}  // namespace holdfast::wire
