// SPDX-License-Identifier: Apache-2.0
// What changes something, and what holdfast has no counterpart for.
#include "dlmcontrol/control.hpp"

#include <charconv>

using namespace holdfast::dlmcontrol;

extern "C" {

int dlmc_fence_ack(char* name) {
  const std::string_view text = name == nullptr ? std::string_view() : std::string_view(name);
  std::uint32_t node = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), node);
  if (wrong != std::errc() || end != text.data() + text.size() || node == 0) return fail(EINVAL);
  auto client = connect();
  if (!client) return fail(client.error());
  const auto done = client->fence_ack(holdfast::NodeId{node});
  return done ? 0 : fail(done.error());
}

// The original asks its daemon for a look, and does not wait for what it finds.
int dlmc_deadlock_check(char*) { return 0; }

// ---- nothing is run, logged or configured here ----------------------------------------------------------

int dlmc_dump_run(char* buf) {
  put_text(buf, "");
  return 0;
}

int dlmc_dump_log_plock(char* buf) {
  put_text(buf, "");
  return 0;
}

int dlmc_reload_config(void) { return fail(EOPNOTSUPP); }
int dlmc_set_config(char*) { return fail(EOPNOTSUPP); }
int dlmc_run_start(char*, int, int, uint32_t, char*) { return fail(EOPNOTSUPP); }
int dlmc_run_check(char*, int, int, uint32_t, uint32_t*) { return fail(EOPNOTSUPP); }

// ---- file systems that want to be asked before recovery: there is no stop to ask them in ----------------

int dlmc_fs_connect(void) { return fail(EOPNOTSUPP); }
void dlmc_fs_disconnect(int) {}
int dlmc_fs_register(int, char*) { return fail(EOPNOTSUPP); }
int dlmc_fs_unregister(int, char*) { return fail(EOPNOTSUPP); }
int dlmc_fs_notified(int, char*, int) { return fail(EOPNOTSUPP); }
int dlmc_fs_result(int, char*, int*, int*, int*) { return fail(EOPNOTSUPP); }

}  // extern "C"
