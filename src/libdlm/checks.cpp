// SPDX-License-Identifier: Apache-2.0
#include "libdlm/checks.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>

namespace holdfast::libdlm {
namespace {

// The layouts and values that programs were compiled with.
static_assert(sizeof(dlm_lksb) == 24 && offsetof(dlm_lksb, sb_lkid) == 4 && offsetof(dlm_lksb, sb_flags) == 8 &&
              offsetof(dlm_lksb, sb_lvbptr) == 16);
static_assert(LKM_NLMODE == static_cast<int>(Mode::NL) && LKM_CRMODE == static_cast<int>(Mode::CR) &&
              LKM_CWMODE == static_cast<int>(Mode::CW) && LKM_PRMODE == static_cast<int>(Mode::PR) &&
              LKM_PWMODE == static_cast<int>(Mode::PW) && LKM_EXMODE == static_cast<int>(Mode::EX));

struct FlagPair {
  std::uint32_t theirs;
  Flag ours;
};
constexpr std::array flag_pairs{
    FlagPair{LKF_NOQUEUE, Flag::noqueue},         FlagPair{LKF_CANCEL, Flag::cancel},
    FlagPair{LKF_CONVERT, Flag::convert},         FlagPair{LKF_VALBLK, Flag::valblk},
    FlagPair{LKF_QUECVT, Flag::quecvt},           FlagPair{LKF_IVVALBLK, Flag::ivvalblk},
    FlagPair{LKF_CONVDEADLK, Flag::convdeadlk},   FlagPair{LKF_PERSISTENT, Flag::persistent},
    FlagPair{LKF_NODLCKWT, Flag::nodlckwt},       FlagPair{LKF_NODLCKBLK, Flag::nodlckblk},
    FlagPair{LKF_EXPEDITE, Flag::expedite},       FlagPair{LKF_NOQUEUEBAST, Flag::noqueuebast},
    FlagPair{LKF_HEADQUE, Flag::headque},         FlagPair{LKF_NOORDER, Flag::noorder},
    FlagPair{LKF_ORPHAN, Flag::orphan},           FlagPair{LKF_ALTPR, Flag::altpr},
    FlagPair{LKF_ALTCW, Flag::altcw},             FlagPair{LKF_FORCEUNLOCK, Flag::forceunlock},
};
consteval bool bits_are_the_same() {
  std::uint32_t bits = 0;
  for (const FlagPair& pair : flag_pairs) {
    if (static_cast<std::uint32_t>(pair.ours) != pair.theirs) return false;
    bits |= pair.theirs;
  }
  return bits == all_flag_bits;
}
static_assert(bits_are_the_same(), "so a word of flags needs no translation");

constexpr std::uint32_t unlock_flags = LKF_CANCEL | LKF_VALBLK | LKF_IVVALBLK | LKF_FORCEUNLOCK | LKF_WAIT;

struct StatusRow {
  Errc why;
  int status;
};
// Anything else is the errno of the table in holdfast/error.hpp.
constexpr std::array statuses{
    StatusRow{Errc::ok, 0},
    StatusRow{Errc::blocked, EAGAIN},
    StatusRow{Errc::timed_out, ETIMEDOUT},
    StatusRow{Errc::deadlock, EDEADLK},
    StatusRow{Errc::cancelled, ECANCEL},
    StatusRow{Errc::forced_out, ECANCEL},
};
struct ErrnoRow {
  Errc why;
  int number;
};
constexpr std::array errnos{
    ErrnoRow{Errc::no_orphan, ENOENT},          ErrnoRow{Errc::orphan_in_other_mode, EAGAIN},
    ErrnoRow{Errc::no_such_lock, ENOENT},       ErrnoRow{Errc::busy, EBUSY},
    ErrnoRow{Errc::bad_mode, EINVAL},           ErrnoRow{Errc::bad_flags, EINVAL},
    ErrnoRow{Errc::bad_conversion, EINVAL},     ErrnoRow{Errc::not_permitted, EPERM},
    ErrnoRow{Errc::cannot_connect, EUNATCH},    ErrnoRow{Errc::disconnected, ENOTCONN},
    ErrnoRow{Errc::session_ended, ENOTCONN},    ErrnoRow{Errc::shutting_down, ENOTCONN},
    ErrnoRow{Errc::lease_expired, ENOTCONN},    ErrnoRow{Errc::no_such_lockspace, ENOENT},
};

}  // namespace

bool is_wild(const void* pointer) {
  return pointer != nullptr && reinterpret_cast<std::uintptr_t>(pointer) < 4096;
}

int check_lock(std::uint32_t mode, const dlm_lksb& lksb, std::uint32_t flags, const void* name, unsigned length) {
  const bool converts = (flags & LKF_CONVERT) != 0;
  if (!is_mode(mode)) return EINVAL;
  if ((flags & LKF_CANCEL) != 0) return EINVAL;
  if ((flags & (LKF_QUECVT | LKF_CONVDEADLK)) != 0 && !converts) return EINVAL;
  if ((flags & LKF_CONVDEADLK) != 0 && (flags & LKF_NOQUEUE) != 0) return EINVAL;
  if ((flags & LKF_EXPEDITE) != 0 && (converts || (flags & LKF_NOQUEUE) != 0 || mode != LKM_NLMODE)) return EINVAL;
  if ((flags & LKF_VALBLK) != 0 && lksb.sb_lvbptr == nullptr) return EINVAL;
  if (!converts && (length > DLM_RESNAME_MAXLEN || (name == nullptr && length != 0))) return EINVAL;
  if (!converts && length != 0 && is_wild(name)) return EFAULT;
  if ((flags & LKF_VALBLK) != 0 && is_wild(lksb.sb_lvbptr)) return EFAULT;
  return 0;
}

int check_conversion(Mode granted, Mode wanted, std::uint32_t flags) {
  return (flags & LKF_QUECVT) != 0 && !queued_conversion_allowed(granted, wanted) ? EINVAL : 0;
}

int check_unlock(std::uint32_t flags) {
  if ((flags & ~unlock_flags) != 0) return EINVAL;
  return (flags & LKF_CANCEL) != 0 && (flags & LKF_FORCEUNLOCK) != 0 ? EINVAL : 0;
}

FlagSet to_flags(std::uint32_t flags) { return FlagSet::from_bits(flags & all_flag_bits); }

std::string_view to_name(const void* name, unsigned length) {
  std::string_view text(static_cast<const char*>(name), length);
  while (text.ends_with('\0')) text.remove_suffix(1);
  return text;
}

int to_status(Errc why) {
  for (const StatusRow& row : statuses)
    if (row.why == why) return row.status;
  return to_errno(why);
}

int to_errno(Errc why) {
  for (const ErrnoRow& row : errnos)
    if (row.why == why) return row.number;
  const int number = row_of(why).number;
  return number != 0 ? number : EIO;
}

}  // namespace holdfast::libdlm
