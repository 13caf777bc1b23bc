// SPDX-License-Identifier: Apache-2.0
// The directory of a local cluster and its state file, DIR/up.json: who supervises it, the epoch it
// published last and its daemons. `down` and the demo read it, the next `up` takes the epoch from
// it.
//
//   DIR/up.json  DIR/up.log                       state; log of a detached supervisor
//   DIR/n1/holdfast.sock  DIR/n1/state/  DIR/n1/holdfastd.log  DIR/n1/holdfast.toml       ... n2,
//   n3
#pragma once

#include "base/result.hpp"
#include "cli/process.hpp"
#include "model/ids.hpp"

#include <optional>
#include <string>
#include <vector>

namespace holdfast::cli {

struct UpNode {
  unsigned node = 0;
  ProcessName process;  // pid 0: it does not run
  Incarnation incarnation;
  std::string address;
  Incarnation left_out;  // a life that no view may have any more, while its process still ran
};

struct UpState {
  ProcessName supervisor;  // pid 0: none
  Epoch epoch;
  std::vector<UpNode> nodes;
};

[[nodiscard]] std::string node_dir(const std::string& dir, unsigned node);
// Exists while `restart` wants the supervisor to start this daemon again when it has ended.
[[nodiscard]] std::string restart_order(const std::string& dir, unsigned node);
// Nothing if there was never a cluster in this directory.
[[nodiscard]] Result<std::optional<UpState>> read_up_state(const std::string& dir);
[[nodiscard]] Result<void> write_up_state(const std::string& dir, const UpState& state);
// Makes the directory and those below it, readable by us alone.
[[nodiscard]] Result<void> make_up_dirs(const std::string& dir, unsigned nodes);

}  // namespace holdfast::cli
