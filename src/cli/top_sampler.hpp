// SPDX-License-Identifier: Apache-2.0
// TopSampler: looks at the cluster through clients and fills a TopModel. One look takes a bounded time: of a
// large cluster it takes some pages and goes on there the next time, so no node is kept busy with us.
#pragma once

#include "base/instant.hpp"
#include "cli/top_model.hpp"
#include "cli/verb.hpp"
#include "holdfast/client.hpp"

#include <map>
#include <optional>
#include <string>

namespace holdfast::cli {

enum class Sweep : std::uint8_t { whole, goes_on };

class TopSampler {
 public:
  explicit TopSampler(const Common& common) : common_(common) {}

  // Asks nodes, then pages for `budget` at most. Fails if the daemon cannot be reached (the next look tries
  // again), or if a query fails.
  [[nodiscard]] Result<Sweep> look(TopModel& model, Duration budget);
  // "n1 of cluster demo"
  [[nodiscard]] std::string title() const { return title_; }

 private:
  [[nodiscard]] Result<void> connect_if_needed();
  [[nodiscard]] Result<void> look_at_nodes(TopModel& model);
  // Of a local cluster: what another node says of itself.
  [[nodiscard]] std::optional<NodeInfo> ask(NodeId node);

  Common common_;
  std::optional<Client> client_;
  std::map<NodeId, Client> others_;
  std::string title_;
  std::string after_;
  bool sweeping_ = false;
  bool complete_ = true;
};

}  // namespace holdfast::cli
