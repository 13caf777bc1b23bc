// SPDX-License-Identifier: Apache-2.0
// SharedDeadline: the daemon's side of wire/deadline_page.hpp. One anonymous file that clients get by
// descriptor and can map, but neither write, shrink nor grow: a reader can never be made to fault, and no
// client can lengthen another's deadline.
#pragma once

#include "base/instant.hpp"
#include "base/result.hpp"
#include "io/fd.hpp"
#include "model/ids.hpp"
#include "wire/deadline_page.hpp"

namespace holdfast::io {

inline constexpr std::size_t deadline_page_bytes = 4096;

class SharedDeadline {
 public:
  [[nodiscard]] static Result<SharedDeadline> create(NodeId node);
  SharedDeadline(SharedDeadline&& other) noexcept;
  SharedDeadline& operator=(SharedDeadline&&) = delete;
  ~SharedDeadline();

  // To hand to clients.
  [[nodiscard]] int fd() const { return file_.get(); }
  // A new life of the node: nothing is valid until it stamps.
  void announce(Incarnation incarnation) { wire::announce(*page_, incarnation); }
  void stamp(Instant deadline) { wire::stamp(*page_, deadline.since_boot().count()); }

 private:
  SharedDeadline(Fd file, wire::DeadlinePage* page) : file_(std::move(file)), page_(page) {}
  Fd file_;
  wire::DeadlinePage* page_ = nullptr;
};

}  // namespace holdfast::io
