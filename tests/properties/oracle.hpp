// SPDX-License-Identifier: Apache-2.0
// Oracle: the lock engine a second time, as dumb as possible. One list of locks, no queues, no
// counts, no ids; every question is answered by looking at all of them. It shares no code and no
// table with src/lock.
#pragma once

#include "event.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace holdfast::properties {

constexpr int NL = 0, CW = 2, PR = 3, PW = 4, EX = 5;
enum Bit : std::uint32_t {
  noqueue = 1,
  valblk = 8,
  quecvt = 16,
  ivvalblk = 32,
  convdeadlk = 64,
  nodlckwt = 256,
  expedite = 1024,
  noqueuebast = 2048,
  headque = 4096,
  noorder = 8192,
  altpr = 32768,
  altcw = 65536
};

struct One {  // a lock
  int who = nobody;
  char where = 'w';  // granted, converting, waiting
  int held = none, want = none, told = NL;
  std::uint32_t flags = 0;
  long place = 0, since = 0;  // in its queue; when it came to the granted ones
  std::uint64_t token = 0;
  bool demoted = false;
  std::string value = {};
  bool is(Bit bit) const { return (flags & bit) != 0; }
};

class Oracle {
 public:
  std::vector<One> all;
  std::vector<Event> events;
  std::string value;
  bool written = false, doubtful = false;

  One* find(int who) {
    const auto at =
        std::find_if(all.begin(), all.end(), [who](const One& one) { return one.who == who; });
    return at == all.end() ? nullptr : &*at;
  }
  std::vector<One*> sorted(char where) {  // newest first, or in the order of the queue
    std::vector<One*> list;
    for (One& one : all)
      if (one.where == where) list.push_back(&one);
    std::sort(list.begin(), list.end(), [](One* a, One* b) {
      return a->where == 'g' ? a->since > b->since : a->place < b->place;
    });
    return list;
  }
  void request(int who, int mode, std::uint32_t flags) {
    One& me = all.emplace_back(One{.who = who, .want = mode, .flags = flags});
    if (const char answer = attempt(me, true); answer != 'n') return grant(me, answer);
    if (!me.is(noqueue)) return wait(me, 'w');
    refuse(me, What::blocked);
    all.pop_back();
  }
  void convert(One& me, int mode, std::uint32_t flags, const std::string& fresh) {
    me.want = mode, me.flags = flags, me.value = fresh;
    const auto before = static_cast<long>(events.size());
    char answer = attempt(me, true);
    if (answer == 'd' &&
        me.is(convdeadlk)) {  // give up, let the others, try again; but its own event comes first
      me.held = NL, me.demoted = true;
      grant_all('c');
      answer = attempt(me, true);
      if (answer == 'n') {
        queue(me, 'c');
        std::rotate(events.begin() + before, events.end() - 1, events.end());
        grant_all('w');
        return tell(me, 'g');
      }
    }
    if (answer == 'y' || answer == 'a') {
      grant(me, answer);
      std::rotate(events.begin() + before, events.end() - 1, events.end());
      return settle();
    }
    if (answer == 'd' && !me.is(nodlckwt)) return refuse(me, What::deadlock);
    if (me.is(noqueue)) return refuse(me, What::blocked);
    wait(me, 'c');
  }
  void end(int who, bool writes, bool spoils, const std::string& fresh) {
    const int held = find(who)->held;
    if (held >= PW && spoils)
      doubtful = true;
    else if (held >= PW && writes)
      write(fresh);
    std::erase_if(all, [who](const One& one) { return one.who == who; });
    if (all.empty()) written = doubtful = false, value.clear();
    settle();
  }
  void cancel(One& me) {
    if (me.where == 'g') return;
    events.push_back({What::cancelled, me.who, std::max(me.held, NL)});
    if (me.where == 'w') return end(me.who, false, false, "");
    me.where = 'g', me.since = ++now_, me.want = me.held, me.demoted = false;
    settle();
  }
  void rebuild() {  // the master was lost: who was told, and what was to be written, is forgotten
    for (One& one : all)
      one.told = NL, one.demoted = false, one.value.clear(),
      one.since = static_cast<long>(one.token);
    now_ = std::max(now_, static_cast<long>(clock_));
    settle();
  }

 private:
  static bool together(int a, int b) {
    static constexpr const char* table[] = {"yyyyyy", "yyyyy-", "yyy---",
                                            "yy-y--", "yy----", "y-----"};
    return a == none || table[a][b] == 'y';
  }
  static char moves(int from, int to) {
    static constexpr const char* table[] = {"RRRRRR", "-RRRRR", "--RRRR",
                                            "---RRR", "WWWWWR", "WWWWWW"};
    return table[std::max(from, NL)][to];
  }
  void write(const std::string& fresh) { value = fresh, written = true, doubtful = false; }
  // Others in this queue who stand before me; all of them if I am not in it.
  long before(const One& me, char where, bool in_it) const {
    return std::count_if(all.begin(), all.end(), [&](const One& o) {
      return &o != &me && o.where == where && (!in_it || o.place < me.place);
    });
  }
  bool may(const One& me, bool arrives, int mode) const {
    if (me.is(expedite)) return true;
    for (const One& o : all)
      if (&o != &me && !together(o.held, mode)) return false;
    if (me.held != none && arrives) return !me.is(quecvt) || before(me, 'c', false) == 0;
    if (me.is(noorder)) return true;
    if (me.held != none) return before(me, 'c', true) == 0;
    return before(me, 'c', false) == 0 && before(me, 'w', !arrives) == 0;
  }
  bool deadlocked(const One& me) const {
    return std::any_of(all.begin(), all.end(), [&](const One& o) {
      const bool ahead = me.where == 'g' || o.place < me.place;
      return &o != &me && o.where == 'c' && !together(me.held, o.want) &&
             (ahead || !together(o.held, me.want));
    });
  }
  static int second(const One& me) {
    return me.is(altpr) && me.want != PR ? PR : me.is(altcw) && me.want != CW ? CW : none;
  }
  char attempt(const One& me, bool arrives) const {
    if (may(me, arrives, me.want)) return 'y';
    if (me.held != none && !me.is(noqueue) && deadlocked(me)) return 'd';
    return second(me) != none && may(me, arrives, second(me)) ? 'a' : 'n';
  }
  void grant(One& me, char answer) {
    const int mode = answer == 'a' ? second(me) : me.want;
    const char move = moves(me.held, mode);
    Event event{What::granted, me.who, mode, 0, '-', me.demoted, answer == 'a', false};
    if (move == 'R' && me.is(valblk)) event.move = 'R';
    if (move == 'W' && me.is(ivvalblk))
      doubtful = true;
    else if (move == 'W' && me.is(valblk))
      write(me.value), event.move = 'W';
    event.doubtful = doubtful && ((written && event.move == 'R') || move == '-');
    if (mode > me.held || (mode == CW && me.held == PR)) me.token = ++clock_;
    if (me.where != 'g' || me.held != mode) me.since = ++now_;
    me.where = 'g', me.held = me.want = mode, me.told = NL, me.demoted = false;
    event.token = me.token;
    events.push_back(event);
  }
  void refuse(One& me, What why) {
    events.push_back({why, me.who, std::max(me.held, NL)});
    if (why == What::blocked && me.is(noqueuebast)) tell(me, 'g'), tell(me, 'c');
    me.want = me.held;
  }
  void queue(One& me, char where) {
    me.where = where, me.place = me.is(headque) ? --front_ : ++back_;
    events.push_back({What::queued, me.who});
  }
  void wait(One& me, char where) { queue(me, where), tell(me, 'g'); }
  void grant_all(char where) {
    for (bool again = true; again;) {
      again = false;
      for (One* one : sorted(where)) {
        const char answer = attempt(*one, false);
        if (answer == 'y' || answer == 'a') grant(*one, answer), again = true;
        if (answer == 'd' && one->is(convdeadlk)) one->held = NL, one->demoted = again = true;
      }
    }
  }
  void notify(One& holder, int mode, int level) {
    events.push_back({What::notice, holder.who, mode}), holder.told = level;
  }
  void tell(const One& me, char where) {
    for (One* o : sorted(where)) {
      const bool twins = (o->held == PR && me.want == CW) || (o->held == CW && me.want == PR);
      if (o != &me && (twins ? o->told < EX : !together(o->held, me.want) && o->told < me.want))
        notify(*o, me.want, me.want);
    }
  }
  void settle() {
    grant_all('c'), grant_all('w');
    int high = none;
    bool cw = false;
    for (One& one : all)
      if (one.where == 'w' || (one.where == 'c' && !deadlocked(one)))
        high = std::max(high, one.want), cw |= one.want == CW;
    for (One* one : sorted('c')) {
      if (!deadlocked(*one) || !one->is(nodlckwt) || one->told >= one->want) continue;
      if (!together(one->held, one->want)) notify(*one, one->want, one->want);
      one->told = one->want;
    }
    for (One* o : sorted('g')) {
      if (cw && o->held == PR) {
        if (o->told < EX) notify(*o, high == PR ? CW : high, high);
      } else if (high != none && o->told < high && !together(o->held, high))
        notify(*o, high, high);
    }
  }
  long front_ = 0, back_ = 0, now_ = 0;
  std::uint64_t clock_ = 0;
};

}  // namespace holdfast::properties
