// domain/box/box.h: one partition's single writer.
//
// Commands are staged; a worker takes all that wait, runs them one after the other over one BoxTxn, commits what they
// did as one conditional batch, and then answers, publishes to feeds and wakes the delivery of effects. A command that
// refuses is rolled back alone. `conflict` and `unknown` mean that memory may be wrong: it is dropped, read anew, and
// all of them are run again; their own keys (random_id, copies) see to it that nothing is done twice.
//
// Threads: the owner core alone, so there is no mutex and nothing is held across a commit.
#pragma once
#include <deque>
#include <memory>
#include <optional>

#include "domain/box/command.h"
#include "domain/box/delivery.h"
#include "domain/box/txn.h"

namespace helio::domain {

class BoxCore;

// A command on its way through a box, shared with whoever waits for its answer.
struct StagedCommand {
  StagedCommand(tl::Box<tl::Object> what, const CommandKind& how, Origin whose, Executor executor)
      : command(std::move(what)), kind(how), origin(whose), answered(executor) {}
  tl::Box<tl::Object> command;
  const CommandKind& kind;
  Origin origin;
  Signal answered;
  std::optional<Result<tl::Box<tl::Object>>> answer;
};

class Box {
 public:
  Box(BoxCore& core, Bytes partition);

  // nullptr when too much waits already.
  std::shared_ptr<StagedCommand> stage(tl::Box<tl::Object> command, Origin origin);
  // Nothing is staged, running or being delivered.
  bool idle() const { return staged_.empty() && !working_ && !(delivery_ && delivery_->busy()); }
  // The store does not know yet how far effects were delivered, or memory does not know what the store has.
  bool unsettled() const;
  // Settles if it must; the core calls some time after settle_later().
  void settle();
  // Answers everything that waits with 500.
  void give_up() { give_up(staged_.size()); }

 private:
  enum class Attempt { kDone, kAgain, kDown };

  Task<> work();
  Task<> round();
  Task<Attempt> attempt();
  Task<bool> fetch(Reads keys);
  Task<bool> fetch(ReadMiss miss);
  Task<> catch_up(tl::record::Counters counters);
  bool is_still(std::uint64_t version);
  void forget();
  void remember(std::vector<store::Put> puts, std::vector<Bytes> erased, std::uint64_t version);
  void publish(std::vector<BoxTxn::Event> events, std::int32_t pts);
  void give_up(std::size_t commands);
  void settle_later();

  BoxCore& core_;
  const Bytes partition_;
  const std::optional<UserId> user_;
  std::deque<std::shared_ptr<StagedCommand>> staged_;
  bool working_ = false;

  BoxMemory memory_;
  bool remembers_ = false;      // memory_ holds what was committed at its version.
  std::int32_t published_ = 0;  // The newest event that feeds and delivery know.
  std::int32_t stored_cursor_ = 0;
  std::optional<Delivery> delivery_;  // Of a user's box.
  bool settle_expected_ = false;      // The core will call settle().
  bool doubtful_ = false;             // Given up on: the store may have, or get, what nobody was told.
};

}  // namespace helio::domain
