// SPDX-License-Identifier: Apache-2.0
// Parties: what the deadlock search has to know of this node's programs, kept where it happens. A party is a
// transaction, or else the owner of a lock (cluster/wait_graph.hpp). Only waits, notices and the locks of
// transactions leave anything here: whoever takes and gives locks that nobody else wants costs nothing.
//
// What a record lists may be over meanwhile; whoever reads it looks at the claims.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <utility>
#include <vector>

#include "base/hash.hpp"
#include "base/instant.hpp"
#include "node/claim.hpp"

namespace holdfast::node {

// At this node.
struct Party {
  std::uint64_t transaction = 0;
  OwnerId owner;  // only without a transaction
  friend auto operator<=>(const Party&, const Party&) = default;
};
[[nodiscard]] inline Party party_of(const ClaimFacts& claim) {
  return claim.transaction != 0 ? Party{.transaction = claim.transaction, .owner = {}}
                                : Party{.transaction = 0, .owner = claim.owner};
}

// A list of claims some of which may be over: swept when it has doubled.
class ClaimList {
 public:
  template <class IsLive>
  void add(ClaimId claim, IsLive&& is_live) {
    if (claims_.size() >= sweep_at_) {
      std::erase_if(claims_, [&](ClaimId id) { return !is_live(id); });
      sweep_at_ = 2 * claims_.size() + 16;
    }
    claims_.push_back(claim);
  }
  [[nodiscard]] const std::vector<ClaimId>& all() const { return claims_; }

 private:
  std::vector<ClaimId> claims_;
  std::size_t sweep_at_ = 16;
};

class Parties {
 public:
  struct Record {
    ClaimList waits;      // all that queue
    ClaimList suspects;   // held and somebody was told to be in its way, or a wait that others may have to wait for
    ClaimList members;    // of a transaction: all its claims
    std::uint32_t live = 0;  // of a transaction: claims that are not over
    Instant born;            // of a transaction: its first claim here
    bool has_news = false;
  };
  [[nodiscard]] const Record* find(const Party& party) const {
    const auto at = records_.find(party);
    return at == records_.end() ? nullptr : &at->second;
  }
  [[nodiscard]] Record& record(const Party& party) { return records_[party]; }
  void forget(const Party& party) { records_.erase(party); }
  // Something began that may have closed a cycle.
  void note_news(const Party& party) {
    Record& its = records_[party];
    if (!std::exchange(its.has_news, true)) news_.push_back(party);
  }
  // Whose turn it is now; the next news of theirs count again.
  [[nodiscard]] std::vector<Party> take_news() {
    for (const Party& party : news_)
      if (const auto at = records_.find(party); at != records_.end()) at->second.has_news = false;
    return std::exchange(news_, {});
  }
  // After a view change all of them are looked at again.
  void note_all() {
    const auto listed = static_cast<std::ptrdiff_t>(news_.size());
    for (auto& [party, record] : records_)
      if (!std::exchange(record.has_news, true)) news_.push_back(party);
    std::sort(news_.begin() + listed, news_.end());
  }

 private:
  struct Hash {
    std::size_t operator()(const Party& party) const {
      return static_cast<std::size_t>(mix64(party.transaction ^ 0x9e3779b97f4a7c15ULL, party.owner.value() + 0xa0761d6478bd642fULL));
    }
  };
  boost::unordered_flat_map<Party, Record, Hash> records_;
  std::vector<Party> news_;
};

}  // namespace holdfast::node
