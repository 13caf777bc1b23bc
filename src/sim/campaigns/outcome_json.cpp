// SPDX-License-Identifier: Apache-2.0
#include "sim/campaigns/outcome_json.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace holdfast::sim {
namespace {

using nlohmann::json;

struct Number {
  const char* name;
  std::uint64_t Outcome::*member;
};
constexpr std::array numbers{
    Number{"hash", &Outcome::hash},
    Number{"events", &Outcome::events},
    Number{"grants", &Outcome::grants},
    Number{"refusals", &Outcome::refusals},
    Number{"views", &Outcome::views},
    Number{"valid_reads", &Outcome::valid_reads},
    Number{"doubtful_reads", &Outcome::doubtful_reads},
};

}  // namespace

std::string to_json(const Outcome& outcome) {
  json out;
  out["failure"] = outcome.failure;
  out["simulated_ns"] = outcome.simulated.count();
  for (const Number& number : numbers) out[number.name] = outcome.*(number.member);
  out["faults"] = outcome.faults;
  out["marks"] = outcome.marks;
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<Outcome> outcome_in(std::string_view text) {
  const json in = json::parse(text, nullptr, false);
  if (!in.is_object() || !in.contains("failure") || !in.contains("marks")) return std::nullopt;
  Outcome outcome;
  outcome.failure = in["failure"];
  outcome.simulated = Duration(in["simulated_ns"].get<std::int64_t>());
  for (const Number& number : numbers) outcome.*(number.member) = in[number.name];
  outcome.faults = in["faults"];
  outcome.marks = in["marks"];
  return outcome;
}

}  // namespace holdfast::sim
