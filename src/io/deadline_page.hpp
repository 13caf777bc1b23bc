// SPDX-License-Identifier: Apache-2.0
// SharedDeadline: the daemon's side of wire/deadline_page.hpp. One anonymous file that clients get by
// descriptor and can map, but neither write, shrink nor grow: a reader can never be made to fault, and no
// client can lengthen another's deadline.
#pragma once

#include "base/instant.hpp"
#include "base/result.hpp"
#include "io/fd.hpp"
#include "io/mapped.hpp"
#include "model/ids.hpp"
#include "wire/deadline_page.hpp"

namespace holdfast::io {

class SharedDeadline {
 public:
  [[nodiscard]] static Result<SharedDeadline> create(NodeId node);
  // To hand to clients.
  [[nodiscard]] int fd() const { return file_.get(); }
  // A new life of the node: nothing is valid until it stamps.
  void announce(Incarnation incarnation) { wire::announce(*page_, incarnation); }
  void stamp(Instant deadline) { wire::stamp(*page_, deadline.since_boot().count()); }

 private:
  SharedDeadline(Fd file, Mapped<wire::DeadlinePage> page) : file_(std::move(file)), page_(std::move(page)) {}
  Fd file_;
  Mapped<wire::DeadlinePage> page_;
};

}  // namespace holdfast::io
