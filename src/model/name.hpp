// SPDX-License-Identifier: Apache-2.0
// Names are arbitrary bytes. A resource is known by its key: the name of its lockspace and its own name in
// one string, so that one look-up and one hash serve both. The resource of a sub-lock is known by its path,
// the names from the root of its tree down to its own: "17" below "orders" is another one than "17" below
// "bills".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/ids.hpp"

namespace holdfast {

inline constexpr std::string_view default_lockspace = "default";

enum class NameForm : std::uint8_t {
  plain,
  path,  // the bytes are two or more names, each behind one byte with its length
};

// Key = one byte with the length of the lockspace's name (and, of a path, the highest bit set), that name,
// the resource's name.
struct KeyParts {
  std::string_view lockspace;
  std::string_view name;
  NameForm form = NameForm::plain;
};
[[nodiscard]] inline char key_start(const KeyParts& parts) {
  return static_cast<char>(parts.lockspace.size() | (parts.form == NameForm::path ? 0x80U : 0U));
}
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
         key.front() == key_start(parts) && key.ends_with(parts.name) &&
         key.substr(1).starts_with(parts.lockspace);
}
// The bytes of the path of `name` below `parent`. Errors: name_too_long.
[[nodiscard]] Result<std::string> path_below(const KeyParts& parent, std::string_view name);
// The names from the root down; one if it is plain. They point into `parts`.
[[nodiscard]] std::vector<std::string_view> names_of(const KeyParts& parts);
// For patterns and people: the names, with "::" between them.
[[nodiscard]] std::string joined(const KeyParts& parts);
// Is it that of a sub-lock's resource?
[[nodiscard]] inline bool is_path_key(std::string_view key) {
  return !key.empty() && (static_cast<unsigned char>(key.front()) & 0x80U) != 0;
}
// The key of the root of its tree; its own if it is plain.
[[nodiscard]] std::string root_key_of(std::string_view key);
// What the keys of all sub-locks below this root begin with, and no others. REQUIRES: the key of a plain name.
[[nodiscard]] std::string path_prefix_of(std::string_view root_key);
// The slot of the directory that knows this resource's master: the same for all of a tree.
[[nodiscard]] Slot slot_of(std::string_view key);

// For people: printable ASCII stays as it is, a backslash becomes "\\", every other byte "\xNN".
[[nodiscard]] std::string escaped(std::string_view bytes);
// Back again; nothing if a backslash is followed by something else than a backslash or xNN.
[[nodiscard]] std::optional<std::string> unescaped(std::string_view text);
// Shell pattern with * and ? over all bytes. Linear: no pattern can make it slow.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view name);
// The same for the name of a resource: of a path, joined().
[[nodiscard]] bool matches(std::string_view pattern, const KeyParts& parts);

}  // namespace holdfast
