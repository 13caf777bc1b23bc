// SPDX-License-Identifier: Apache-2.0
// Names are arbitrary bytes. A resource is known by its key: the name of its lockspace and its own name in
// one string, so that one look-up and one hash serve both.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/ids.hpp"

namespace holdfast {

inline constexpr std::string_view default_lockspace = "default";

// Key = one byte with the length of the lockspace's name, that name, the resource's name.
struct KeyParts {
  std::string_view lockspace;
  std::string_view name;
};
[[nodiscard]] Result<void> check_lockspace_name(std::string_view lockspace);
[[nodiscard]] Result<void> check_name(std::string_view name);
// REQUIRES: both were checked. Appends to `out`, so that a caller can reuse its buffer.
void append_key(std::string& out, const KeyParts& parts);
[[nodiscard]] std::string make_key(const KeyParts& parts);
// Nothing if these bytes are no key. The views point into `key`.
[[nodiscard]] std::optional<KeyParts> split_key(std::string_view key);
// Is `key` what make_key() gives for these parts?
[[nodiscard]] inline bool is_key_of(std::string_view key, const KeyParts& parts) {
  return key.size() == 1 + parts.lockspace.size() + parts.name.size() &&
         static_cast<unsigned char>(key.front()) == parts.lockspace.size() && key.ends_with(parts.name) &&
         key.substr(1).starts_with(parts.lockspace);
}
// The slot of the directory that knows this resource's master.
[[nodiscard]] Slot slot_of(std::string_view key);

// For people: printable ASCII stays as it is, a backslash becomes "\\", every other byte "\xNN".
[[nodiscard]] std::string escaped(std::string_view bytes);
// Back again; nothing if a backslash is followed by something else than a backslash or xNN.
[[nodiscard]] std::optional<std::string> unescaped(std::string_view text);
// Shell pattern with * and ? over all bytes. Linear: no pattern can make it slow.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view name);

}  // namespace holdfast
