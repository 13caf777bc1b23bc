// SPDX-License-Identifier: Apache-2.0
#include "holdfast/lock.hpp"

#include <utility>

#include "client/state.hpp"

namespace holdfast {
Lock::Lock() noexcept = default;

Lock::Lock(std::weak_ptr<client::State> state, ClaimId id, Grant&& grant) noexcept
    : state_(std::move(state)), id_(id), grant_(std::move(grant)) {}

Lock::Lock(Lock&& other) noexcept
    : state_(std::move(other.state_)), id_(std::exchange(other.id_, {})), grant_(std::move(other.grant_)) {}

Lock& Lock::operator=(Lock&& other) noexcept {
  Lock taken(std::move(other));
  std::swap(state_, taken.state_);
  std::swap(id_, taken.id_);
  std::swap(grant_, taken.grant_);
  return *this;
}

Lock::~Lock() {
  if (!id_) return;
  if (const auto state = client::State::open(state_); state != nullptr) state->unlock_quietly(id_);
}

std::shared_ptr<client::State> Lock::reach() const { return id_ ? client::State::open(state_) : nullptr; }

Error Lock::unreachable() const {
  if (!id_) return Error{Errc::no_such_lock, "this Lock holds nothing"};
  return Error{Errc::session_ended, "the Client of this Lock is gone, and its locks with it"};
}

Mode Lock::mode() const {
  const auto state = client::State::open(state_);
  const session::LockRecord* record = state == nullptr ? nullptr : state->session().find(id_);
  return record == nullptr ? grant_.mode : record->mode;
}

Token Lock::token() const {
  const auto state = client::State::open(state_);
  const session::LockRecord* record = state == nullptr ? nullptr : state->session().find(id_);
  return record == nullptr ? grant_.token : record->token;
}

bool Lock::held() const {
  const auto state = client::State::open(state_);
  return state != nullptr && state->held(id_);
}

Result<Grant, Refusal> Lock::convert(Mode mode, const ConvertOptions& options) {
  const auto state = reach();
  if (state == nullptr) return unreachable();
  Result<Grant, Refusal> grant = state->convert(id_, mode, options);
  if (grant) grant_ = *grant;
  return grant;
}

Result<RequestId> Lock::convert_async(Mode mode, const ConvertOptions& options, OnConverted done) {
  const auto state = reach();
  if (state == nullptr) return unreachable();
  return state->convert_async(id_, mode, options, std::move(done));
}

Result<void> Lock::release(const ReleaseOptions& options) {
  const auto state = reach();
  if (state == nullptr) return unreachable();
  Result<void> done = state->unlock(id_, options);
  if (state->session().find(id_) == nullptr) id_ = {};
  return done;
}

Result<RequestId> Lock::release_async(const ReleaseOptions& options, OnDone done) {
  const auto state = reach();
  if (state == nullptr) return unreachable();
  Result<RequestId> request = state->unlock_async(id_, options, std::move(done));
  if (request || state->session().find(id_) == nullptr) id_ = {};
  return request;
}

Result<void> Lock::release_unanswered(const ReleaseOptions& options) {
  const auto state = reach();
  if (state == nullptr) return unreachable();
  Result<void> done = state->unlock_unanswered(id_, options);
  if (state->session().find(id_) == nullptr) id_ = {};
  return done;
}

Result<void> Lock::cancel() {
  const auto state = reach();
  if (state == nullptr) return unreachable();
  client::Answer answer;
  return state->wait_for(state->session().cancel({.lock = id_}), answer);
}

ClaimId Lock::detach() {
  state_.reset();
  return std::exchange(id_, {});
}

void Lock::on_notice(OnNotice notice) {
  if (const auto state = client::State::open(state_); state != nullptr) state->set_on_notice(id_, std::move(notice));
}

void Lock::on_evicting(OnEvicting evicting) {
  if (const auto state = client::State::open(state_); state != nullptr) state->set_on_evicting(id_, std::move(evicting));
}

void Lock::on_lost(OnLost lost) {
  if (const auto state = client::State::open(state_); state != nullptr) state->set_on_lost(id_, std::move(lost));
}

}  // namespace holdfast
