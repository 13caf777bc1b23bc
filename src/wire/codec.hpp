// SPDX-License-Identifier: Apache-2.0
// The one codec. A message is a struct with a list of fields; encoding, decoding, printing, comparing and
// fuzzing all walk that list, and nobody writes an encoder by hand (R4).
//
// Bytes: little-endian fixed-width numbers; strings and lists have a 16-bit count in front. A message may
// end early at a field that its struct marks as newer (`required_fields`): that field keeps its default.
// Bytes behind the last known field are ignored. So a release may add fields at the end of a message. A
// part that stands inside of messages has no end of its own and never changes.
//
// A decoded std::string_view points into the bytes that were decoded and lives as long as they do.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/instant.hpp"
#include "model/flags.hpp"
#include "model/mode.hpp"
#include "model/token.hpp"
#include "wire/buffer.hpp"
#include "wire/vintage.hpp"

namespace holdfast::wire {

template <class Message, class T>
struct Field {
  std::string_view name;
  T Message::*member;
};
template <class Message, class T>
consteval Field<Message, T> field(std::string_view name, T Message::*member) {
  return {name, member};
}

template <class T>
concept Described = requires { T::fields; };

// The last enumerator of an enum that may travel; a larger number is refused. An enum without a line of
// its own does not compile as a field. Errc has none: it is sparse and its readers cope with any number.
struct NoLastEnumerator {};
template <class Enum>
inline constexpr NoLastEnumerator last_enumerator{};
template <>
inline constexpr Mode last_enumerator<Mode> = Mode::EX;

// How many fields a message must have; the others are newer and may be missing.
template <Described M>
consteval std::size_t required_fields() {
  if constexpr (requires { M::required; })
    return M::required;
  else
    return std::tuple_size_v<std::remove_cvref_t<decltype(M::fields)>>;
}

// ---- sizes ------------------------------------------------------------------------------------------

template <class T>
inline constexpr bool is_id = false;
template <class Tag, class Rep>
inline constexpr bool is_id<Id<Tag, Rep>> = true;
template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::vector<T>> = true;
template <class T>
concept Text = std::same_as<T, std::string_view> || std::same_as<T, std::string>;
template <class T>
concept Number = std::integral<T> || std::is_enum_v<T> || is_id<T> || std::same_as<T, FlagSet> ||
                 std::same_as<T, Duration>;

template <Number T>
constexpr auto to_number(const T& value) {
  if constexpr (is_id<T>)
    return value.value();
  else if constexpr (std::same_as<T, FlagSet>)
    return value.bits();
  else if constexpr (std::same_as<T, Duration>)
    return static_cast<std::int64_t>(value.count());
  else if constexpr (std::is_enum_v<T>)
    return static_cast<std::underlying_type_t<T>>(value);
  else if constexpr (std::same_as<T, bool>)
    return static_cast<std::uint8_t>(value);  // any byte may come back, and not every byte is a bool
  else
    return value;
}

template <class T>
std::size_t encoded_size(const T& value) {
  if constexpr (Number<T>) {
    return sizeof(to_number(value));
  } else if constexpr (std::same_as<T, Token>) {
    return 16;
  } else if constexpr (Text<T>) {
    return 2 + value.size();
  } else if constexpr (is_list<T>) {
    std::size_t sum = 2;
    for (const auto& element : value) sum += encoded_size(element);
    return sum;
  } else {
    static_assert(Described<T>, "a field of a message is a number, a token, a text, a list or described itself");
    return std::apply([&](const auto&... f) { return (encoded_size(value.*(f.member)) + ... + 0); }, T::fields);
  }
}

// ---- encoding ---------------------------------------------------------------------------------------

template <class T>
std::byte* put(std::byte* at, const T& value) {
  if constexpr (Number<T>) {
    const auto number = to_number(value);
    std::memcpy(at, &number, sizeof number);
    return at + sizeof number;
  } else if constexpr (std::same_as<T, Token>) {
    return put(put(at, value.epoch), value.counter);
  } else if constexpr (Text<T>) {
    HF_ASSERT(value.size() <= UINT16_MAX);
    at = put(at, static_cast<std::uint16_t>(value.size()));
    if (!value.empty()) std::memcpy(at, value.data(), value.size());
    return at + value.size();
  } else if constexpr (is_list<T>) {
    HF_ASSERT(value.size() <= UINT16_MAX);
    at = put(at, static_cast<std::uint16_t>(value.size()));
    for (const auto& element : value) at = put(at, element);
    return at;
  } else {
    std::apply([&](const auto&... f) { ((at = put(at, value.*(f.member))), ...); }, T::fields);
    return at;
  }
}
static_assert(std::endian::native == std::endian::little, "numbers are copied as they are");

// ---- decoding ---------------------------------------------------------------------------------------

// Reads from bytes that nobody vouches for. After the first failure everything fails; what() says what was
// wrong, field() where (both empty before).
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : left_(bytes) {}

  [[nodiscard]] bool at_end() const { return left_.empty(); }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::string_view what() const { return what_; }
  // The innermost field; empty if the failure was not in a field.
  [[nodiscard]] std::string_view field() const { return field_; }

  bool fail(std::string_view what) {
    if (!failed_) what_ = what;
    failed_ = true;
    left_ = {};
    return false;
  }
  template <class T>
  bool take(T& value) {
    if constexpr (Number<T>) {
      return take_number(value);
    } else if constexpr (std::same_as<T, Token>) {
      return take(value.epoch) && take(value.counter);
    } else if constexpr (Text<T>) {
      return take_text(value);
    } else if constexpr (is_list<T>) {
      return take_list(value);
    } else {
      return take_fields(value);
    }
  }

 private:
  template <class T>
  bool take_number(T& value) {
    decltype(to_number(value)) number{};
    if (left_.size() < sizeof number) return fail("it ends too early");
    std::memcpy(&number, left_.data(), sizeof number);
    left_ = left_.subspan(sizeof number);
    if constexpr (std::is_enum_v<T> && !std::same_as<T, Errc>)
      if (number > static_cast<std::underlying_type_t<T>>(last_enumerator<T>)) return fail("unknown enumerator");
    if constexpr (std::same_as<T, FlagSet>)
      value = FlagSet::from_bits(number);
    else if constexpr (std::same_as<T, bool>)
      value = number != 0;
    else
      value = static_cast<T>(number);
    return true;
  }
  template <Text T>
  bool take_text(T& value) {
    std::uint16_t count = 0;
    if (!take_number(count)) return false;
    if (left_.size() < count) return fail("a text is longer than the message");
    const auto* bytes = reinterpret_cast<const char*>(left_.data());
    if constexpr (std::same_as<T, std::string>)
      value.assign(bytes, count);
    else
      value = T(bytes, count);
    left_ = left_.subspan(count);
    return true;
  }
  template <class Element>
  bool take_list(std::vector<Element>& value) {
    std::uint16_t count = 0;
    if (!take_number(count)) return false;
    value.clear();
    for (std::uint16_t i = 0; i < count; ++i) {
      // An element has at least one byte, so a lying count cannot cost more memory than the message.
      if (left_.empty()) return fail("a list is longer than the message");
      if (!take(value.emplace_back())) return false;
    }
    return true;
  }
  template <Described M>
  bool take_fields(M& message) {
    static_assert(required_fields<M>() == std::tuple_size_v<std::remove_cvref_t<decltype(M::fields)>> ||
                      requires { M::type; },
                  "only a message can end early: inside of one, nobody knows where a part ends");
    std::size_t index = 0;
    const auto take_one = [&](const auto& f) {
      if (index++ >= required_fields<M>() && (left_.empty() || spoken_vintage == Vintage::previous)) return true;
      if (take(message.*(f.member))) return true;
      if (field_.empty()) field_ = f.name;
      return false;
    };
    return std::apply([&](const auto&... f) { return (take_one(f) && ...); }, M::fields);
  }

  std::span<const std::byte> left_;
  std::string_view what_;
  std::string_view field_;
  bool failed_ = false;
};

template <Described M>
[[nodiscard]] bool decode(std::span<const std::byte> body, M& message) {
  return Reader(body).take(message);
}

// A protocol: the messages that may stand in one direction of a stream.
template <class... Messages>
struct MessageList {};

enum class Dispatch : std::uint8_t { done, unknown_type, malformed };

// Decodes the message of this type and hands it to visit(const M&). `what` says what was wrong.
template <class Visit, class... Messages>
Dispatch dispatch(MessageList<Messages...>, std::uint16_t type, std::span<const std::byte> body, Visit&& visit,
                  std::string_view& what) {
  Dispatch result = Dispatch::unknown_type;
  what = "unknown message type";
  const auto try_one = [&]<class M>(std::type_identity<M>) {
    if (static_cast<std::uint16_t>(M::type) != type) return false;
    M message;
    Reader reader(body);
    if (reader.take(message)) {
      visit(static_cast<const M&>(message));
      result = Dispatch::done;
    } else {
      what = reader.what();
      result = Dispatch::malformed;
    }
    return true;
  };
  (void)(try_one(std::type_identity<Messages>{}) || ...);
  return result;
}

// Why dispatch() did not understand this message, for the answer and the log: "Lock: mode: unknown
// enumerator". Decodes once more: failing is not the hot path.
template <class... Messages>
std::string explain(MessageList<Messages...>, std::uint16_t type, std::span<const std::byte> body) {
  std::string text = "unknown message type " + std::to_string(type);
  const auto try_one = [&]<class M>(std::type_identity<M>) {
    if (static_cast<std::uint16_t>(M::type) != type) return false;
    M message;
    Reader reader(body);
    text = M::name;
    if (reader.take(message)) return true;
    if (!reader.field().empty()) text.append(": ").append(reader.field());
    text.append(": ").append(reader.what());
    return true;
  };
  (void)(try_one(std::type_identity<Messages>{}) || ...);
  return text;
}

// The name of a message type in this protocol; empty if there is none.
template <class... Messages>
std::string_view message_name(MessageList<Messages...>, std::uint16_t type) {
  std::string_view name;
  (void)((static_cast<std::uint16_t>(Messages::type) == type && (name = Messages::name, true)) || ...);
  return name;
}

}  // namespace holdfast::wire
