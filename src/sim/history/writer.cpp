// SPDX-License-Identifier: Apache-2.0
#include "sim/history/writer.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fstream>

namespace holdfast::sim::history {
namespace {

using Json = nlohmann::ordered_json;

Json names_of(FlagSet flags) {
  Json names = Json::array();
  for (const FlagRow& row : flag_table)
    if (flags.has(row.flag)) names.push_back(row.name);
  return names;
}

void put_session(const Event& event, Json& line) {
  line["node"] = event.node;
  line["incarnation"] = event.incarnation;
  line["owner"] = event.owner;
  if (event.epoch != 0) line["epoch"] = event.epoch;
}

void put_call(const History& history, const Event& event, Json& line) {
  line["call"] = name_of(event.call);
  if (event.name != 0) line["resource"] = history.text(event.name);
  if (event.call == Call::convert) line["from"] = name_of(event.from);
  if (event.call != Call::release && event.call != Call::purge) line["mode"] = name_of(event.mode);
  if (!event.flags.empty()) line["flags"] = names_of(event.flags);
  if (event.notices) line["notices"] = true;
  if (event.writes) line["write"] = history.text(event.value);
}

void put_answer(const History& history, const Event& event, Json& line) {
  if (!event.token) return;
  line["mode"] = name_of(event.mode);
  line["token"] = to_text(event.token);
  if (!event.reads) return;
  line["value_state"] = name_of_state(event.value_state);
  line["value"] = history.text(event.value);
  line["number"] = event.number;
}

void put_storage(const History& history, const Event& event, Json& line) {
  line["resource"] = history.text(event.name);
  line["mode"] = name_of(event.mode);
  line["token"] = to_text(event.token);
}

void put_kind(const History& history, const Event& event, Json& line) {
  switch (event.kind) {
    case Kind::session:
      return put_session(event, line);
    case Kind::invoke:
      return put_call(history, event, line);
    case Kind::ok:
      return put_answer(history, event, line);
    case Kind::accepted:
    case Kind::refused:
      return put_storage(history, event, line);
    case Kind::notice:
      line["mode"] = name_of(event.mode);
      return;
    case Kind::fault:
      line["what"] = history.text(event.name);
      return;
    case Kind::fail:
    case Kind::unknown:
    case Kind::cancel:
    case Kind::waiting:
    case Kind::lost:
    case Kind::lease:
    case Kind::end:
    case Kind::healed:
      return;
  }
}

}  // namespace

std::string line_of(const History& history, const Event& event) {
  Json line;
  line["t"] = event.at;
  line["event"] = name_of(event.kind);
  if (event.client != 0) line["client"] = history.text(event.client);
  if (event.op != 0) line["op"] = event.op;
  if (event.lock != 0) line["lock"] = event.lock;
  put_kind(history, event, line);
  if (event.valid_until != never) line["valid_until"] = event.valid_until;
  if (event.why != 0) line["why"] = history.text(event.why);
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<void> write_file(const History& history, const std::string& path) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << fmt::format("{{\"history\":{}}}\n", version);
  for (const Event& event : history.events) out << line_of(history, event) << '\n';
  out.flush();
  if (!out) return Error{Errc::cannot_write, path};
  return {};
}

}  // namespace holdfast::sim::history
