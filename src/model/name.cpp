// SPDX-License-Identifier: Apache-2.0
#include "model/name.hpp"

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
  HF_ASSERT(parts.name.size() <= limits::name_bytes_max);
  out.push_back(static_cast<char>(parts.lockspace.size()));
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
  const auto lockspace_bytes = static_cast<std::size_t>(static_cast<unsigned char>(key.front()));
  if (lockspace_bytes == 0 || lockspace_bytes > limits::lockspace_name_bytes_max ||
      key.size() < 1 + lockspace_bytes || key.size() > 1 + lockspace_bytes + limits::name_bytes_max)
    return std::nullopt;
  return KeyParts{.lockspace = key.substr(1, lockspace_bytes), .name = key.substr(1 + lockspace_bytes)};
}

Slot slot_of(std::string_view key) {
  return Slot{static_cast<std::uint32_t>(hash_bytes(key) % limits::slots)};
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

}  // namespace holdfast
