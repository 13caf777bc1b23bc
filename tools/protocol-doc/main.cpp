// SPDX-License-Identifier: Apache-2.0
// protocol-doc: prints docs/protocol.md. The words are in a template; where it says @NAME@, the tables of
// the field lists of src/wire are put, so that the page cannot be wrong about the bytes.
//
//   protocol-doc TEMPLATE > docs/protocol.md
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <string>

#include "base/error.hpp"
#include "base/limits.hpp"
#include "tables.hpp"

namespace holdfast::protocol_doc {
namespace {

std::string errors() {
  std::string out = "| number | name | errno | meaning |\n|---|---|---|---|\n";
  for (const ErrcRow& row : errc_table)
    out += fmt::format("| {} | `{}` | {} | {} |\n", static_cast<unsigned>(row.code), row.name, row.number, row.text);
  return out;
}

std::string flags() {
  std::string out = "| bit | name |\n|---|---|\n";
  for (const FlagRow& row : flag_table)
    out += fmt::format("| {:#x} | `{}` |\n", static_cast<unsigned>(row.flag), row.name);
  return out;
}

std::map<std::string, std::string, std::less<>> insertions() {
  Tables tables;
  std::map<std::string, std::string, std::less<>> found;
  found["ToDaemon"] = tables.messages(wire::ToDaemon{});
  found["ToClient"] = tables.messages(wire::ToClient{});
  found["LinkFrames"] = tables.messages(wire::LinkFrames{});
  found["BetweenPeers"] = tables.messages(wire::BetweenPeers{});
  found["BetweenGroupMembers"] = tables.messages(wire::BetweenGroupMembers{});
  found["group_protocol"] = std::to_string(wire::group_protocol);
  found["Parts"] = tables.parts();
  found["Enums"] = tables.enums();
  found["Flags"] = flags();
  found["Errors"] = errors();
  found["client_frame_bytes_max"] = std::to_string(limits::client_frame_bytes_max);
  found["peer_frame_bytes_max"] = std::to_string(limits::peer_frame_bytes_max);
  found["client_protocol"] = std::to_string(wire::client_protocol);
  found["peer_protocol"] = std::to_string(wire::peer_protocol);
  return found;
}

// Puts the insertions where their names stand between two @.
int print(const std::string& text) {
  const auto found = insertions();
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = text.find('@', at);
    const std::size_t close = open == std::string::npos ? open : text.find('@', open + 1);
    if (close == std::string::npos) {
      out += text.substr(at);
      break;
    }
    const auto insertion = found.find(text.substr(open + 1, close - open - 1));
    if (insertion == found.end()) {
      std::fprintf(stderr, "protocol-doc: the template wants @%s@, which is nothing\n",
                   text.substr(open + 1, close - open - 1).c_str());
      return 1;
    }
    out += text.substr(at, open - at) + insertion->second;
    at = close + 1;
  }
  std::fputs(out.c_str(), stdout);
  return 0;
}

}  // namespace
}  // namespace holdfast::protocol_doc

int main(int argc, char** argv) {
  std::ifstream in(argc == 2 ? argv[1] : "");
  if (!in) {
    std::fputs("usage: protocol-doc TEMPLATE > docs/protocol.md\n", stderr);
    return 2;
  }
  return holdfast::protocol_doc::print({std::istreambuf_iterator<char>(in), {}});
}
