// SPDX-License-Identifier: Apache-2.0
#include "failure.hpp"

#include <string>

namespace py = pybind11;
using namespace pybind11::literals;

namespace holdfast::python {
namespace {

// Lives as long as the interpreter: never destroyed, since that would need the interpreter to be alive.
py::object& factory() {
  static auto* const made = new py::object();
  return *made;
}

}  // namespace

py::list to_list(const std::vector<Blocker>& blockers) {
  py::list all;
  for (const Blocker& blocker : blockers)
    all.append(py::dict("node"_a = blocker.node.value(), "lock"_a = blocker.lock.value(),
                        "owner"_a = blocker.owner.value(), "mode"_a = static_cast<int>(blocker.mode),
                        "ahead"_a = blocker.ahead));
  return all;
}

py::object to_exception(const Refusal& why) {
  const ErrcRow& row = row_of(why.code);
  const std::string text = why.detail.empty() ? std::string(row.text) : why.detail;
  // What others wrote (paths, names) may be any bytes.
  const py::object readable = py::reinterpret_steal<py::object>(
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace"));
  return factory()(std::string(row.name), row.number, readable, to_list(why.blockers));
}

void add_failures(py::module_& module) {
  module.def("set_exception_factory", [](py::object made) { factory() = std::move(made); });
  module.def("errors", [] {
    py::list names;
    for (const ErrcRow& row : errc_table) names.append(std::string(row.name));
    return names;
  });
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const Failure& failure) {
      const py::object exception = to_exception(failure.why);
      PyErr_SetObject(py::type::of(exception).ptr(), exception.ptr());
    }
  });
}

}  // namespace holdfast::python
