// SPDX-License-Identifier: Apache-2.0
// Judge: looks at what programs do and are told, and finds what must not be (invariants I3, I4,
// I8). I1 is in beliefs.hpp, since it is about moments; I5 is in campaigns/play.cpp, since it is
// about the end.
#pragma once

#include "model/mode.hpp"
#include "model/token.hpp"
#include "wire/client_messages.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::sim {

// One request as it was made.
struct Question {
  std::string key;
  Mode mode = Mode::NL;
  bool conversion = false;
  Mode mode_before = Mode::NL;
  Token token_before;
  bool at_once = false;  // answered before the master knows: its write is complete some time later
  std::uint64_t write = 0;  // number of the write that it makes; 0: none
  std::uint64_t floor =
      0;  // number of the latest write on this key that was complete when it was made
  bool quiet = false;  // nobody else had or wanted anything there since it was made
};

class Judge {
 public:
  // A write is about to be asked for, under a lock with this token and mode. Its number and its
  // bytes.
  std::uint64_t write(const std::string& key, const Token& token, Mode held);
  [[nodiscard]] static std::string bytes_of(std::uint64_t write) {
    return "w" + std::to_string(write);
  }
  // The number of the write that made these bytes; 0: none did.
  [[nodiscard]] static std::uint64_t number_in(std::string_view bytes);
  void write_done(std::uint64_t write);
  void write_refused(std::uint64_t write);
  // The floor for a question that is made now.
  [[nodiscard]] std::uint64_t floor(const std::string& key) const;

  void granted(const Question& question, const wire::Granted& event);

  void fail(std::string what) {
    if (failure_.empty()) failure_ = std::move(what);
  }
  [[nodiscard]] const std::string& failure() const { return failure_; }
  std::uint64_t valid_reads = 0;
  std::uint64_t doubtful_reads = 0;

 private:
  struct Write {
    std::uint64_t number = 0;
    Token token;
    Mode held = Mode::EX;
    bool complete = false;
  };
  struct Key {
    std::array<Token, mode_count> largest{};  // token granted in each mode
    std::vector<Write> writes;                // in order of their tokens, then of their calls
  };
  void check_token(const Question& question, const wire::Granted& event);
  void check_value(const Question& question, const wire::Granted& event);

  std::map<std::string, Key> keys_;
  std::map<std::uint64_t, std::string> key_of_write_;
  std::uint64_t writes_ = 0;
  std::string failure_;
};

}  // namespace holdfast::sim
