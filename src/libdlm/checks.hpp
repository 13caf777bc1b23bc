// SPDX-License-Identifier: Apache-2.0
// What libdlm refuses at once, by its arguments alone, and how its words become ours. Errno values as the
// Linux DLM gives them (recorded: tests/conformance).
#pragma once

#include <cstdint>
#include <string_view>

#include "holdfast/error.hpp"
#include "holdfast/flags.hpp"
#include "holdfast/mode.hpp"
#include <libdlm.h>

namespace holdfast::libdlm {

// Nothing is ever mapped in the first page. Beyond it, a pointer cannot be judged without asking the kernel.
[[nodiscard]] bool is_wild(const void* pointer);

// Each gives 0 or an errno.
[[nodiscard]] int check_lock(std::uint32_t mode, const dlm_lksb& lksb, std::uint32_t flags, const void* name,
                             unsigned length);
[[nodiscard]] int check_conversion(Mode granted, Mode wanted, std::uint32_t flags);
[[nodiscard]] int check_unlock(std::uint32_t flags);

// The flags that a request, conversion or unlock sends; bits that are no flag of ours fall away.
[[nodiscard]] FlagSet to_flags(std::uint32_t flags);
// Names that differ in zeros at the end alone are one resource.
[[nodiscard]] std::string_view to_name(const void* name, unsigned length);

// sb_status of an operation that ended so.
[[nodiscard]] int to_status(Errc why);
// errno of a call that failed so.
[[nodiscard]] int to_errno(Errc why);

}  // namespace holdfast::libdlm
