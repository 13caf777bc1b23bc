// SPDX-License-Identifier: Apache-2.0
#include "sim/world/membership.hpp"

#include "sim/scenario/script.hpp"

#include <algorithm>

namespace holdfast::sim {

MembershipService::MembershipService(World& world, std::uint64_t seed, MembershipTimes times,
                                     NodeId tie_breaker)
    : world_(world), prng_(seed), times_(times), tie_breaker_(tie_breaker) {
  publish(living());
}

void MembershipService::look() {
  std::vector<Seat> wanted = majority();
  tell_the_left_out(wanted);
  if (wanted.empty() || (wanted == members() && !restless_)) {
    due_.reset();  // nobody has a majority, or all is again as it was
  } else if (!due_) {
    due_ = world_.now() +
           Duration(static_cast<Duration::rep>(
               prng_.between(static_cast<std::uint64_t>(times_.notice_min.count()),
                             static_cast<std::uint64_t>(times_.notice_max.count()))));
  } else if (*due_ <= world_.now()) {
    due_.reset();
    publish(wanted);
  }
  deliver_due();
}

// A machine that stands still answers nobody. Of a daemon that is stopped nobody notices anything.
std::vector<MembershipService::Seat> MembershipService::living() const {
  std::vector<Seat> seats;
  for (const Machine& machine : world_.machines()) {
    const auto lie = lies_.find(machine.id);
    const Member* member = view_.find(machine.id);
    if (lie != lies_.end() && lie->second == Lie::dead) continue;
    if (lie != lies_.end() && member != nullptr)
      seats.push_back({member->node, member->incarnation});
    else if (machine.up() && machine.frozen != Freeze::machine)
      seats.push_back({machine.id, machine.incarnation});
  }
  return seats;
}

bool MembershipService::is_majority(const std::vector<Seat>& group) const {
  const std::size_t all = world_.machines().size();
  return 2 * group.size() > all ||
         (2 * group.size() == all && std::ranges::find(group, tie_breaker_, &Seat::node) != group.end());
}

// The first of the groups in which everybody reaches everybody that has the majority.
std::vector<MembershipService::Seat> MembershipService::majority() const {
  std::vector<Seat> left = living();
  while (!left.empty()) {
    std::vector<Seat> group;
    std::erase_if(left, [&](const Seat& seat) {
      const bool fits = std::ranges::all_of(
          group, [&](const Seat& other) { return world_.reachable(seat.node, other.node); });
      if (fits) group.push_back(seat);
      return fits;
    });
    if (is_majority(group)) return group;
  }
  return {};
}

std::vector<MembershipService::Seat> MembershipService::members() const {
  std::vector<Seat> seats;
  for (const Member& member : view_.members) seats.push_back({member.node, member.incarnation});
  return seats;
}

void MembershipService::publish(const std::vector<Seat>& members) {
  View next{.epoch = Epoch{view_.epoch.value() + 1},
            .configured_votes = static_cast<std::uint32_t>(world_.machines().size()),
            .tie_breaker = tie_breaker_};
  for (const Seat& seat : members)
    next.members.push_back(
        {.node = seat.node, .incarnation = seat.incarnation, .address = name_of(seat.node)});
  auto sound = checked(std::move(next));
  HF_ASSERT(sound.has_value());
  for (const Seat& seat : this->members())
    if (std::ranges::find(members, seat) == members.end()) left_out_.push_back(seat);
  view_ = *sound;
  restless_ = two_faced_;
  View other = view_;
  if (std::exchange(two_faced_, false))
    for (Member& member : other.members) member.weight = 1 + member.node.value() % 3;
  const auto spread = static_cast<std::uint64_t>(times_.spread_max.count());
  for (const Seat& seat : members) {
    Duration when = world_.now() + Duration(static_cast<Duration::rep>(prng_.below(spread)));
    if (const auto late = late_.find(seat.node); late != late_.end()) when += late->second;
    mail_.push_back({.when = when, .to = seat, .view = prng_.chance(50) ? view_ : other});
  }
}

// Takes them out of `seats`; once it has heard, such a life ends by itself.
void MembershipService::tell_the_left_out(std::vector<Seat>& seats) {
  std::erase_if(seats, [this](const Seat& seat) {
    if (!was_left_out(seat)) return false;
    const bool on_its_way =
        std::ranges::any_of(mail_, [&](const Mail& mail) { return mail.to == seat; });
    if (!on_its_way)
      mail_.push_back({.when = world_.now() + times_.spread_max, .to = seat, .view = view_});
    return true;
  });
}

// Views come in order: whoever hears of one never hears of an older one.
void MembershipService::deliver_due() {
  for (std::size_t i = 0; i < mail_.size();) {
    if (mail_[i].when > world_.now()) {
      ++i;
      continue;
    }
    const Mail mail = mail_[i];
    std::erase_if(mail_, [&](const Mail& other) {
      return other.to.node == mail.to.node && other.view.epoch <= mail.view.epoch;
    });
    i = 0;
    Machine* const machine = world_.machine(mail.to.node);
    if (machine->up() && machine->incarnation == mail.to.incarnation)
      world_.hand_view(*machine, mail.view, world_.now());
  }
}

}  // namespace holdfast::sim
