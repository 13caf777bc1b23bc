// SPDX-License-Identifier: Apache-2.0
// The client as Python's half of the package drives it: requests that are answered by events, and a few calls
// that wait. Nothing here calls into Python; whoever waits has let go of the interpreter meanwhile.
//
// One thread at a time, which the Python half sees to. In the child of a fork the object is left alone: what
// the client would do at its end would reach the parent's session.
#pragma once

#include <pybind11/pybind11.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "holdfast/client.hpp"

namespace holdfast::python {

class Session {
 public:
  explicit Session(const ConnectOptions& options);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { close(); }

  // Fails with session_ended when close() was called, and in the child of a fork.
  [[nodiscard]] Client& client();
  [[nodiscard]] bool closed() const { return client_ == nullptr; }
  void close();

 private:
  std::unique_ptr<Client> client_;
  pid_t process_ = ::getpid();
};

// (module) the classes Session, ConnectOptions, LockOptions, ConvertOptions, ReleaseOptions.
void add_client(pybind11::module_& module);

}  // namespace holdfast::python
