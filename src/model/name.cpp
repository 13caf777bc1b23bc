// SPDX-License-Identifier: Apache-2.0
#include "model/name.hpp"

#include <algorithm>

#include "base/hash.hpp"
#include "base/limits.hpp"

namespace holdfast {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

std::optional<unsigned> hex_value(char c) {
  const std::size_t at = hex_digits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<unsigned>(at);
}

// The first name of a path, which is then shorter. What is cut off is empty.
std::string_view take_name(std::string_view& path) {
  const auto bytes = static_cast<std::size_t>(static_cast<unsigned char>(path.front()));
  const std::string_view name = path.substr(1, bytes);
  path.remove_prefix(std::min(path.size(), 1 + bytes));
  return name;
}

bool is_path(std::string_view bytes) {
  if (bytes.size() > limits::path_bytes_max) return false;
  int names = 0;
  for (; !bytes.empty(); ++names) {
    const auto length = static_cast<std::size_t>(static_cast<unsigned char>(bytes.front()));
    if (bytes.size() < 1 + length) return false;
    bytes.remove_prefix(1 + length);
  }
  return names >= 2;
}

}  // namespace

Result<void> check_lockspace_name(std::string_view lockspace) {
  if (lockspace.empty()) return Error{Errc::bad_name, "the name of a lockspace has at least 1 byte"};
  if (lockspace.size() > limits::lockspace_name_bytes_max)
    return Error{Errc::name_too_long, "the name of the lockspace has " + std::to_string(lockspace.size()) +
                                          " bytes, at most " +
                                          std::to_string(limits::lockspace_name_bytes_max) + " are allowed"};
  return {};
}

Result<void> check_name(std::string_view name) {
  if (name.size() > limits::name_bytes_max)
    return Error{Errc::name_too_long, "the name has " + std::to_string(name.size()) + " bytes, at most " +
                                          std::to_string(limits::name_bytes_max) + " are allowed"};
  return {};
}

void append_key(std::string& out, const KeyParts& parts) {
  HF_ASSERT(parts.lockspace.size() <= limits::lockspace_name_bytes_max);
  HF_ASSERT(parts.name.size() <= (parts.form == NameForm::path ? limits::path_bytes_max : limits::name_bytes_max));
  out.push_back(key_start(parts));
  out.append(parts.lockspace);
  out.append(parts.name);
}

std::string make_key(const KeyParts& parts) {
  std::string key;
  append_key(key, parts);
  return key;
}

std::optional<KeyParts> split_key(std::string_view key) {
  if (key.empty()) return std::nullopt;
  const auto start = static_cast<unsigned char>(key.front());
  const NameForm form = (start & 0x80U) != 0 ? NameForm::path : NameForm::plain;
  const std::size_t lockspace_bytes = start & 0x7fU;
  if (lockspace_bytes == 0 || lockspace_bytes > limits::lockspace_name_bytes_max || key.size() < 1 + lockspace_bytes)
    return std::nullopt;
  const KeyParts parts{.lockspace = key.substr(1, lockspace_bytes), .name = key.substr(1 + lockspace_bytes), .form = form};
  const bool sound = form == NameForm::plain ? parts.name.size() <= limits::name_bytes_max : is_path(parts.name);
  return sound ? std::optional(parts) : std::nullopt;
}

Result<std::string> path_below(const KeyParts& parent, std::string_view name) {
  if (Result<void> fine = check_name(name); !fine) return fine.error();
  std::string path;
  if (parent.form == NameForm::plain) path.push_back(static_cast<char>(parent.name.size()));
  path.append(parent.name);
  path.push_back(static_cast<char>(name.size()));
  path.append(name);
  if (path.size() > limits::path_bytes_max)
    return Error{Errc::name_too_long, "the name and all names above it have " + std::to_string(path.size()) +
                                          " bytes, at most " + std::to_string(limits::path_bytes_max) + " are allowed"};
  return path;
}

std::vector<std::string_view> names_of(const KeyParts& parts) {
  if (parts.form == NameForm::plain) return {parts.name};
  std::vector<std::string_view> names;
  for (std::string_view left = parts.name; !left.empty();) names.push_back(take_name(left));
  return names;
}

std::string joined(const KeyParts& parts) {
  std::string text;
  for (const std::string_view name : names_of(parts)) {
    if (!text.empty()) text += "::";
    text += name;
  }
  return text;
}

std::string root_key_of(std::string_view key) {
  const std::optional<KeyParts> parts = split_key(key);
  if (!parts || parts->form == NameForm::plain) return std::string(key);
  std::string_view left = parts->name;
  return make_key({.lockspace = parts->lockspace, .name = take_name(left)});
}

std::string path_prefix_of(std::string_view root_key) {
  const std::optional<KeyParts> parts = split_key(root_key);
  HF_ASSERT(parts && parts->form == NameForm::plain);
  std::string prefix(1, key_start({.lockspace = parts->lockspace, .name = {}, .form = NameForm::path}));
  prefix.append(parts->lockspace);
  prefix.push_back(static_cast<char>(parts->name.size()));
  prefix.append(parts->name);
  return prefix;
}

Slot slot_of(std::string_view key) {
  const auto slot = [](std::string_view root) { return Slot{static_cast<std::uint32_t>(hash_bytes(root) % limits::slots)}; };
  return is_path_key(key) ? slot(root_key_of(key)) : slot(key);
}

std::string escaped(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\') {
      text += "\\\\";
    } else if (byte >= 0x20 && byte < 0x7f) {
      text += c;
    } else {
      text += "\\x";
      text += hex_digits[byte >> 4];
      text += hex_digits[byte & 15];
    }
  }
  return text;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '\\') {
      bytes += '\\';
      i += 1;
    } else if (i + 3 < text.size() && text[i + 1] == 'x' && hex_value(text[i + 2]) && hex_value(text[i + 3])) {
      bytes += static_cast<char>(*hex_value(text[i + 2]) * 16 + *hex_value(text[i + 3]));
      i += 3;
    } else {
      return std::nullopt;
    }
  }
  return bytes;
}

bool matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool matches(std::string_view pattern, const KeyParts& parts) {
  return parts.form == NameForm::plain ? matches(pattern, parts.name) : matches(pattern, joined(parts));
}

}  // namespace holdfast
