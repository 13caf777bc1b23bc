// SPDX-License-Identifier: Apache-2.0
#include "holdfast/client.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "client/state.hpp"
#include "wire/client_messages.hpp"

namespace holdfast {
namespace {

wire::Lock to_call(std::string_view name, Mode mode, const LockOptions& options) {
  wire::Lock call{.lockspace = wire::LockspaceHandle{options.lockspace.handle},
                  .mode = mode,
                  .flags = options.flags,
                  .wait_max = options.wait_max,
                  .notices = wire::Notices::unwanted,
                  .resource = name};
  call.tag = options.tag;
  call.parent = options.parent;
  call.transaction = options.transaction;
  call.deadlock_priority = options.deadlock_priority;
  if (options.when_blocked == WhenBlocked::fail) call.flags.set(Flag::noqueue);
  if (options.read_value == ReadValue::read) call.flags.set(Flag::valblk);
  if (options.notices == Notices::wanted || options.on_notice) call.notices = wire::Notices::wanted;
  return call;
}

wire::Purge to_call(const PurgeOptions& options) {
  return {.lockspace = wire::LockspaceHandle{options.lockspace.handle}, .node = options.node, .pid = options.pid,
          .name_pattern = options.name};
}

}  // namespace

Result<Client> Client::connect(const ConnectOptions& options) {
  HF_TRY(client::Connection connection, client::Connection::connect(options));
  return Client(std::make_shared<client::State>(std::move(connection), options.wait_max));
}

Client::Client(std::shared_ptr<client::State> state) : state_(std::move(state)) {}
Client::Client(Client&& other) noexcept = default;

Client& Client::operator=(Client&& other) noexcept {
  Client taken(std::move(other));
  std::swap(state_, taken.state_);
  return *this;
}

Client::~Client() {
  if (state_ != nullptr) state_->close();
}

// ---- facts ----------------------------------------------------------------------------------------------

NodeId Client::node() const { return state_->session().facts().node; }
Incarnation Client::incarnation() const { return state_->session().facts().incarnation; }
OwnerId Client::owner() const { return state_->session().facts().owner; }
std::chrono::nanoseconds Client::lease() const { return state_->session().facts().lease; }
std::size_t Client::value_bytes_max() const { return state_->session().facts().value_bytes_max; }
const std::string& Client::version() const { return state_->session().facts().version; }
BootClock::time_point Client::valid_until() const { return state_->connection().valid_until(); }

const Error* Client::ended() const {
  const session::Session& session = state_->session();
  return session.phase() == session::Phase::over ? &session.ending() : nullptr;
}

// ---- blocking calls -------------------------------------------------------------------------------------

Result<Lock, Refusal> Client::lock(std::string_view name, Mode mode, const LockOptions& options) {
  return state_->lock(to_call(name, mode, options), options);
}

Result<Lock, Refusal> Client::adopt(std::string_view name, Mode mode, const LockOptions& options) {
  wire::Lock call = to_call(name, mode, options);
  call.flags.set(Flag::orphan);
  return state_->lock(call, options);
}

Lock Client::attach(ClaimId lock) { return state_->attach(lock); }

Result<Lockspace> Client::open_lockspace(std::string_view name, const LockspaceOptions& options) {
  client::Answer answer;
  const Result<void> done = state_->wait_for(
      state_->session().open_lockspace({.use = options.use, .mode = options.mode, .lockspace = name}), answer);
  if (!done) return done.error();
  return answer.lockspace;
}

Result<void> Client::leave_lockspace(std::string_view name, LeaveHow how) {
  client::Answer answer;
  return state_->wait_for(state_->session().leave_lockspace({.how = how, .lockspace = name}), answer);
}

Result<std::vector<LockspaceInfo>> Client::lockspaces() {
  std::vector<LockspaceInfo> all;
  client::Answer answer;
  answer.lockspaces = &all;
  const Result<void> done = state_->wait_for(state_->session().list_lockspaces(), answer);
  if (!done) return done.error();
  return all;
}

Result<DeadlockList> Client::deadlocks() {
  DeadlockList list;
  client::Answer answer;
  answer.deadlocks = &list;
  const Result<void> done = state_->wait_for(state_->session().list_deadlocks(), answer);
  if (!done) return done.error();
  return list;
}

Result<void> Client::cancel(RequestId request) {
  client::Answer answer;
  return state_->wait_for(state_->session().cancel({.target = request}), answer);
}

Result<void> Client::purge(const PurgeOptions& options) {
  client::Answer answer;
  return state_->wait_for(state_->session().purge(to_call(options)), answer);
}

Result<void> Client::sync() {
  client::Answer answer;
  return state_->wait_for(state_->session().sync(), answer);
}

Result<QueryPage> Client::query(const QueryOptions& options) {
  QueryPage page;
  client::Answer answer;
  answer.page = &page;
  const Result<void> done = state_->wait_for(state_->session().query({.lockspace_pattern = options.lockspace,
                                                                      .name_pattern = options.name,
                                                                      .after_key = options.after,
                                                                      .rows_max = options.rows_max}),
                                             answer);
  if (!done) return done.error();
  return page;
}

Result<History> Client::history(const HistoryOptions& options) {
  History history;
  client::Answer answer;
  answer.history = &history;
  const Result<void> done = state_->wait_for(
      state_->session().history(
          {.lockspace = options.lockspace, .resource = options.name, .events_max = options.events_max}),
      answer);
  if (!done) return done.error();
  std::ranges::stable_sort(history.events, std::greater{}, &HistoryEvent::age);
  return history;
}

Result<QueryPage> Client::query_all(QueryOptions options) {
  QueryPage all;
  for (;;) {
    HF_TRY(QueryPage page, query(options));
    for (ResourceInfo& resource : page.resources) all.resources.push_back(std::move(resource));
    all.complete = all.complete && page.complete;
    // A page that does not come further would be asked for without end.
    if (page.next.empty() || page.next <= options.after) return all;
    options.after = std::move(page.next);
  }
}

Result<WaitGraph> Client::waits() {
  HF_TRY(QueryPage page, query_all());
  std::erase_if(page.resources, [](const ResourceInfo& resource) {
    return std::ranges::none_of(resource.locks, [](const LockInfo& lock) { return lock.standing != LockStanding::granted; });
  });
  return WaitGraph(std::move(page));
}

Result<NodeInfo> Client::status(std::chrono::nanoseconds answer_max) {
  NodeInfo info;
  client::Answer answer;
  answer.node = &info;
  const Result<void> done = state_->wait_for(state_->session().status(), answer, answer_max);
  if (!done) return done.error();
  return info;
}

Result<void> Client::set_view(const View& view, std::chrono::nanoseconds answer_max) {
  client::Answer answer;
  return state_->wait_for(state_->session().set_view(wire::to_wire_whole(view)), answer, answer_max);
}

Result<void> Client::move(std::string_view name, NodeId to, Lockspace lockspace) {
  client::Answer answer;
  return state_->wait_for(
      state_->session().move({.lockspace = wire::LockspaceHandle{lockspace.handle}, .to = to, .resource = name}),
      answer);
}

Result<void> Client::fence_ack(NodeId node, Incarnation incarnation) {
  client::Answer answer;
  return state_->wait_for(state_->session().fence_ack({.node = node, .incarnation = incarnation}), answer);
}

Result<EvictOutcome> Client::evict(const EvictOptions& what) { return evict(std::span(&what, 1)).front(); }

std::vector<Result<EvictOutcome>> Client::evict(std::span<const EvictOptions> what) { return state_->evict(what); }

void Client::confirm_loss(ClaimId lock) { state_->confirm_loss(lock); }

// ---- calls with a later answer --------------------------------------------------------------------------

Result<RequestId> Client::lock_async(std::string_view name, Mode mode, const LockOptions& options, OnLocked done) {
  return state_->lock_async(to_call(name, mode, options), options, std::move(done));
}

Result<RequestId> Client::cancel_async(RequestId request, OnDone done) {
  return state_->cancel_async(request, std::move(done));
}

Result<RequestId> Client::purge_async(const PurgeOptions& options, OnDone done) {
  return state_->purge_async(to_call(options), std::move(done));
}

int Client::fd() const { return state_->connection().fd(); }

Result<void> Client::dispatch() {
  // A callback may destroy this Client.
  const auto state = state_;
  return state->dispatch();
}

Result<void> Client::poll(std::chrono::nanoseconds timeout) {
  const auto state = state_;
  return state->poll(timeout);
}

std::optional<Event> Client::next_event() { return state_->next_event(); }
void Client::cork() { state_->cork(); }
Result<void> Client::flush() { return state_->flush(); }
Result<void> Client::uncork() { return state_->uncork(); }

}  // namespace holdfast
