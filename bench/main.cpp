// SPDX-License-Identifier: Apache-2.0
// holdfast-bench: what a lock costs, beside what the machine charges for the same messages alone.
// Lock rounds and echo rounds take turns, so that noise hits both, and ratios compare rounds that
// stood next to each other.
#include "bench/cluster.hpp"
#include "bench/deadlock.hpp"
#include "bench/echo.hpp"
#include "bench/fleet.hpp"
#include "bench/frame_load.hpp"
#include "bench/lock_load.hpp"
#include "bench/machines.hpp"
#include "bench/options.hpp"
#include "bench/recovery.hpp"
#include "bench/report.hpp"
#include "wire/client_messages.hpp"
#include "wire/framing.hpp"

#include <cstdio>
#include <memory>

namespace holdfast::bench {
namespace {

// As long as the request for a lock with one of the names that are measured here.
EchoSizes echo_sizes() {
  return {.message = wire::frame_header_bytes +
                     wire::encoded_size(wire::Lock{.resource = "bench/local/0000"})};
}

void measure_machines(const Options& options, std::vector<Row>& rows) {
  for (const MachineRow& machine : machine_rows())
    rows.push_back(
        {.section = machine.name,
         .name = machine.operation,
         .unit = Unit::nanoseconds,
         .samples = measure_machine(machine, options.rounds, options.machine_operations)});
}

// One thing that is measured in turns: the floor, or a use of the lock manager.
struct Trips {
  Row row;
  double trips = 1;  // bare round trips that it is allowed to be compared with
  std::function<void(std::size_t, Samples&)> measure;
};

// The first one is the floor of the others.
void take_turns(const Options& options, std::vector<Trips>& all, std::vector<Row>& rows) {
  for (Trips& trips : all) {
    Samples warm;
    trips.measure(options.trips_per_round / 4, warm);
  }
  for (std::size_t round = 0; round < options.rounds; ++round) {
    double floor = 0;
    for (Trips& trips : all) {
      Samples fresh;
      trips.measure(options.trips_per_round, fresh);
      if (&trips == &all.front())
        floor = fresh.median();
      else
        trips.row.ratios.add_number(fresh.median() / (floor * trips.trips));
      trips.row.samples.add(fresh);
    }
  }
  for (Trips& trips : all) rows.push_back(std::move(trips.row));
}

Trips lock_trips(std::string name, Unlocking unlocking, LockRoundTrips& load) {
  const bool answered = unlocking == Unlocking::answered;
  return {
      .row = {.section = "round trips",
              .name = std::move(name) + (answered ? ", answered unlock" : ", unanswered release"),
              .floor = answered ? "two bare round trips" : "one bare round trip"},
      .trips = answered ? 2.0 : 1.0,
      .measure = [&load, unlocking](std::size_t n, Samples& out) {
        load.measure(unlocking, n, out);
      }};
}

Trips echo_trips(std::string name, EchoRoundTrips& echo) {
  return {.row = {.section = "round trips", .name = std::move(name)},
          .measure = [&echo](std::size_t n, Samples& out) { echo.measure(n, out); }};
}

void measure_local(const Options& options, const EchoServers& servers, const Cluster& cluster,
                   std::vector<Row>& rows) {
  EchoRoundTrips echo(servers.local_socket(), echo_sizes());
  LockRoundTrips load(cluster.socket(1), "bench/local");
  std::vector<Trips> all;
  all.push_back(echo_trips("bare echo, Unix socket", echo));
  all.push_back(lock_trips("local lock", Unlocking::unanswered, load));
  all.push_back(lock_trips("local lock", Unlocking::answered, load));
  for (std::size_t i : {1U, 2U}) all[i].row.bound = {.kind = Bound::Kind::at_most, .ratio = 2.0};
  take_turns(options, all, rows);
}

void measure_remote(const Options& options, const EchoServers& servers, const Cluster& cluster,
                    std::vector<Row>& rows) {
  EchoRoundTrips echo(servers.remote_socket(), echo_sizes());
  LockRoundTrips load(cluster.socket(2), "bench/there");
  // Node 1 becomes and stays master of these names: it holds all of them, in a mode that is in
  // nobody's way.
  Client master = connect(cluster.socket(1));
  std::vector<Lock> held;
  for (const std::string& name : load.names())
    held.push_back(must(master.lock(name, Mode::NL), "cannot lock"));
  std::vector<Trips> all;
  all.push_back(echo_trips("bare echo, Unix socket + relay + TCP", echo));
  all.push_back(lock_trips("remote lock", Unlocking::unanswered, load));
  all.push_back(lock_trips("remote lock", Unlocking::answered, load));
  take_turns(options, all, rows);
}

// A rate and, below it, the processor time of both ends.
struct PipelineRows {
  Row rate;
  Row client;
  Row server;
  void add(const Rate& measured) {
    rate.samples.add_number(measured.per_second);
    client.samples.add_number(measured.client_ns);
    server.samples.add_number(measured.server_ns);
  }
  void append_to(std::vector<Row>& rows) {
    for (Row* row : {&rate, &client, &server}) rows.push_back(std::move(*row));
  }
};

PipelineRows pipeline_rows(const char* what, const char* server) {
  const std::string section = "pipelined, 16 client processes x 64 outstanding";
  return {.rate = {.section = section, .name = what, .unit = Unit::per_second},
          .client = {.section = section,
                     .name = "  processor time of each in the client",
                     .unit = Unit::nanoseconds},
          .server = {.section = section,
                     .name = std::string("  and in the ") + server,
                     .unit = Unit::nanoseconds}};
}

template <class Load>
Fleet fleet(PipelineShape shape, const std::string& socket, const std::string& names) {
  return Fleet(shape.clients, [&](std::size_t number) {
    // Of its own: a fleet that pauses goes on holding what it was granted.
    const std::string prefix = names + "/" + std::to_string(number);
    const auto load = std::make_shared<Load>(socket, prefix, shape);
    return [load](Nanoseconds duration) { return load->run(duration); };
  });
}

// One use of a server by many clients, measured in turns with the others.
struct Stream {
  PipelineRows rows;
  Fleet fleet;
  int server_pid;
};

// The first one is the floor of the others.
void take_turns(const Options& options, std::vector<Stream>& all, std::vector<Row>& rows) {
  for (Stream& stream : all)
    (void)stream.fleet.measure(options.pipeline_per_round / 2, stream.server_pid);
  for (std::size_t round = 0; round < options.rounds; ++round) {
    double floor = 0;
    for (Stream& stream : all) {
      const Rate measured = stream.fleet.measure(options.pipeline_per_round, stream.server_pid);
      stream.rows.add(measured);
      if (&stream == &all.front())
        floor = measured.per_second;
      else
        stream.rows.rate.ratios.add_number(measured.per_second / floor);
    }
  }
  for (Stream& stream : all) stream.rows.append_to(rows);
}

void measure_pipeline(const Options& options, const EchoServers& servers, const Cluster& cluster,
                      std::vector<Row>& rows) {
  const PipelineShape shape;
  const std::string daemon = cluster.socket(1);
  const int daemon_pid = server_pid(connect(daemon).fd());
  std::vector<Stream> all;
  all.push_back({.rows = pipeline_rows("bare echo, messages", "echo server"),
                 .fleet = Fleet(shape.clients,
                                [&](std::size_t) {
                                  const auto load = std::make_shared<EchoPipeline>(
                                      servers.local_socket(), echo_sizes(), shape);
                                  return
                                      [load](Nanoseconds duration) { return load->run(duration); };
                                }),
                 .server_pid = servers.local_pid()});
  all.push_back({.rows = pipeline_rows("local lock + unanswered release, pairs", "daemon"),
                 .fleet = fleet<FramePipeline>(shape, daemon, "bench/pipe"),
                 .server_pid = daemon_pid});
  all.push_back({.rows = pipeline_rows("the same by the client library, pairs", "daemon"),
                 .fleet = fleet<LockPipeline>(shape, daemon, "bench/calls"),
                 .server_pid = daemon_pid});
  for (std::size_t i : {1U, 2U}) all[i].rows.rate.floor = "bare echo, messages";
  all[1].rows.rate.bound = {.kind = Bound::Kind::at_least, .ratio = 0.25};
  take_turns(options, all, rows);
}

void measure_cluster(const Options& options, std::vector<Row>& rows) {
  const TemporaryDirectory directory;
  const EchoServers servers(directory.path());
  const Cluster cluster(directory.path());
  if (options.part != Part::pipeline) {
    measure_local(options, servers, cluster, rows);
    measure_remote(options, servers, cluster, rows);
  }
  measure_pipeline(options, servers, cluster, rows);
}

int run(const Options& options) {
  const bool recovers = options.part == Part::recovery;
  const Setting setting =
      read_setting(recovers ? "two processors" : "processor " + std::to_string(pin_to_one_processor()));
  std::vector<Row> rows;
  if (recovers)
    measure_recovery(options, rows);
  else if (options.part == Part::deadlock)
    measure_deadlock(options, rows);
  else if (options.part != Part::machines) measure_cluster(options, rows);
  if (options.part == Part::all || options.part == Part::machines) measure_machines(options, rows);
  const std::string text =
      options.form == Form::json ? as_json(setting, rows) : as_table(setting, rows);
  std::fputs(text.c_str(), stdout);
  return options.check && !std::ranges::all_of(rows, keeps_bound) ? 1 : 0;
}

}  // namespace
}  // namespace holdfast::bench

int main(int argc, char** argv) { return holdfast::bench::run(holdfast::bench::parse(argc, argv)); }
