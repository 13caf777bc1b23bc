// SPDX-License-Identifier: Apache-2.0
// There is no sleeping until things have settled: a Sync is answered when all peers have applied
// what was sent before, so a few rounds of Sync over all sessions settle every chain of messages.
// Only `advance` lets real time pass.
#include "live_stage.hpp"

#include "daemon.hpp"
#include "model/name.hpp"
#include "playable.hpp"
#include "program.hpp"
#include "sim/scenario/calls.hpp"
#include "sim/scenario/compare.hpp"
#include "sim/scenario/owners.hpp"
#include "sim/scenario/picture.hpp"
#include "sim/scenario/words.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <poll.h>

namespace holdfast::live {

namespace {

using client::Connection;
using sim::Block;
using sim::Command;
using sim::Script;
using SteadyClock = std::chrono::steady_clock;

// A request can cause a message, that one another, ...: requester, home, master, requester.
constexpr int sync_rounds = 4;
// How long lines may be late on a machine that is busy with other things.
constexpr std::chrono::seconds slack{10};
constexpr std::chrono::seconds sync_max{20};

}  // namespace

class LiveStage final : public sim::Stage, public Listener {
 public:
  LiveStage(std::string bin, sim::ClusterSettings settings, bool has_cluster)
      : bin_(std::move(bin)),
        settings_(std::move(settings)),
        has_cluster_(has_cluster),
        owners_(record()) {}

  Result<void> start();
  void begin(const Block& block) override {
    owners_.set_order(block.order);
    block_ = &block;
  }
  Result<void> carry_out(const Command& command) override {
    owners_.begin_command();
    return std::visit([this](const auto& action) { return on(action); }, command.action);
  }
  Result<void> settle() override;
  Result<void> check() override { return {}; }

 private:
  void hear(Program& program, session::Event& event) override;
  Result<void> on(const sim::ClusterLine&) { return {}; }
  Result<void> on(const sim::Request& request);
  Result<void> on(const sim::Advance& time);
  Result<void> on(const sim::Run&) { return settle(); }
  Result<void> on(const sim::NodeCommand& command);
  Result<void> on(const sim::ClientCommand& command);
  Result<void> on(const sim::ViewCommand& command);
  Result<void> on(const sim::Move& move);
  Result<void> on(const sim::Look& look);
  template <class Other>
  Result<void> on(const Other&) {
    return sim::wrong("this cannot be done to real daemons");
  }

  Result<void> start_daemon(NodeId node);
  Result<void> publish(Epoch epoch, const std::vector<NodeId>& members);
  Result<void> publish_next();
  Result<std::size_t> connect(NodeId node);
  Result<std::size_t> program_of(const sim::Request& request);
  Result<std::size_t> any_operator();
  Result<void> look_at_resource(const std::string& name);
  Result<void> look_at_members();
  Result<void> fence(NodeId node);
  Result<void> leave(NodeId node);

  Result<void> sync_once();
  Result<void> ask_status();
  // Reads until `done` says so; an error after `limit`.
  template <class Done>
  Result<void> read_until(Done done, SteadyClock::duration limit, std::string_view what);
  void read_for(SteadyClock::time_point end);
  void read_what_is_there();
  [[nodiscard]] bool readable(const Program& program) const {
    return !program.gone && !program.paused &&
           program.connection.session().phase() != session::Phase::over;
  }
  [[nodiscard]] bool lines_have_come();

  std::string bin_;
  sim::ClusterSettings settings_;
  bool has_cluster_;
  sim::Owners owners_;
  TemporaryDir directory_;
  std::map<NodeId, std::unique_ptr<Daemon>> daemons_;
  std::map<NodeId, std::size_t> operators_;
  std::vector<std::unique_ptr<Program>> programs_;
  std::map<std::string, std::size_t> by_name_;
  Epoch epoch_;
  const Block* block_ = nullptr;
  std::map<NodeId, Epoch> opened_;
  std::size_t answers_wanted_ = 0;  // of operators
  std::map<std::pair<std::size_t, RequestId>, std::string> moves_;  // asked for: program, request
  std::vector<wire::ResourceRow> resources_;
  std::vector<std::pair<std::size_t, wire::LockReport>> locks_;  // with the place of their resource
  std::vector<wire::NodeStatus> statuses_;
};

// ---- daemons
// ------------------------------------------------------------------------------------------

Result<void> LiveStage::start() {
  for (std::uint32_t i = 1; i <= settings_.nodes; ++i)
    if (auto done = start_daemon(NodeId{i}); !done) return done;
  if (auto done = publish_next(); !done) return done;
  if (has_cluster_) return {};
  if (auto done = settle(); !done) return done;
  (void)record().take();
  return {};
}

Result<void> LiveStage::start_daemon(NodeId node) {
  HF_TRY(daemons_[node],
         Daemon::start(bin_, directory_.path() + "/" + sim::name_of(node), node, settings_));
  HF_TRY(const std::size_t index, connect(node));
  programs_[index]->is_operator = true;
  operators_[node] = index;
  return {};
}

Result<void> LiveStage::publish_next() {
  std::vector<NodeId> up;
  for (const auto& [node, daemon] : daemons_)
    if (daemon->up()) up.push_back(node);
  return publish(Epoch{epoch_.value() + 1}, up);
}

Result<void> LiveStage::publish(Epoch epoch, const std::vector<NodeId>& members) {
  epoch_ = epoch;
  View view{.epoch = epoch};
  for (const NodeId node : members)
    view.members.push_back({.node = node,
                            .incarnation = daemons_[node]->incarnation(),
                            .address = daemons_[node]->address()});
  view.configured_votes = static_cast<std::uint32_t>(members.size());
  for (const NodeId node : members) {
    if (!daemons_[node]->up()) continue;
    Program& program = *programs_[operators_[node]];
    HF_TRY([[maybe_unused]] const RequestId asked,
           program.connection.session().set_view({.view = wire::to_wire(view)}));
    ++answers_wanted_;
    program.connection.send(program);
  }
  return read_until([this] { return answers_wanted_ == 0; }, sync_max, "a view is not taken");
}

Result<std::size_t> LiveStage::connect(NodeId node) {
  ConnectOptions options;
  options.socket = daemons_[node]->socket();
  HF_TRY(Connection made, Connection::connect(options));
  programs_.push_back(std::make_unique<Program>(*this, programs_.size(), node, std::move(made)));
  return programs_.size() - 1;
}

Result<void> LiveStage::on(const sim::NodeCommand& command) {
  const NodeId node = command.node;
  const auto daemon = daemons_.find(node);
  const bool is_up = daemon != daemons_.end() && daemon->second->up();
  if (command.action == sim::NodeAction::fence_ack) return fence(node);
  const bool starts =
      command.action == sim::NodeAction::restart || command.action == sim::NodeAction::join;
  if (starts == is_up)
    return sim::wrong(sim::name_of(node) + (is_up ? " is up already" : " is not up"));
  if (starts) {
    if (auto done = start_daemon(node); !done) return done;
    return settings_.manual_membership ? Result<void>{} : publish_next();
  }
  read_what_is_there();
  if (command.action == sim::NodeAction::leave) return leave(node);
  if (command.action == sim::NodeAction::crash) owners_.machine_gone(node);
  daemon->second->kill();
  for (const auto& program : programs_) {
    if (program->node != node || program->gone) continue;
    const bool lives_on = command.action == sim::NodeAction::kill_daemon && !program->is_operator;
    if (lives_on) program->connection.drain(*program);
    program->gone = true;
    program->connection.hang_up();
  }
  return settings_.manual_membership ? Result<void>{} : publish_next();
}

// Its programs hear that their sessions are over, and the others go on without it.
Result<void> LiveStage::leave(NodeId node) {
  Daemon& leaving = *daemons_[node];
  leaving.ask_to_end();
  if (auto done = read_until([&] { return leaving.has_ended(); }, sync_max, "a daemon does not leave");
      !done)
    return done;
  for (const auto& program : programs_) {
    if (program->node != node || program->gone) continue;
    program->connection.drain(*program);
    program->gone = true;
    program->connection.hang_up();
  }
  return settings_.manual_membership ? Result<void>{} : publish_next();
}

Result<void> LiveStage::on(const sim::Move& move) {
  HF_TRY(const std::size_t index, any_operator());
  Program& program = *programs_[index];
  HF_TRY(const RequestId asked,
         program.connection.session().move({.to = move.to, .resource = move.name}));
  moves_[{index, asked}] = "move " + escaped(move.name) + " -> " + sim::name_of(move.to);
  program.connection.send(program);
  return read_until([this] { return moves_.empty(); }, sync_max, "a move is not answered");
}

Result<void> LiveStage::fence(NodeId node) {
  for (const auto& [at, daemon] : daemons_) {
    if (!daemon->up() || at == node) continue;
    Program& program = *programs_[operators_[at]];
    HF_TRY([[maybe_unused]] const RequestId asked,
           program.connection.session().fence_ack({.node = node}));
    ++answers_wanted_;
    program.connection.send(program);
  }
  return read_until([this] { return answers_wanted_ == 0; }, sync_max,
                    "a confirmation is not taken");
}

Result<void> LiveStage::on(const sim::ViewCommand& command) {
  return publish(command.epoch, command.nodes);
}

// ---- owners
// -------------------------------------------------------------------------------------------

Result<std::size_t> LiveStage::program_of(const sim::Request& request) {
  const sim::Who& who = request.who;
  const NodeId at = has_cluster_ ? who.node : NodeId{1};
  const auto known = by_name_.find(who.name);
  if (known != by_name_.end() && !programs_[known->second]->gone) return known->second;
  if (!at)
    return sim::wrong("'" + who.name +
                      "' needs @NODE: it is mentioned first here, or its process is gone");
  HF_TRY(const std::size_t index, connect(at));
  by_name_[who.name] = index;
  owners_.connected(index, who.name, at);
  owners_.opened(index, programs_[index]->connection.session().facts().owner);
  return index;
}

Result<void> LiveStage::on(const sim::Request& request) {
  HF_TRY(const std::size_t index, program_of(request));
  Program& program = *programs_[index];
  if (auto done = sim::make_call(program.connection.session(), owners_, index, request); !done)
    return done;
  program.connection.send(program);
  return {};
}

Result<void> LiveStage::on(const sim::ClientCommand& command) {
  const auto known = by_name_.find(command.name);
  if (known == by_name_.end()) return sim::wrong("there is no owner '" + command.name + "'");
  Program& program = *programs_[known->second];
  program.paused = command.action == sim::ClientAction::pause;
  if (command.action != sim::ClientAction::kill) return {};
  owners_.killed(program.index);
  program.gone = true;
  program.connection.hang_up();
  return {};
}

// ---- time
// ---------------------------------------------------------------------------------------------

// The whole time passes; then the block's lines may still be late.
Result<void> LiveStage::on(const sim::Advance& time) {
  read_for(SteadyClock::now() + time.by);
  const auto end = SteadyClock::now() + slack;
  if (auto done = settle(); !done) return done;
  while (!lines_have_come() && SteadyClock::now() < end) {
    read_for(std::min(end, SteadyClock::now() + std::chrono::milliseconds(50)));
    if (auto done = settle(); !done) return done;
  }
  return {};
}

bool LiveStage::lines_have_come() {
  std::vector<std::string> got;
  for (const sim::Line& line : record().lines()) got.push_back(line.text);
  return got.size() >= block_->expected.size();
}

Result<void> LiveStage::settle() {
  for (int round = 0; round < sync_rounds; ++round)
    if (auto done = sync_once(); !done) return done;
  return ask_status();
}

// A round over all sessions: what each has said is served, and what their nodes had sent is
// applied.
Result<void> LiveStage::sync_once() {
  for (const auto& program : programs_) {
    if (!readable(*program)) continue;
    const auto asked = program->connection.session().sync();
    if (!asked) continue;
    program->syncs.insert(*asked);
    program->connection.send(*program);
  }
  const auto none_open = [this] {
    return std::ranges::all_of(
        programs_, [this](const auto& one) { return !readable(*one) || one->syncs.empty(); });
  };
  return read_until(none_open, sync_max, "the cluster does not come to rest");
}

// Which nodes have opened for a new epoch?
Result<void> LiveStage::ask_status() {
  statuses_.clear();
  for (const auto& [node, daemon] : daemons_) {
    if (!daemon->up()) continue;
    Program& program = *programs_[operators_[node]];
    HF_TRY([[maybe_unused]] const RequestId asked, program.connection.session().status());
    ++answers_wanted_;
    program.connection.send(program);
  }
  if (auto done = read_until([this] { return answers_wanted_ == 0; }, sync_max,
                             "a node does not tell its status");
      !done)
    return done;
  for (const wire::NodeStatus& status : statuses_) {
    if (status.phase != NodePhase::open || opened_[status.node] == status.view.epoch) continue;
    opened_[status.node] = status.view.epoch;
    record().reached(status.node, "open", status.view.epoch);
  }
  return {};
}

template <class Done>
Result<void> LiveStage::read_until(Done done, SteadyClock::duration limit, std::string_view what) {
  const auto end = SteadyClock::now() + limit;
  while (!done()) {
    if (SteadyClock::now() >= end) return Error{Errc::timed_out, std::string(what)};
    read_for(SteadyClock::time_point{});
  }
  read_what_is_there();
  return {};
}

// Reads until `end`; with an end in the past: waits for one thing to come, for half a second at
// most.
void LiveStage::read_for(SteadyClock::time_point end) {
  while (true) {
    std::vector<pollfd> entries;
    for (const auto& program : programs_)
      if (readable(*program))
        entries.push_back({.fd = program->connection.fd(), .events = POLLIN, .revents = 0});
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - SteadyClock::now()).count();
    const bool once = end == SteadyClock::time_point{};
    if (!once && left <= 0) return read_what_is_there();
    ::poll(entries.data(), entries.size(), once ? 500 : static_cast<int>(left));
    read_what_is_there();
    if (once) return;
  }
}

void LiveStage::read_what_is_there() {
  for (std::size_t i = 0; i < programs_.size(); ++i)
    if (readable(*programs_[i])) programs_[i]->connection.drain(*programs_[i]);
}

void LiveStage::hear(Program& program, session::Event& event) {
  if (const auto* done = std::get_if<wire::Done>(&event)) {
    if (program.syncs.erase(done->request) != 0) return;
  }
  if (!program.is_operator) return owners_.hear(program.index, event);
  if (const auto* done = std::get_if<wire::Done>(&event)) {
    const auto move = moves_.extract({program.index, done->request});
    if (!move.empty()) return record().settled(move.mapped(), done->status);
  }
  if (const auto* row = std::get_if<wire::ResourceRow>(&event)) resources_.push_back(*row);
  if (const auto* row = std::get_if<wire::LockRow>(&event))
    locks_.emplace_back(resources_.size() - 1, row->lock);
  if (const auto* status = std::get_if<wire::NodeStatus>(&event)) statuses_.push_back(*status);
  const bool answers = std::holds_alternative<wire::Done>(event) ||
                       std::holds_alternative<wire::QueryEnd>(event) ||
                       std::holds_alternative<wire::NodeStatus>(event);
  if (answers && answers_wanted_ > 0) --answers_wanted_;
}

// ---- looking
// ------------------------------------------------------------------------------------------

Result<std::size_t> LiveStage::any_operator() {
  for (const auto& [node, daemon] : daemons_)
    if (daemon->up()) return operators_[node];
  return sim::wrong("no node is up");
}

Result<void> LiveStage::on(const sim::Look& look) {
  switch (look.at) {
    case sim::LookAt::resource:
      return look_at_resource(look.name);
    case sim::LookAt::members:
      return look_at_members();
    case sim::LookAt::tokens:
      record().look(escaped(look.name) + "  " + record().tokens(look.name));
      return {};
    case sim::LookAt::messages:
    case sim::LookAt::deadlocks:
      break;
  }
  return sim::wrong("this cannot be seen in real daemons");
}

Result<void> LiveStage::look_at_resource(const std::string& name) {
  HF_TRY(const std::size_t index, any_operator());
  Program& program = *programs_[index];
  resources_.clear();
  locks_.clear();
  HF_TRY([[maybe_unused]] const RequestId asked,
         program.connection.session().query(
             {.lockspace_pattern = default_lockspace, .name_pattern = "*"}));
  ++answers_wanted_;
  program.connection.send(program);
  if (auto done =
          read_until([this] { return answers_wanted_ == 0; }, sync_max, "a query is not answered");
      !done)
    return done;
  const auto row = std::ranges::find_if(
      resources_, [&](const auto& one) { return joined(*split_key(one.resource.key)) == name; });
  if (row == resources_.end()) return record().look(escaped(name) + "  not in use"), Result<void>{};
  sim::ResourcePicture picture{
      .name = name, .value_state = row->resource.value_state, .value = row->resource.value};
  if (has_cluster_) {
    picture.master = row->resource.master;
    picture.home = row->resource.home;
  }
  for (const auto& [place, lock] : locks_) {
    if (place != static_cast<std::size_t>(row - resources_.begin())) continue;
    picture.locks.push_back(
        {.standing = lock.standing,
         .who = lock.orphan != 0 ? "" : owners_.who_is(lock.node, lock.claim, lock.owner),
         .granted = lock.granted,
         .wanted = lock.wanted,
         .node = has_cluster_ ? lock.node : NodeId{}});
  }
  for (std::string& line : drawn(std::move(picture))) record().look(std::move(line));
  return {};
}

Result<void> LiveStage::look_at_members() {
  if (auto done = ask_status(); !done) return done;
  std::ranges::sort(statuses_, {}, &wire::NodeStatus::node);
  for (const wire::NodeStatus& status : statuses_) {
    std::string line = sim::name_of(status.node) + "  " + std::string(name_of(status.phase)) +
                       "  epoch " + std::to_string(status.view.epoch.value()) + "  members";
    for (const wire::WireMember& member : status.view.members)
      line += " " + sim::name_of(member.node);
    record().look(std::move(line));
  }
  return {};
}

sim::Depth live_depth(std::string bin) {
  return {
      .name = "live",
      .line_order = [](const Script&) { return sim::LineOrder::per_owner; },
      .why_not = why_not,
      .make = [bin = std::move(bin)](const Script& script) -> Result<std::unique_ptr<sim::Stage>> {
        HF_TRY(sim::ClusterSettings settings, sim::read_cluster(script));
        auto stage =
            std::make_unique<LiveStage>(bin, std::move(settings), script.cluster() != nullptr);
        if (auto started = stage->start(); !started) return started.error();
        return std::unique_ptr<sim::Stage>(std::move(stage));
      }};
}

}  // namespace holdfast::live
