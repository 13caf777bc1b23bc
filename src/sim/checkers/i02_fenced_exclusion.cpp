// SPDX-License-Identifier: Apache-2.0
// I2  The resource, remembering the largest token per mode, never accepts (t1, m1) after (t2, m2) with
// t2 > t1 and conflicting modes. A write that it refused without such a (t2, m2) is counted as spurious.
#include "sim/checkers/overlap.hpp"

#include "model/name.hpp"

#include <fmt/format.h>

namespace holdfast::sim::checkers {
namespace {

struct Accepted {
  Token token;
  Index event = history::none;
};

}  // namespace

void fenced_exclusion(const Model& model, const Bounds&, Verdict& verdict) {
  for (const history::Resource& resource : model.resources) {
    std::array<Accepted, mode_count> largest{};
    for (const Index index : resource.storage) {
      const history::Event& write = model.event(index);
      ++verdict.checked;
      const Accepted* newer = nullptr;
      for (const Mode other : all_modes)
        if (!compatible(other, write.mode) && largest[index_of(other)].token > write.token)
          newer = &largest[index_of(other)];
      if (write.kind == history::Kind::refused) {
        if (newer == nullptr) ++verdict.spurious;
        continue;
      }
      if (newer != nullptr)
        verdict.found(fmt::format("{}: a write with {} and token {} was accepted after one with {} and token {}",
                                  escaped(model.text(resource.name)), name_of(write.mode), text_of(write.token),
                                  name_of(model.event(newer->event).mode), text_of(newer->token)),
                      {newer->event, index});
      Accepted& mine = largest[index_of(write.mode)];
      if (write.token > mine.token) mine = {write.token, index};
    }
  }
}

}  // namespace holdfast::sim::checkers
