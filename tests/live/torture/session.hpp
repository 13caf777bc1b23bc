// SPDX-License-Identifier: Apache-2.0
// Session: one session of the public client whose every call and event is in the log. A line stands before its call
// is made and behind its answer was heard; that is all that makes a history sound.
#pragma once

#include "holdfast/client.hpp"
#include "log.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace torture {

// What callbacks know of a lock; they may come when its owner has forgotten it.
struct Fate {
  std::uint64_t id = 0;
  bool wanted = false;  // somebody waits for it
};

// A lock that is held, or was: lock.held() tells.
struct Held {
  std::string name;
  holdfast::Lock lock;
  std::shared_ptr<Fate> fate;
  [[nodiscard]] std::uint64_t id() const { return fate->id; }
};

struct Wish {
  std::string name;
  holdfast::Mode mode = holdfast::Mode::NL;
  holdfast::FlagSet flags{};
  std::chrono::nanoseconds wait_max = holdfast::for_ever;
  bool read = false;
};

struct Change {
  holdfast::Mode mode = holdfast::Mode::NL;
  holdfast::FlagSet flags{};
  std::chrono::nanoseconds wait_max = holdfast::for_ever;
  bool read = false;
  bool write = false;
  bool at_once = false;
};

enum class Answer : std::uint8_t { wanted, unwanted };

class Session {
 public:
  // Null if there is no daemon to be reached now.
  static std::unique_ptr<Session> open(Log& log, const std::string& name, const std::string& socket);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool over() const { return client_.ended() != nullptr; }
  // Null if it was not granted.
  std::unique_ptr<Held> lock(const Wish& wish);
  bool convert(Held& held, const Change& change);
  void release(std::unique_ptr<Held> held, bool write, Answer answer);
  // Reads what came, for a while, and looks at the deadline.
  void poll(std::chrono::nanoseconds time);
  void look_at_deadline();
  // The last line of this session: by us, or by what ended it.
  void say_end();

 private:
  Session(Log& log, std::string name, holdfast::Client client)
      : log_(log), name_(std::move(name)), client_(std::move(client)) {}
  void say(const std::string& rest);
  void say_answer(std::uint64_t op, const holdfast::Error& error);
  void say_grant(std::uint64_t op, std::uint64_t lock, const holdfast::Grant& grant, bool read);
  [[nodiscard]] std::string written(bool write, std::string& value);

  Log& log_;
  std::string name_;
  holdfast::Client client_;
  std::uint64_t ops_ = 0;
  std::int64_t deadline_ = 0;  // as it was told last
  bool ended_ = false;
};

}  // namespace torture
