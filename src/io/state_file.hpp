// SPDX-License-Identifier: Apache-2.0
// StateFile: the few numbers of a node that must outlive its daemon: the epoch it acted on last, and its
// last incarnation. A file is replaced as a whole, durably; one daemon at a time owns the directory.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "io/fd.hpp"
#include "model/ids.hpp"

namespace holdfast::io {

class StateFile {
 public:
  struct Content {
    Epoch epoch;              // none: never had one
    Incarnation incarnation;  // none: never lived
    friend bool operator==(const Content&, const Content&) = default;
  };

  // Creates the directory if need be and locks it. Refuses a directory that another daemon uses, that
  // belongs to another node, or whose file cannot be understood.
  [[nodiscard]] static Result<StateFile> open(const std::filesystem::path& directory, NodeId node);

  [[nodiscard]] const Content& content() const { return content_; }
  // Returns when the content is durable.
  [[nodiscard]] Result<void> save(const Content& content);

 private:
  StateFile(std::filesystem::path directory, NodeId node, Fd lock)
      : directory_(std::move(directory)), node_(node), lock_(std::move(lock)) {}
  [[nodiscard]] std::filesystem::path path() const { return directory_ / "state"; }
  [[nodiscard]] Result<void> load();

  std::filesystem::path directory_;
  NodeId node_;
  Fd lock_;
  Content content_;
};

}  // namespace holdfast::io
