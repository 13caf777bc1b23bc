// SPDX-License-Identifier: Apache-2.0
// Handle: a dlm_lshandle_t: one lockspace, opened by one session of its own, whose socket is the handle's
// descriptor. Its locks live as long as some process has a copy of that socket.
//
// Calls begin operations and return 0 or an errno; what becomes of them are callbacks, told by dispatch().
// Nothing of the program is called from anywhere else. Ids of locks are known to all handles of the process.
// Not thread-safe by itself: library.hpp holds the one lock.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

#include "libdlm/record.hpp"

namespace holdfast::libdlm {

// The arguments of dlm_ls_lock and its relatives.
struct LockCall {
  std::uint32_t mode = 0;
  dlm_lksb* lksb = nullptr;
  std::uint32_t flags = 0;
  const void* name = nullptr;
  unsigned length = 0;
  LockNumber parent = 0;
  Function ast = nullptr;
  void* argument = nullptr;
  Function bast = nullptr;
  std::chrono::nanoseconds wait_max = for_ever;
  std::uint64_t transaction = 0;
  Waiter* waiter = nullptr;
};

struct UnlockCall {
  LockNumber number = 0;
  std::uint32_t flags = 0;
  dlm_lksb* lksb = nullptr;
  void* argument = nullptr;
  Waiter* waiter = nullptr;
  Ending ending = Ending::unlock;
};

class Handle {
 public:
  // Errors: as Client::connect and Client::open_lockspace.
  [[nodiscard]] static Result<std::unique_ptr<Handle>> open(std::string lockspace, const LockspaceOptions& options);
  ~Handle();
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  [[nodiscard]] const std::string& lockspace() const { return lockspace_; }
  [[nodiscard]] int fd() const { return client_.fd(); }

  // Each gives 0 or an errno. An adoption and a purge are over when their waiter is done, and call nobody.
  [[nodiscard]] int lock(const LockCall& call);
  [[nodiscard]] int unlock(const UnlockCall& call);
  [[nodiscard]] int purge(int node, int pid, Waiter& waiter);

  // Reads what has come. The callbacks that it means are taken one by one: none left, none.
  void read();
  [[nodiscard]] std::optional<Callback> take();
  // The session is over: nothing will come any more.
  [[nodiscard]] bool is_over() const { return client_.ended() != nullptr; }

  // The handle of this process that has this lock; null if none has.
  [[nodiscard]] static Handle* of(LockNumber number);

 private:
  Handle(Client client, std::string lockspace, Lockspace opened);
  using OnAnswer = void (Handle::*)(LockNumber, Result<Lock, Refusal>);
  [[nodiscard]] int ask(const LockCall& call, OnAnswer answered, Record*& asked);
  [[nodiscard]] int request(const LockCall& call);
  [[nodiscard]] int adopt(const LockCall& call);
  [[nodiscard]] int convert(const LockCall& call);
  [[nodiscard]] int begin_conversion(Record& record, const LockCall& call, std::string_view value);
  [[nodiscard]] static int do_next(Record& record, const Answer& answer, Waiter* waiter,
                                   std::function<int(Record&)> begin);
  void begin_next(Record& record);
  [[nodiscard]] int cancel(Record& record, const UnlockCall& call);
  [[nodiscard]] static int cancel_next(Next& next, const UnlockCall& call);
  [[nodiscard]] int take_back(const Record& record);
  [[nodiscard]] int release(Record& record, const UnlockCall& call);
  [[nodiscard]] int release_request(Record& record, const UnlockCall& call, std::string_view value);
  [[nodiscard]] int begin_release(Record& record, const UnlockCall& call, std::string_view value);
  void purge_record(Record& record);
  void purge_own();
  [[nodiscard]] int find_parent(const LockCall& call, ClaimId& parent);
  void set_parent(Record& record, LockNumber parent);
  [[nodiscard]] LockOptions options_of(const LockCall& call, LockNumber number);
  [[nodiscard]] Record* find(LockNumber number);
  Record& add();
  void erase(LockNumber number);
  static void begin(Record& record, UnderWay what, const LockCall& call);
  void on_adopted(LockNumber number, Result<Lock, Refusal> result);
  void on_granted(LockNumber number, Result<Lock, Refusal> result);
  void on_converted(LockNumber number, Result<Grant, Refusal> result);
  void on_unlocked(LockNumber number, ClaimId id, const Result<void>& result);
  void on_notice(LockNumber number);
  void on_lost(LockNumber number, const Error& why);
  void complete(Record& record, int status, const Grant* grant = nullptr, ValueMove move = ValueMove::none);
  [[nodiscard]] static int status_of(const Record& record, const Error& why);
  void end_all(const Error& why);

  Client client_;
  std::string lockspace_;
  Lockspace opened_;
  std::unordered_map<LockNumber, Record> records_;
  std::deque<Callback> due_;
};

}  // namespace holdfast::libdlm
