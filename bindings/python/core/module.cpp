// SPDX-License-Identifier: Apache-2.0
// holdfast._core: what the Python package needs of the C++ client. Programs use the package, not this.
#include <pybind11/pybind11.h>

#include "client.hpp"
#include "failure.hpp"

PYBIND11_MODULE(_core, module) {
  module.doc() = "The C++ client of holdfast; use the package `holdfast`.";
  holdfast::python::add_failures(module);
  holdfast::python::add_client(module);
}
