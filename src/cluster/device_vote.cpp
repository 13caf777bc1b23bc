// SPDX-License-Identifier: Apache-2.0
#include "cluster/device_vote.hpp"

#include <utility>

namespace holdfast::cluster {

void DeviceVote::on_poll(Instant now, const DevicePoll& poll) {
  const std::optional<Instant> before = std::exchange(polled_, now);
  if (before && now - *before > times_.gap_max) forget();
  switch (poll.says) {
    case DeviceSays::no: return forget();
    case DeviceSays::waiting:
      since_.reset();
      // Rings that break again and again make the quorum service wait again and again.
      if (!confirmed_ || now - *confirmed_ > times_.sync_timeout + times_.ring_break) forget();
      return;
    case DeviceSays::stands: break;
  }
  confirmed_ = now;
  if (!since_ || ring_ != poll.ring) since_ = now;
  ring_ = poll.ring;
  if (poll.whole && stood(times_.settling())) never_missed_ = true;
}

void DeviceVote::forget() {
  confirmed_.reset();
  since_.reset();
  never_missed_ = false;
}

}  // namespace holdfast::cluster
