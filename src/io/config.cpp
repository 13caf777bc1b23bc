// SPDX-License-Identifier: Apache-2.0
// The table `sections` is the configuration language: section, key, and how its value is taken.
#include "io/config.hpp"

#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <span>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
// Its assertions hold for correct files only ("[$x]" breaks one). Without them it reports what it found.
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <fmt/format.h>
#include <toml++/toml.h>

#include "io/address.hpp"
#include "io/config_values.hpp"
#include "model/name.hpp"

namespace holdfast::io {
namespace {

struct Place {  // where a table of the file leaves what it says
  Config& config;
  ConfiguredLockspace* lockspace = nullptr;
  ConfiguredPin* pin = nullptr;
  [[nodiscard]] ConfiguredAccess& access() const {
    return lockspace->access ? *lockspace->access : lockspace->access.emplace();
  }
};

struct Key {
  std::string_view name;
  Result<void> (*take)(const Value&, Place);
};

Result<void> take_pinned(const Value& value, Place place);

constexpr Key node_keys[] = {
    {"id", [](const Value& v, Place p) { return v.id({1, UINT32_MAX}, p.config.node); }},
    {"state_dir", [](const Value& v, Place p) { return v.path(p.config.state_dir); }},
    {"weight", [](const Value& v, Place p) { return v.number({0, limits::weight_max}, p.config.weight); }},
};
constexpr Key cluster_keys[] = {
    {"name", [](const Value& v, Place p) { return v.text({1, limits::lockspace_name_bytes_max}, p.config.cluster); }},
    {"key_file", [](const Value& v, Place p) { return v.text({1, 4096}, p.config.key_file); }},
};
constexpr Key peer_keys[] = {
    {"listen", [](const Value& v, Place p) { return v.address(p.config.peer_listen); }},
};
constexpr Key client_keys[] = {
    {"socket", [](const Value& v, Place p) { return v.path(p.config.socket); }},
    {"socket_mode", [](const Value& v, Place p) { return v.file_mode(p.config.socket_mode); }},
    {"operator_uid",
     [](const Value& v, Place p) { return v.number({0, UINT32_MAX - 1}, p.config.operator_uid.emplace()); }},
};
constexpr Key lease_keys[] = {
    {"lease_ms",
     [](const Value& v, Place p) {
       return v.milliseconds({limits::lease_min.count(), limits::lease_max.count()}, p.config.lease);
     }},
};
constexpr Key membership_keys[] = {
    {"provider", [](const Value& v, Place p) { return v.choice(membership_names, p.config.membership); }},
    {"fence_hook", [](const Value& v, Place p) { return v.text({1, 4096}, p.config.fence_hook); }},
    {"fence_hook_timeout_ms",
     [](const Value& v, Place p) { return v.milliseconds({1, 3'600'000}, p.config.fence_hook_timeout); }},
};
constexpr Key limits_keys[] = {
    {"idle_keep_ms", [](const Value& v, Place p) { return v.milliseconds({0, 3'600'000}, p.config.idle_keep); }},
    {"session_backlog_bytes",
     [](const Value& v, Place p) {
       return v.number({64 * 1024, limits::session_backlog_bytes_max}, p.config.session_backlog_bytes_max);
     }},
};
constexpr Key migration_keys[] = {
    {"uses", [](const Value& v, Place p) { return v.number({1, 1'000'000}, p.config.migration.uses); }},
    {"times", [](const Value& v, Place p) { return v.number({1, 1000}, p.config.migration.times); }},
    {"period_ms", [](const Value& v, Place p) { return v.milliseconds({1, 3'600'000}, p.config.migration.period); }},
    {"stay_ms", [](const Value& v, Place p) { return v.milliseconds({0, 3'600'000}, p.config.migration.stay); }},
    {"moves_per_second",
     [](const Value& v, Place p) { return v.number({0, 1'000'000}, p.config.migration.moves_per_second); }},
};
constexpr Key deadlock_keys[] = {
    {"search", [](const Value& v, Place p) { return v.choice(switch_names, p.config.deadlock.search); }},
    {"delay_ms",
     [](const Value& v, Place p) {
       return v.milliseconds({1, limits::deadlock_delay_max.count()}, p.config.deadlock.delay);
     }},
    {"policy", [](const Value& v, Place p) { return v.choice(victim_policy_names, p.config.deadlock.policy); }},
    {"seed", [](const Value& v, Place p) { return v.number({0, INT64_MAX}, p.config.deadlock.seed); }},
};
constexpr Key log_keys[] = {
    {"level", [](const Value& v, Place p) { return v.choice(log_level_names, p.config.log_level); }},
};
constexpr Key lockspace_keys[] = {
    {"name",
     [](const Value& v, Place p) { return v.text({1, limits::lockspace_name_bytes_max}, p.lockspace->name); }},
    {"mastering", [](const Value& v, Place p) { return v.choice(mastering_names, p.lockspace->mastering); }},
    {"pinned", take_pinned},
    {"value_bytes_max",
     [](const Value& v, Place p) { return v.number({0, limits::value_bytes_max}, p.lockspace->value_bytes_max); }},
    {"wait_max_ms", [](const Value& v, Place p) { return v.milliseconds({0, 86'400'000}, p.lockspace->wait_max); }},
    {"uid", [](const Value& v, Place p) { return v.number({0, UINT32_MAX - 1}, p.access().uid); }},
    {"gid", [](const Value& v, Place p) { return v.number({0, UINT32_MAX - 1}, p.access().gid); }},
    {"mode", [](const Value& v, Place p) { return v.file_mode(p.access().mode); }},
};
constexpr Key pin_keys[] = {
    {"node", [](const Value& v, Place p) { return v.id({1, UINT32_MAX}, p.pin->node); }},
    {"weight", [](const Value& v, Place p) { return v.number({1, limits::weight_max}, p.pin->weight); }},
};

struct Section {
  std::string_view name;
  std::span<const Key> keys;
};
constexpr std::string_view lockspace_section = "lockspace";
const Section sections[] = {
    {"node", node_keys},           {"cluster", cluster_keys}, {"peer", peer_keys},
    {"client", client_keys},       {"lease", lease_keys},     {"membership", membership_keys},
    {"limits", limits_keys},       {"migration", migration_keys},
    {"deadlock", deadlock_keys},   {"log", log_keys},             {lockspace_section, lockspace_keys},
};

std::vector<std::string_view> names_of(const auto& rows) {
  std::vector<std::string_view> names;
  for (const auto& row : rows) names.push_back(row.name);
  return names;
}

// All keys of one table, as `keys` say. `where` is such as "[lease]".
Result<void> take_table(const Value& table, std::span<const Key> keys, Place place) {
  for (const auto& [name, node] : *table.node.as_table()) {
    const auto key = std::ranges::find(keys, name.str(), &Key::name);
    const Value value{table.file, fmt::format("{} {}", table.where, name.str()), node};
    if (key == keys.end())
      return unknown_name(value, fmt::format("key '{}' in {}", name.str(), table.where), {name.str(), names_of(keys)});
    if (const Result<void> taken = key->take(value, place); !taken) return taken;
  }
  return {};
}

Result<void> take_pinned(const Value& value, Place place) {
  const toml::array* rows = value.node.as_array();
  if (rows == nullptr) return value.wrong("a list such as [{node = 1, weight = 2}]");
  for (const toml::node& row : *rows) {
    const Value pin{value.file, value.where, row};
    if (!row.is_table()) return pin.wrong("a list such as [{node = 1, weight = 2}]");
    place.pin = &place.lockspace->pinned.emplace_back();
    if (const Result<void> taken = take_table(pin, pin_keys, place); !taken) return taken;
    if (!place.pin->node) return pin.refused("says no node; allowed are such as {node = 1, weight = 2}");
  }
  return {};
}

Result<void> check_lockspace(const Value& value, const ConfiguredLockspace& lockspace, const Config& config) {
  if (lockspace.name.empty()) return value.refused("has no name; '*' means all that have no row of their own");
  if (lockspace.name != "*")
    if (const Result<void> name = check_lockspace_name(lockspace.name); !name) return value.refused(name.error().text());
  if (std::ranges::count(config.lockspaces, lockspace.name, &ConfiguredLockspace::name) > 1)
    return value.refused(fmt::format("'{}' stands here twice", escaped(lockspace.name)));
  if (lockspace.access && lockspace.name == default_lockspace)
    return value.refused(fmt::format("'{}' is open to whoever may connect ([client] socket_mode): uid, gid and mode "
                                     "are for others",
                                     default_lockspace));
  const bool is_pinned = lockspace.mastering == ConfiguredMastering::pinned;
  if (is_pinned && lockspace.pinned.empty())
    return value.refused("mastering = \"pinned\" needs pinned = [{node = 1, weight = 1}, ...]");
  if (!is_pinned && !lockspace.pinned.empty())
    return value.refused("pinned = [...] has a meaning only with mastering = \"pinned\"");
  return {};
}

Result<void> take_lockspaces(const Value& section, Place place) {
  const toml::array* rows = section.node.as_array();
  if (rows == nullptr) return section.refused("must be written [[lockspace]]: there can be many");
  for (const toml::node& row : *rows) {
    const Value value{section.file, "[[lockspace]]", row};
    if (!row.is_table()) return value.refused("must be written [[lockspace]]: there can be many");
    if (place.config.lockspaces.size() >= limits::lockspaces_max)
      return value.refused(fmt::format("stands here too often, at most {} are allowed", limits::lockspaces_max));
    place.lockspace = &place.config.lockspaces.emplace_back();
    if (const Result<void> taken = take_table(value, lockspace_keys, place); !taken) return taken;
    if (const Result<void> good = check_lockspace(value, *place.lockspace, place.config); !good) return good;
  }
  return {};
}

Result<void> take_section(std::string_view name, const Value& value, Place place) {
  const auto* section = std::ranges::find(sections, name, &Section::name);
  if (section == std::end(sections))
    return unknown_name(value, fmt::format("section [{}]", name), {name, names_of(sections)});
  if (name == lockspace_section) return take_lockspaces(value, place);
  if (!value.node.is_table()) return value.refused(fmt::format("is a section: write [{}]", name));
  return take_table(value, section->keys, place);
}

Result<void> check_hook(const std::string& program) {
  std::error_code failed;
  const char* why = nullptr;
  if (program.empty()) return {};
  if (std::filesystem::is_directory(program, failed))
    why = "it is a directory";
  else if (::access(program.c_str(), X_OK) != 0)
    why = std::strerror(errno);
  if (why == nullptr) return {};
  return Error{Errc::bad_config,
               fmt::format("the fencing hook {} (--fence-hook, [membership] fence_hook) cannot be run: {}", program, why)};
}

std::filesystem::path from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::optional<Membership> parse_membership(std::string_view name) {
  const auto* found = std::ranges::find(membership_names, name);
  if (found == std::end(membership_names)) return std::nullopt;
  return static_cast<Membership>(found - std::begin(membership_names));
}

Result<Config> parse_config(std::string_view text, std::string_view file_name) {
  const toml::parse_result parsed = toml::parse(text, file_name);
  if (!parsed) {
    const auto& problem = parsed.error();
    return Error{Errc::bad_config,
                 fmt::format("{}:{}: {}", file_name, problem.source().begin.line, problem.description())};
  }
  Config config;
  for (const auto& [name, node] : parsed.table()) {
    const Value value{file_name, fmt::format("[{}]", name.str()), node};
    if (const Result<void> taken = take_section(name.str(), value, {config}); !taken) return taken.error();
  }
  return config;
}

Result<Config> read_config(const std::filesystem::path& path) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed))  // reading one would throw
    return Error{Errc::cannot_read, fmt::format("{}: a directory, not a file", path.string())};
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Errc::cannot_read, fmt::format("{}: {}", path.string(), std::strerror(errno))};
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) return Error{Errc::cannot_read, path.string()};
  return parse_config(text, path.string());
}

Result<void> check_config(const Config& config) {
  constexpr std::size_t path_bytes_max = sizeof(sockaddr_un::sun_path) - 1;
  if (config.socket.native().size() > path_bytes_max)
    return Error{Errc::bad_config, fmt::format("the path of the socket has {} bytes, at most {} are allowed",
                                               config.socket.native().size(), path_bytes_max)};
  if (config.membership == Membership::single && !config.peer_listen.empty())
    return Error{Errc::bad_config,
                 "a single node has no peers: a peer port (--peer-listen, [peer] listen) needs membership corosync or "
                 "manual (--membership corosync, [membership] provider = \"corosync\")"};
  if (config.membership == Membership::corosync && config.peer_listen.empty())
    return Error{Errc::bad_config,
                 "membership corosync needs a peer port that the other nodes reach (--peer-listen ADDR:PORT, [peer] "
                 "listen), also if there is no other node yet"};
  if (const Result<void> callable = check_hook(config.fence_hook); !callable) return callable;
  if (config.peer_listen.empty()) return {};
  HF_TRY(const Address address, Address::parse(config.peer_listen));
  if (config.key_file.empty() && !address.is_loopback())
    return Error{Errc::bad_config,
                 fmt::format("peer port {}: without a shared key (--key-file, [cluster] key_file) only a loopback "
                             "address is allowed, such as 127.0.0.1:7001",
                             config.peer_listen)};
  return {};
}

std::filesystem::path default_socket() {
  if (::geteuid() == 0) return "/run/holdfast/holdfast.sock";
  const std::filesystem::path base = from_environment("XDG_RUNTIME_DIR");
  return base.empty() ? base : base / "holdfast" / "holdfast.sock";
}

std::filesystem::path default_state_dir(NodeId node) {
  const std::string name = fmt::format("node-{}", node.value());
  if (::geteuid() == 0) return std::filesystem::path("/var/lib/holdfast") / name;
  if (const auto base = from_environment("XDG_STATE_HOME"); !base.empty()) return base / "holdfast" / name;
  const auto home = from_environment("HOME");
  return home.empty() ? home : home / ".local" / "state" / "holdfast" / name;
}

}  // namespace holdfast::io
