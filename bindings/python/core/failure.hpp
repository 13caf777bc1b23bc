// SPDX-License-Identifier: Apache-2.0
// Failures of the client become Python exceptions here, and nowhere else. Python says which class belongs to
// which error: it registers a function that makes the exception out of name, errno, text and blockers.
#pragma once

#include <pybind11/pybind11.h>

#include <utility>

#include "holdfast/lock.hpp"
#include "holdfast/result.hpp"

namespace holdfast::python {

// Thrown where a call cannot go on; becomes the exception.
struct Failure {
  Refusal why;
};

// The value, or a Failure.
template <class T, class E>
T take(Result<T, E> result) {
  if (!result) throw Failure{result.error()};
  return std::move(*result);
}
inline void take(const Result<void>& result) {
  if (!result) throw Failure{result.error()};
}

[[nodiscard]] pybind11::list to_list(const std::vector<Blocker>& blockers);
// As an object that Python may raise or keep.
[[nodiscard]] pybind11::object to_exception(const Refusal& why);
// (module) set_exception_factory(function), errors(): the names of all.
void add_failures(pybind11::module_& module);

}  // namespace holdfast::python
