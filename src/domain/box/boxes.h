// domain/box/boxes.h: send this command to that box.
//
// A box is a partition with a single writer: a user's messages and events, a phone number, a device. Commands are the
// functions of schema/records.tl. Each runs on the box's owner core (bucket of the partition, mod cores) as a
// synchronous function over a BoxTxn; whatever is staged meanwhile is committed as one conditional batch. The answer
// comes after the commit: who got one may rely on it, who reads the store sees it. docs/updates.md has the whole story.
//
// Errors:  the command's own refusals, which leave no trace; 420 FLOOD_WAIT_1 when the box has too much to do; 500
//          INTERNAL when the store does not answer in time. After a 500 the change may or may not be made: commands are
//          such that repeating them is harmless.
// Threads: any core.
#pragma once
#include <memory>

#include "base/cores.h"
#include "domain/box/box_core.h"
#include "domain/box/feed.h"
#include "domain/box/keys.h"

namespace helio::domain {

class Boxes {
 public:
  // All outlive the Boxes. `commands` lists every command there is (all_commands()).
  Boxes(Cores& cores, store::Kv& kv, Clock& clock, const Commands& commands, BoxLimits limits = {});
  ~Boxes();
  Boxes(const Boxes&) = delete;

  // Runs `command` in the box `partition` and returns its answer. Not cancelled with its caller.
  template <class C>
  Task<Result<typename C::Result>> run(Bytes partition, C command, Origin origin = {}) {
    tl::Box<tl::Object> any = std::move(command);
    CO_TRY(auto answer, co_await run_any(std::move(partition), std::move(any), origin));
    typename C::Result typed;
    typed.set(answer.release());
    co_return typed;
  }
  // The same for a user's box.
  template <class C>
  Task<Result<typename C::Result>> run(UserId user, C command, Origin origin = {}) {
    return run(user_partition(user), std::move(command), origin);
  }

  // Where the box of `user` is, as committed; zeros where there is none. Whoever shows a pts to a client asks here: of
  // a restored store it is never one that the store has forgotten (domain/box/lost.h). Throws StoreDown.
  Task<tl::record::Counters> counters(UserId user);

  // What is committed in the box of `user` from now on, for a session on the calling core.
  Task<std::shared_ptr<Feed>> subscribe(UserId user);

  // As run(), for commands by their table.
  Task<Result<tl::Box<tl::Object>>> run_any(Bytes partition, tl::Box<tl::Object> command, Origin origin);

  // Tells the sessions of `user`, but that of `origin`, something that is kept nowhere: an update without a pts
  // (domain/box/feed.h). Returns at once.
  void tell(UserId user, tl::Box<tl::TypeUpdate> note, Origin origin = {});

  // Finishes what a former process left: every box with effects that were not delivered. Once, at start, any core;
  // returns when all are on their way.
  Task<> resume();
  // Stops every box of the calling core; what is staged is answered with 500. Once on each core, before destruction.
  Task<> stop();

 private:
  int owner_of(View partition) const;
  static Task<std::uint64_t> add_to(std::weak_ptr<Feeds> feeds, UserId user, std::weak_ptr<Feed> feed, int core);

  Cores& cores_;
  store::Kv& kv_;
  Clock& clock_;
  std::vector<std::unique_ptr<BoxCore>> per_core_;
};

}  // namespace helio::domain
