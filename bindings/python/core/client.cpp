// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <pybind11/stl.h>

#include <array>
#include <utility>

#include "failure.hpp"
#include "reports.hpp"

namespace py = pybind11;
using namespace pybind11::literals;

namespace holdfast::python {
namespace {

// Calls that wait for the daemon let other threads of Python run.
template <class Call>
auto unhindered(Call call) {
  const py::gil_scoped_release released;
  return call();
}

// A lock stays with its session under its id; the object that the client needs exists for one call, which must not
// throw: the lock would go with the object.
template <class Call>
auto with_lock(Session& session, std::uint64_t id, Call call) {
  Lock lock = session.client().attach(ClaimId{id});
  if (!lock) throw Failure{Error{Errc::no_such_lock}};
  auto result = call(lock);
  (void)lock.detach();
  return result;
}

Mode to_mode(std::uint32_t number) {
  if (!is_mode(number)) throw Failure{Error{Errc::bad_mode}};
  return static_cast<Mode>(number);
}

FlagSet to_flags(const std::vector<std::string>& names) {
  FlagSet flags;
  for (const std::string& name : names) {
    const auto flag = parse_flag(name);
    if (!flag) throw Failure{Error{Errc::bad_flags, "there is no option '" + name + "'"}};
    flags.set(*flag);
  }
  return flags;
}

py::object to_object(const Error* error) {
  return error == nullptr ? py::object(py::none()) : to_exception(Refusal{*error});
}

// ---- events: (kind, request, lock, what) -----------------------------------------------------------------

py::dict grant_to_dict(const Grant& grant) {
  return py::dict("mode"_a = static_cast<int>(grant.mode), "token"_a = to_dict(grant.token),
                  "value_state"_a = name_of_state(grant.value_state), "write_number"_a = grant.write_number,
                  "value"_a = py::bytes(grant.value), "demoted"_a = grant.demoted,
                  "alternative"_a = grant.alternative, "doubtful"_a = grant.doubtful);
}

struct ToTuple {
  py::tuple operator()(event::Granted& e) const {
    const py::dict grant = grant_to_dict(e.lock.grant());
    return py::make_tuple("granted", e.request.value(), e.lock.detach().value(), grant);
  }
  py::tuple operator()(const event::Converted& e) const {
    return py::make_tuple("converted", e.request.value(), e.lock.value(), grant_to_dict(e.grant));
  }
  py::tuple operator()(const event::Refused& e) const {
    return py::make_tuple("refused", e.request.value(), e.lock.value(), to_exception(e.why));
  }
  py::tuple operator()(const event::Waiting& e) const {
    return py::make_tuple("waiting", e.request.value(), e.lock.value(), to_list(e.blockers));
  }
  py::tuple operator()(const event::Done& e) const {
    return py::make_tuple("done", e.request.value(), 0, to_object(e.result ? nullptr : &e.result.error()));
  }
  py::tuple operator()(const event::Notice& e) const {
    return py::make_tuple("notice", 0, e.lock.value(), static_cast<int>(e.wanted));
  }
  py::tuple operator()(const event::Lost& e) const { return py::make_tuple("lost", 0, e.lock.value(), to_object(&e.why)); }
  py::tuple operator()(const event::Ended& e) const { return py::make_tuple("ended", 0, 0, to_object(&e.why)); }
  // News that the Python half has no word for.
  template <class Other>
  py::tuple operator()(const Other&) const {
    return py::make_tuple("other", 0, 0, py::none());
  }
};

// Appends to a deque: no signal handler of Python can come between what is taken here and where it is kept.
void take_events(Session& session, const py::object& into) {
  const py::object append = into.attr("append");
  while (auto event = session.client().next_event()) append(std::visit(ToTuple{}, *event));
}

// ---- calls ------------------------------------------------------------------------------------------------

std::uint64_t lock(Session& session, const std::string& name, std::uint32_t mode, const LockOptions& options) {
  return take(session.client().lock_async(name, to_mode(mode), options)).value();
}

// The value outlives the call, which only looks at it.
using Value = std::optional<std::string>;

std::optional<std::string_view> view_of(const Value& value) {
  return value ? std::optional<std::string_view>(*value) : std::nullopt;
}

std::uint64_t convert(Session& session, std::uint64_t id, std::uint32_t mode, ConvertOptions options,
                      const Value& value) {
  options.write_value = view_of(value);
  const Mode wanted = to_mode(mode);
  return take(with_lock(session, id, [&](Lock& l) { return l.convert_async(wanted, options); })).value();
}

std::uint64_t release(Session& session, std::uint64_t id, const std::vector<std::string>& flags, const Value& value) {
  const ReleaseOptions options{.write_value = view_of(value), .flags = to_flags(flags)};
  return take(with_lock(session, id, [&](Lock& l) { return l.release_async(options); })).value();
}

void release_unanswered(Session& session, std::uint64_t id) {
  take(with_lock(session, id, [](Lock& l) { return l.release_unanswered(); }));
}

bool held(Session& session, std::uint64_t id) {
  if (session.closed()) return false;
  Lock lock = session.client().attach(ClaimId{id});
  const bool is = lock.held();
  (void)lock.detach();
  return is;
}

py::tuple query(Session& session, const QueryOptions& options) {
  Client& client = session.client();
  const QueryPage page = take(unhindered([&] { return client.query(options); }));
  py::list resources;
  for (const ResourceInfo& resource : page.resources) resources.append(to_dict(resource));
  return py::make_tuple(resources, py::bytes(page.next), page.complete);
}

py::dict status(Session& session, std::int64_t answer_max) {
  Client& client = session.client();
  return to_dict(take(unhindered([&] { return client.status(std::chrono::nanoseconds(answer_max)); })));
}

py::list lockspaces(Session& session) {
  Client& client = session.client();
  py::list all;
  for (const LockspaceInfo& one : take(unhindered([&] { return client.lockspaces(); }))) all.append(to_dict(one));
  return all;
}

template <class Words, class Enum>
Enum one_of(const std::string& word, const Words& words, Enum) {
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words[i] == word) return static_cast<Enum>(i);
  std::string allowed;
  for (const std::string_view known : words) allowed += " " + std::string(known);
  throw Failure{Error{Errc::bad_argument, "'" + word + "' is none of:" + allowed}};
}

std::uint32_t open_lockspace(Session& session, const std::string& name, const std::string& use, unsigned mode) {
  constexpr std::array<std::string_view, 4> uses{"any", "existing", "join", "join_new"};
  const LockspaceOptions options{.use = one_of(use, uses, LockspaceUse{}), .mode = mode};
  Client& client = session.client();
  return take(unhindered([&] { return client.open_lockspace(name, options); })).handle;
}

void leave_lockspace(Session& session, const std::string& name, const std::string& how) {
  constexpr std::array<std::string_view, 2> hows{"if_unused", "force"};
  const LeaveHow leave = one_of(how, hows, LeaveHow{});
  Client& client = session.client();
  take(unhindered([&] { return client.leave_lockspace(name, leave); }));
}

void purge(Session& session, const PurgeOptions& options) {
  Client& client = session.client();
  take(unhindered([&] { return client.purge(options); }));
}

void sync(Session& session) {
  Client& client = session.client();
  take(unhindered([&] { return client.sync(); }));
}

void move(Session& session, const std::string& name, std::uint32_t to, std::uint16_t lockspace) {
  Client& client = session.client();
  take(unhindered([&] { return client.move(name, NodeId{to}, Lockspace{lockspace}); }));
}

void fence_ack(Session& session, std::uint32_t node) {
  Client& client = session.client();
  take(unhindered([&] { return client.fence_ack(NodeId{node}); }));
}

// ---- options: plain fields ---------------------------------------------------------------------------------

template <class Options>
void add_nanoseconds(py::class_<Options>& type, const char* name, std::chrono::nanoseconds Options::*field) {
  type.def_property(
      name, [field](const Options& o) { return (o.*field).count(); },
      [field](Options& o, std::int64_t count) { o.*field = std::chrono::nanoseconds(count); });
}

// An enum of two as a truth value: the second one is true.
template <class Options, class Enum>
void add_choice(py::class_<Options>& type, const char* name, Enum Options::*field) {
  type.def_property(
      name, [field](const Options& o) { return static_cast<int>(o.*field) != 0; },
      [field](Options& o, bool on) { o.*field = static_cast<Enum>(on ? 1 : 0); });
}

template <class Options>
void add_flags(py::class_<Options>& type) {
  type.def("set_flags", [](Options& o, const std::vector<std::string>& names) { o.flags = to_flags(names); });
}

void add_options(py::module_& module) {
  py::class_<ConnectOptions> connect(module, "ConnectOptions");
  connect.def(py::init<>()).def_readwrite("socket", &ConnectOptions::socket).def_readwrite("label", &ConnectOptions::label);
  add_choice(connect, "lives_with_socket", &ConnectOptions::life);
  add_nanoseconds(connect, "connect_max", &ConnectOptions::connect_max);
  add_nanoseconds(connect, "wait_max", &ConnectOptions::wait_max);

  py::class_<LockOptions> lock(module, "LockOptions");
  lock.def(py::init<>()).def_readwrite("tag", &LockOptions::tag);
  add_choice(lock, "fail_when_blocked", &LockOptions::when_blocked);
  add_nanoseconds(lock, "wait_max", &LockOptions::wait_max);
  add_choice(lock, "read_value", &LockOptions::read_value);
  add_choice(lock, "notices", &LockOptions::notices);
  add_flags(lock);
  lock.def_property(
      "lockspace", [](const LockOptions& o) { return o.lockspace.handle; },
      [](LockOptions& o, std::uint16_t handle) { o.lockspace = Lockspace{handle}; });
  lock.def_property(
      "parent", [](const LockOptions& o) { return o.parent.value(); },
      [](LockOptions& o, std::uint64_t id) { o.parent = ClaimId{id}; });

  py::class_<ConvertOptions> convert(module, "ConvertOptions");
  convert.def(py::init<>());
  add_choice(convert, "fail_when_blocked", &ConvertOptions::when_blocked);
  add_nanoseconds(convert, "wait_max", &ConvertOptions::wait_max);
  add_choice(convert, "read_value", &ConvertOptions::read_value);
  add_choice(convert, "at_once", &ConvertOptions::applied);
  add_flags(convert);
}

void add_wide_options(py::module_& module) {
  py::class_<QueryOptions> query(module, "QueryOptions");
  query.def(py::init<>()).def_readwrite("rows_max", &QueryOptions::rows_max);
  query.def("set_pattern", [](QueryOptions& o, const std::string& lockspace, const std::string& name) {
    o.lockspace = lockspace;
    o.name = name;
  });
  query.def("set_after", [](QueryOptions& o, const std::string& key) { o.after = key; });

  py::class_<PurgeOptions> purge(module, "PurgeOptions");
  purge.def(py::init<>()).def_readwrite("pid", &PurgeOptions::pid).def_readwrite("name", &PurgeOptions::name);
  purge.def("set_node", [](PurgeOptions& o, std::uint32_t node) { o.node = NodeId{node}; });
  purge.def("set_lockspace", [](PurgeOptions& o, std::uint16_t handle) { o.lockspace = Lockspace{handle}; });
}

void add_facts(py::class_<Session>& session) {
  session.def_property_readonly("node", [](Session& s) { return s.client().node().value(); });
  session.def_property_readonly("incarnation", [](Session& s) { return s.client().incarnation().value(); });
  session.def_property_readonly("owner", [](Session& s) { return s.client().owner().value(); });
  session.def_property_readonly("lease", [](Session& s) { return s.client().lease().count(); });
  session.def_property_readonly("value_bytes_max", [](Session& s) { return s.client().value_bytes_max(); });
  session.def_property_readonly("version", [](Session& s) { return s.client().version(); });
  session.def_property_readonly("valid_until", [](Session& s) { return s.client().valid_until().time_since_epoch().count(); });
  session.def_property_readonly("ended", [](Session& s) { return to_object(s.client().ended()); });
  session.def_property_readonly("closed", &Session::closed);
}

}  // namespace

Session::Session(const ConnectOptions& options)
    : client_(std::make_unique<Client>(take(unhindered([&] { return Client::connect(options); })))) {}

Client& Session::client() {
  if (client_ == nullptr) throw Failure{Error{Errc::session_ended, "this client is closed"}};
  if (process_ != ::getpid())
    throw Failure{Error{Errc::session_ended, "after a fork only the parent may go on using its client; connect() a new one"}};
  return *client_;
}

void Session::close() {
  if (process_ != ::getpid()) (void)client_.release();
  client_.reset();
}

void add_client(py::module_& module) {
  add_options(module);
  add_wide_options(module);
  py::class_<Session> session(module, "Session");
  session.def(py::init<const ConnectOptions&>()).def("close", &Session::close);
  add_facts(session);
  session.def("fileno", [](Session& s) { return s.client().fd(); })
      // Whether the session is over is told by its events.
      .def("dispatch", [](Session& s) { (void)s.client().dispatch(); })
      .def("take_events", take_events)
      .def("lock", lock)
      .def("convert", convert)
      .def("release", release)
      .def("release_unanswered", release_unanswered)
      .def("cancel", [](Session& s, std::uint64_t request) { return take(s.client().cancel_async(RequestId{request})).value(); })
      .def("held", held)
      .def("query", query)
      .def("status", status)
      .def("lockspaces", lockspaces)
      .def("open_lockspace", open_lockspace)
      .def("leave_lockspace", leave_lockspace)
      .def("purge", purge)
      .def("sync", sync)
      .def("move", move)
      .def("fence_ack", fence_ack);
}

}  // namespace holdfast::python
