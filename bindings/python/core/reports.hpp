// SPDX-License-Identifier: Apache-2.0
// What queries tell, as dictionaries whose keys are the fields of the dataclasses in holdfast/_reports.py.
// Durations are nanoseconds, names and values are bytes, enums are their names.
#pragma once

#include <pybind11/pybind11.h>

#include "holdfast/report.hpp"

namespace holdfast::python {

[[nodiscard]] pybind11::dict to_dict(const ResourceInfo& resource);
[[nodiscard]] pybind11::dict to_dict(const NodeInfo& node);
[[nodiscard]] pybind11::dict to_dict(const LockspaceInfo& lockspace);
[[nodiscard]] pybind11::dict to_dict(const Token& token);
[[nodiscard]] std::string name_of_state(ValueState state);

}  // namespace holdfast::python
