// SPDX-License-Identifier: Apache-2.0
// What must hold for the arguments of a call alone. Bits that are no flag are ignored in requests
// and conversions and refused in endings, as in the Linux DLM.
#include "lock/engine.hpp"

namespace holdfast::lock {
namespace {

constexpr FlagSet ending_flags{Flag::cancel, Flag::valblk, Flag::ivvalblk, Flag::forceunlock};

bool is_mode(Mode mode) { return holdfast::is_mode(static_cast<std::uint32_t>(mode)); }

}  // namespace

Errc check_request(Mode mode, FlagSet flags) {
  if (!is_mode(mode)) return Errc::bad_mode;
  // These speak of a conversion, or of the end of a lock.
  if (flags.has(Flag::cancel) || flags.has(Flag::convert) || flags.has(Flag::quecvt) ||
      flags.has(Flag::convdeadlk))
    return Errc::bad_flags;
  // Only NL can be granted past everybody without harm, and it never has to wait.
  if (flags.has(Flag::expedite) && (mode != Mode::NL || flags.has(Flag::noqueue)))
    return Errc::bad_flags;
  return Errc::ok;
}

Errc check_conversion(Mode held, Mode wanted, FlagSet flags) {
  if (!is_mode(held) || !is_mode(wanted)) return Errc::bad_mode;
  if (flags.has(Flag::cancel) || flags.has(Flag::expedite)) return Errc::bad_flags;
  // Who does not wait has nothing to give up for a deadlock.
  if (flags.has(Flag::convdeadlk) && flags.has(Flag::noqueue)) return Errc::bad_flags;
  if (flags.has(Flag::quecvt) && !queued_conversion_allowed(held, wanted))
    return Errc::bad_conversion;
  return Errc::ok;
}

Errc check_ending(FlagSet flags) {
  if (!flags.within(ending_flags)) return Errc::bad_flags;
  if (flags.has(Flag::cancel) && flags.has(Flag::forceunlock)) return Errc::bad_flags;
  return Errc::ok;
}

}  // namespace holdfast::lock
