// SPDX-License-Identifier: Apache-2.0
// Tells the service manager that started us how we are, if one did ($NOTIFY_SOCKET, see sd_notify(3)).
#pragma once

#include <string_view>

namespace holdfast::io {

// `state` is such as "READY=1". Nothing happens, and nothing fails, where nobody listens.
void notify_service_manager(std::string_view state);

}  // namespace holdfast::io
