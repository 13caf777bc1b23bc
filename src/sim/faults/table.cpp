// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/fault.hpp"

#include <algorithm>
#include <array>

namespace holdfast::sim {

std::span<const FaultRow> fault_table() {
  static constexpr std::array rows{
      FaultRow{"crash", "a machine dies with all its programs, and comes back", strike_crash},
      FaultRow{"kill_daemon", "a daemon dies, its programs live on and see a closed socket", strike_kill_daemon},
      FaultRow{"bounce", "a daemon dies and is another incarnation a moment later", strike_bounce},
      FaultRow{"partition", "two groups of nodes cannot reach each other", strike_partition},
      FaultRow{"half", "a split into halves: with an even number of nodes nobody has a majority", strike_half},
      FaultRow{"one_way", "nothing gets from one node to another, but back", strike_one_way},
      FaultRow{"flapping", "the way between two nodes is shut and open again, many times", strike_flapping},
      FaultRow{"cut", "a connection ends; it is dialed again", strike_cut},
      FaultRow{"drop", "a connection ends in the middle of a frame, which is lost", strike_drop},
      FaultRow{"duplicate", "a frame comes twice", strike_duplicate},
      FaultRow{"slow_link", "one way between two nodes takes long", strike_slow_link},
      FaultRow{"reorder", "every way takes a time of its own: what was sent first arrives last", strike_reorder},
      FaultRow{"pause", "a machine stands still, as when it is suspended", strike_pause},
      FaultRow{"stop_daemon", "a daemon stands still (SIGSTOP), its programs go on", strike_stop_daemon},
      FaultRow{"pause_in_turn", "a machine stands still between reading and answering", strike_pause_in_turn},
      FaultRow{"pause_client", "a program stands still and does not read", strike_pause_client},
      FaultRow{"kill_client", "a program dies", strike_kill_client},
      FaultRow{"slow_reader", "a program goes on asking and does not read; some die so", strike_slow_reader},
      FaultRow{"slow_peer", "a daemon does not read what one of the others sends", strike_slow_peer},
      FaultRow{"slow_node", "all ways to and from a node take long", strike_slow_node},
      FaultRow{"garble", "bytes arrive of which no frame can be made", strike_garble},
      FaultRow{"kill_in_turn", "a daemon dies between deciding and telling: only some peers hear of it", strike_kill_in_turn},
      FaultRow{"herd", "forty programs come at once, ask at once and die at once", strike_herd},
      FaultRow{"vouch", "a machine dies, and an operator vouches for that: nobody waits for its lease", strike_vouch},
      FaultRow{"drift", "a clock runs faster or slower than the others", strike_drift},
      FaultRow{"late_view", "a node hears of views later than others, or never of some", strike_late_view},
      FaultRow{"lie_dead", "membership takes somebody for dead who lives", strike_lie_dead},
      FaultRow{"lie_alive", "membership keeps somebody who is dead", strike_lie_alive},
      FaultRow{"two_views", "two views are published under one epoch", strike_two_views},
      FaultRow{"move", "operators move resources to and fro", strike_move},
      FaultRow{"move_away", "one name at a time goes from the first node to another, and little else is said", strike_move_away},
      FaultRow{"evict", "operators end locks by force", strike_evict},
      FaultRow{"leave", "a daemon leaves cleanly and comes back", strike_leave},
      FaultRow{"disk", "a disk fails to save: its daemon ends, and starts again on another", strike_disk},
  };
  return rows;
}

const FaultRow* find_fault(std::string_view name) {
  const auto rows = fault_table();
  const auto row = std::ranges::find(rows, name, &FaultRow::name);
  return row == rows.end() ? nullptr : &*row;
}

}  // namespace holdfast::sim
