// SPDX-License-Identifier: Apache-2.0
// StateFile: the few numbers of a node that must outlive its daemon: the epoch it acted on last, its last
// incarnation, and whether programs may still rely on what that one granted. The file is replaced as a
// whole, durably; one daemon at a time owns the directory.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/fd.hpp"
#include "model/former_peer.hpp"
#include "model/ids.hpp"

namespace holdfast::io {

// How the last life ended.
// Value on disk: never renumber.
enum class Ending : std::uint8_t { unknown = 0, clean = 1 };

class StateFile {
 public:
  struct Content {
    Epoch epoch;              // none: never had one
    Incarnation incarnation;  // none: never lived
    std::chrono::milliseconds lease{};
    std::uint64_t boot = 0;  // which boot of the machine it lived in, see this_boot()
    Ending ending = Ending::unknown;
    std::vector<FormerPeer> peers;  // whose locks may be in use by what that life answered
    std::string promised;           // the newest view that the node promised others (any bytes); empty: none
    friend bool operator==(const Content&, const Content&) = default;
  };

  // Creates the directory if need be and locks it. Refuses a directory that another daemon uses, that
  // belongs to another node, or whose file cannot be understood.
  [[nodiscard]] static Result<StateFile> open(const std::filesystem::path& directory, NodeId node);

  // How long what the last life granted may still be in use, if nothing is known of its programs: not at
  // all after a clean end or a reboot.
  [[nodiscard]] std::chrono::milliseconds lease_left() const;
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

// A number that changes with each boot of the machine.
[[nodiscard]] std::uint64_t this_boot();

}  // namespace holdfast::io
