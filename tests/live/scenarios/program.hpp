// SPDX-License-Identifier: Apache-2.0
// Program: an owner of a script as a session of its own on a real socket; and the directory that a
// live cluster lives in.
#pragma once

#include "client/connection.hpp"
#include "model/ids.hpp"

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>

namespace holdfast::live {

struct Program;

// Who hears what the sessions say.
class Listener {
 public:
  virtual void hear(Program& program, session::Event& event) = 0;

 protected:
  ~Listener() = default;
};

struct Program final : client::EventSink {
  Program(Listener& to, std::size_t number, NodeId at, client::Connection made)
      : listener(to), index(number), node(at), connection(std::move(made)) {}
  void take(session::Event& event) override { listener.hear(*this, event); }

  Listener& listener;
  std::size_t index;
  NodeId node;
  client::Connection connection;
  bool is_operator = false;
  bool paused = false;
  bool gone = false;  // killed, or its machine crashed: nobody reads any more
  std::set<RequestId> syncs;
};

class TemporaryDir {
 public:
  TemporaryDir() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "holdfast-live-XXXXXX").string();
    if (const char* made = ::mkdtemp(pattern.data())) path_ = made;
  }
  ~TemporaryDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDir(const TemporaryDir&) = delete;
  TemporaryDir& operator=(const TemporaryDir&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace holdfast::live
