// SPDX-License-Identifier: Apache-2.0
// Translates: commands into calls and events of the world, what sessions and nodes say into lines.
#include "sim/scenario/cluster_stage.hpp"

#include "model/name.hpp"
#include "sim/scenario/calls.hpp"
#include "sim/scenario/cluster_settings.hpp"
#include "sim/scenario/owners.hpp"
#include "sim/scenario/picture.hpp"
#include "sim/scenario/words.hpp"
#include "sim/checkers/beliefs.hpp"
#include "sim/world/world.hpp"

#include <algorithm>
#include <map>

namespace holdfast::sim {
namespace {

constexpr std::uint32_t operator_uid = 0;

// Calls go through the world, which keeps the ledger of beliefs.
struct WorldCaller {
  World& world;
  std::size_t client;
  const std::string& name;  // as the script writes it
  Result<RequestId> lock(const wire::Lock& m) { return world.lock(client, m, name); }
  Result<RequestId> convert(const wire::Convert& m) { return world.convert(client, m); }
  Result<RequestId> unlock(const wire::Unlock& m) { return world.unlock(client, m); }
  Result<void> release(const wire::Release& m) { return world.release(client, m); }
  Result<RequestId> cancel(const wire::Cancel& m) {
    return flushed(world.client(client).session->cancel(m));
  }
  Result<RequestId> purge(const wire::Purge& m) {
    return flushed(world.client(client).session->purge(m));
  }
  Result<RequestId> flushed(Result<RequestId> asked) { return world.flush(client), asked; }
};

class ClusterStage final : public Stage, private ClientEvents {
 public:
  ClusterStage(const ClusterSettings& settings, bool has_cluster,
               std::function<void(const std::string&)> tracer)
      : has_cluster_(has_cluster),
        manual_(settings.manual_membership),
        owners_(record()),
        world_(world_settings(settings), *this) {
    world_.tracer = std::move(tracer);
    world_.on_trace = [this](NodeId node, const node::Trace& trace) { on_trace(node, trace); };
    world_.publish_next();
    if (has_cluster) return;
    HF_ASSERT(world_.settle().has_value());
    (void)record().take();
  }

  void begin(const Block& block) override {
    owners_.set_order(block.order);
    if (++blocks_ == 2) (void)world_.take_messages();  // how the cluster came up is no news
  }
  Result<void> carry_out(const Command& command) override {
    owners_.begin_command();
    return std::visit([this](const auto& action) { return on(action); }, command.action);
  }
  Result<void> settle() override { return world_.settle(); }
  Result<void> check() override {
    check_nodes(world_);
    return check_beliefs(world_);
  }

 private:
  static WorldSettings world_settings(const ClusterSettings& settings) {
    WorldSettings world{.machines = settings.nodes,
                        .seed = settings.seed,
                        .votes = settings.votes,
                        .node = settings.node};
    if (settings.manual_membership) world.membership = Membership::manual;
    return world;
  }
  Result<void> on(const ClusterLine&) { return {}; }
  Result<void> on(const Request& request);
  Result<void> on(const Advance& time) { return world_.pass(time.by); }
  Result<void> on(const Run&) { return world_.settle(); }
  Result<void> on(const Heal&) { return world_.heal(), Result<void>{}; }
  Result<void> on(const Traffic& traffic);
  Result<void> on(const Partition& partition);
  Result<void> on(const NodeCommand& command);
  Result<void> on(const ClockChange& change);
  Result<void> on(const ClientCommand& command);
  Result<void> on(const ViewCommand& command);
  Result<void> on(const Move& move);
  Result<void> on(const Look& look);

  Result<std::size_t> client_of(const Request& request);
  Result<void> must_be(NodeId node, bool up);
  Result<void> fence(NodeId node);
  std::size_t operator_at(Machine& machine);
  Result<std::size_t> first_operator();
  Result<void> look_at_resource(const std::string& name);
  Result<void> look_at_deadlocks();
  [[nodiscard]] std::string line_of(const wire::DeadlockReport& deadlock) const;
  Result<void> look_at_members();

  void on_trace(NodeId node, const node::Trace& trace);
  void on_event(std::size_t client, const session::Event& event) override;
  void on_operator_event(std::size_t client, const session::Event& event);

  bool has_cluster_;
  bool manual_;
  int blocks_ = 0;
  Owners owners_;
  World world_;
  std::map<std::string, std::size_t> clients_;  // of the owners' names
  std::map<std::pair<NodeId, Incarnation>, std::size_t> operators_;
  std::map<std::pair<std::size_t, RequestId>, std::string> moves_;  // asked for: client, request
  std::vector<wire::ResourceRow> resources_;
  std::vector<std::string> deadlocks_;
  std::vector<wire::LockRow> locks_;
  std::vector<std::string> statuses_;
};

// ---- requests
// -----------------------------------------------------------------------------------------

Result<std::size_t> ClusterStage::client_of(const Request& request) {
  const Who& who = request.who;
  if (!has_cluster_ && who.node) return wrong("'@' needs a cluster line in the first block");
  const NodeId at = has_cluster_ ? who.node : NodeId{1};
  const auto known = clients_.find(who.name);
  const bool usable = known != clients_.end() && world_.client(known->second).alive &&
                      world_.client(known->second).session->phase() != session::Phase::over;
  if (usable) {
    const NodeId lives = world_.machines()[world_.client(known->second).machine].id;
    if (at && lives != at) return wrong("'" + who.name + "' lives at " + name_of(lives));
    return known->second;
  }
  if (!at)
    return wrong("'" + who.name +
                 "' needs @NODE: it is mentioned first here, or its process is gone");
  if (auto fine = must_be(at, true); !fine) return fine.error();
  const std::size_t client = world_.connect(who.name, at, operator_uid);
  clients_[who.name] = client;
  owners_.connected(client, who.name, at);
  return client;
}

Result<void> ClusterStage::on(const Request& request) {
  HF_TRY(const std::size_t client, client_of(request));
  return make_call(WorldCaller{world_, client, request.name}, owners_, client, request);
}

// ---- the world
// ----------------------------------------------------------------------------------------

Result<void> ClusterStage::must_be(NodeId node, bool up) {
  const Machine* machine = world_.machine(node);
  if (machine == nullptr) return wrong("there is no " + name_of(node) + " in this cluster");
  if (machine->up() == up) return {};
  return wrong(name_of(node) + (up ? " is down" : " is up already"));
}

Result<void> ClusterStage::on(const Traffic& traffic) {
  for (const NodeId end : {traffic.from, traffic.to})
    if (world_.machine(end) == nullptr)
      return wrong("there is no " + name_of(end) + " in this cluster");
  Hold what{.from = traffic.from, .to = traffic.to, .message = traffic.message};
  switch (traffic.action) {
    case TrafficAction::hold:
      world_.hold(std::move(what));
      break;
    case TrafficAction::release:
      world_.release_held(what);
      break;
    case TrafficAction::drop:
      world_.drop(std::move(what));
      break;
    case TrafficAction::duplicate:
      world_.duplicate(std::move(what));
      break;
  }
  return {};
}

Result<void> ClusterStage::on(const Partition& partition) {
  for (const auto& group : partition.groups)
    for (const NodeId node : group)
      if (world_.machine(node) == nullptr)
        return wrong("there is no " + name_of(node) + " in this cluster");
  world_.partition(partition.groups);
  return {};
}

Result<void> ClusterStage::on(const NodeCommand& command) {
  const NodeId node = command.node;
  const bool must_be_up =
      command.action != NodeAction::restart && command.action != NodeAction::join;
  if (command.action == NodeAction::fence_ack) return fence(node);
  if (command.action == NodeAction::poll) {
    if (auto fine = must_be(node, true); fine) world_.poll_device(node);
    return must_be(node, true);
  }
  if (command.action != NodeAction::join)
    if (auto fine = must_be(node, must_be_up); !fine) return fine;
  switch (command.action) {
    case NodeAction::step:
      if (!world_.step_machine(node)) return wrong("nothing is on its way to " + name_of(node));
      return {};
    case NodeAction::crash:
      owners_.machine_gone(node);
      world_.crash(node);
      break;
    case NodeAction::kill_daemon:
      world_.kill_daemon(node);
      break;
    case NodeAction::join:
      if (world_.machine(node) != nullptr)
        return wrong(name_of(node) + " is there already; use restart");
      [[fallthrough]];
    case NodeAction::restart:
      world_.start(node);
      break;
    case NodeAction::leave:
      world_.leave(node);
      return {};  // the next view comes when it has left
    case NodeAction::fence_ack:
    case NodeAction::poll:
      break;
  }
  if (!manual_) world_.publish_next();
  return {};
}

Result<void> ClusterStage::fence(NodeId node) {
  for (Machine& machine : world_.machines()) {
    if (!machine.up() || machine.id == node) continue;
    const std::size_t client = operator_at(machine);
    HF_TRY([[maybe_unused]] const RequestId asked,
           world_.client(client).session->fence_ack({.node = node}));
    world_.flush(client);
  }
  return {};
}

Result<void> ClusterStage::on(const ClockChange& change) {
  if (world_.machine(change.node) == nullptr) return wrong("there is no " + name_of(change.node));
  world_.set_clock(change.node, change.by);
  return {};
}

Result<void> ClusterStage::on(const ClientCommand& command) {
  const auto known = clients_.find(command.name);
  if (known == clients_.end()) return wrong("there is no owner '" + command.name + "'");
  switch (command.action) {
    case ClientAction::pause:
      world_.pause_client(known->second);
      break;
    case ClientAction::resume:
      world_.resume_client(known->second);
      break;
    case ClientAction::kill:
      owners_.killed(known->second);
      world_.kill_client(known->second);
      break;
  }
  return {};
}

Result<void> ClusterStage::on(const ViewCommand& command) {
  for (const NodeId node : command.nodes)
    if (world_.machine(node) == nullptr)
      return wrong("there is no " + name_of(node) + " in this cluster");
  if (command.nodes.empty()) return wrong("'view' needs at least one node");
  world_.publish(command.epoch, command.nodes, command.quorate);
  return {};
}

Result<void> ClusterStage::on(const Move& move) {
  if (world_.machine(move.to) == nullptr)
    return wrong("there is no " + name_of(move.to) + " in this cluster");
  HF_TRY(const std::size_t client, first_operator());
  HF_TRY(const RequestId asked,
         world_.client(client).session->move({.to = move.to, .resource = move.name}));
  moves_[{client, asked}] = "move " + escaped(move.name) + " -> " + name_of(move.to);
  world_.flush(client);
  return {};
}

// ---- looking
// ------------------------------------------------------------------------------------------

std::size_t ClusterStage::operator_at(Machine& machine) {
  const auto key = std::pair{machine.id, machine.incarnation};
  if (!operators_.contains(key))
    operators_[key] = world_.connect("operator@" + name_of(machine.id), machine.id, operator_uid);
  return operators_[key];
}

Result<std::size_t> ClusterStage::first_operator() {
  for (Machine& machine : world_.machines())
    if (machine.up()) return operator_at(machine);
  return wrong("no node is up");
}

Result<void> ClusterStage::on(const Look& look) {
  switch (look.at) {
    case LookAt::resource:
      return look_at_resource(look.name);
    case LookAt::members:
      return look_at_members();
    case LookAt::tokens:
      record().look(escaped(look.name) + "  " + record().tokens(look.name));
      return {};
    case LookAt::messages:
      for (std::string& line : world_.take_messages()) record().look(std::move(line));
      return {};
    case LookAt::deadlocks:
      return look_at_deadlocks();
  }
  return {};
}

Result<void> ClusterStage::look_at_resource(const std::string& name) {
  HF_TRY(const std::size_t client, first_operator());
  resources_.clear();
  locks_.clear();
  HF_TRY([[maybe_unused]] const RequestId asked,
         world_.client(client).session->query(
             {.lockspace_pattern = default_lockspace, .name_pattern = "*"}));
  world_.flush(client);
  if (auto done = world_.settle(); !done) return done;
  const auto row = std::ranges::find_if(
      resources_, [&](const auto& one) { return joined(*split_key(one.resource.key)) == name; });
  if (row == resources_.end()) return record().look(escaped(name) + "  not in use"), Result<void>{};
  ResourcePicture picture{
      .name = name, .value_state = row->resource.value_state, .value = row->resource.value};
  if (has_cluster_) {
    picture.master = row->resource.master;
    picture.home = row->resource.home;
  }
  for (const wire::LockRow& one : locks_) {
    if (one.request.value() != static_cast<std::uint64_t>(row - resources_.begin())) continue;
    const std::string who =
        one.lock.orphan != 0 ? "" : owners_.who_is(one.lock.node, one.lock.claim, one.lock.owner);
    picture.locks.push_back({.standing = one.lock.standing,
                             .who = who,
                             .granted = one.lock.granted,
                             .wanted = one.lock.wanted,
                             .node = has_cluster_ ? one.lock.node : NodeId{}});
  }
  for (std::string& line : drawn(std::move(picture))) record().look(std::move(line));
  return {};
}

// The latest first; of each the victim, and then those who waited behind one another up to it.
Result<void> ClusterStage::look_at_deadlocks() {
  HF_TRY(const std::size_t client, first_operator());
  deadlocks_.clear();
  HF_TRY([[maybe_unused]] const RequestId asked, world_.client(client).session->list_deadlocks());
  world_.flush(client);
  if (auto done = world_.settle(); !done) return done;
  if (deadlocks_.empty()) record().look("no deadlocks");
  for (std::string& line : std::exchange(deadlocks_, {})) record().look(std::move(line));
  return {};
}

std::string ClusterStage::line_of(const wire::DeadlockReport& deadlock) const {
  std::string line;
  for (const wire::DeadlockMember& member : deadlock.members)
    line += (line.empty() ? "" : &member == &deadlock.members[1] ? " deadlock with " : " ") +
            owners_.who_was(member.owner.node, member.claim);
  return line;
}

Result<void> ClusterStage::look_at_members() {
  for (Machine& machine : world_.machines()) {
    if (!machine.up()) continue;
    const std::size_t client = operator_at(machine);
    HF_TRY([[maybe_unused]] const RequestId asked, world_.client(client).session->status());
    world_.flush(client);
    if (auto done = world_.settle(); !done) return done;
  }
  std::ranges::sort(statuses_);
  for (std::string& line : std::exchange(statuses_, {})) record().look(std::move(line));
  return {};
}

// ---- what is said
// -------------------------------------------------------------------------------------

void ClusterStage::on_trace(NodeId node, const node::Trace& trace) {
  if (trace.kind == node::TraceKind::opened) record().reached(node, "open", Epoch{trace.a});
  if (trace.kind == node::TraceKind::lease_expired)
    record().reached(node, "expired", world_.machine(node)->saved_epoch);
}

void ClusterStage::on_event(std::size_t client, const session::Event& event) {
  const bool is_operator =
      std::ranges::any_of(operators_, [&](const auto& one) { return one.second == client; });
  if (is_operator) return on_operator_event(client, event);
  const bool opened = std::holds_alternative<session::Opened>(event);
  if (opened)
    owners_.opened(client, world_.client(client).session->facts().owner);
  else
    owners_.hear(client, event);
}

void ClusterStage::on_operator_event(std::size_t client, const session::Event& event) {
  if (const auto* done = std::get_if<wire::Done>(&event)) {
    const auto move = moves_.extract({client, done->request});
    if (!move.empty())
      record().settled(move.mapped(), done->status);
  }
  if (const auto* row = std::get_if<wire::DeadlockRow>(&event)) deadlocks_.push_back(line_of(row->report));
  if (const auto* row = std::get_if<wire::ResourceRow>(&event)) resources_.push_back(*row);
  if (const auto* row = std::get_if<wire::LockRow>(&event)) {
    locks_.push_back(*row);
    locks_.back().request = RequestId{resources_.size() - 1};  // its resource
  }
  if (const auto* status = std::get_if<wire::NodeStatus>(&event)) {
    std::string line = name_of(status->node) + "  " + std::string(name_of(status->phase)) +
                       "  epoch " + std::to_string(status->view.epoch.value()) + "  members";
    for (const wire::WireMember& member : status->view.members) line += " " + name_of(member.node);
    statuses_.push_back(std::move(line));
  }
}

}  // namespace

Depth cluster_depth(std::function<void(const std::string&)> tracer) {
  // What one turn of a node says to several owners arrives in an order that means nothing; where a
  // script was written for the engine, its order of these lines is another one.
  const auto line_order = [](const Script& script) {
    return script.cluster() != nullptr ? LineOrder::exact : LineOrder::per_owner;
  };
  return {
      .name = "sim",
      .line_order = line_order,
      .why_not = [](const Script&) { return std::string(); },
      .make = [tracer = std::move(tracer)](const Script& script) -> Result<std::unique_ptr<Stage>> {
        HF_TRY(const ClusterSettings settings, read_cluster(script));
        return std::unique_ptr<Stage>(
            std::make_unique<ClusterStage>(settings, script.cluster() != nullptr, tracer));
      }};
}

}  // namespace holdfast::sim
