// mtproto/id_clock.h: the time that message identifiers are made of and judged by. It never goes back: not while the
// server runs, nor across a restart, whatever happens to the wall clock (docs/security.md C18).
//
// It is the wall clock's, as long as that goes forward. Where that one was set back, this one goes on at 99 hundredths
// of real time until it is caught up with. Clients take their time from our identifiers, and theirs are judged by this
// clock: both sides agree, however far the wall clock went back.
//
// Durable:  partition "w", key "t": a second (i64, little-endian) that no identifier has reached. It is written before
//           the first one is made, and then kAhead seconds ahead whenever less than a second of it is left: every five
//           seconds under load, never in an idle server, whose first identifier may be out before that commit is.
//           After a stop this clock begins at most two seconds ahead of the wall clock, after a kill at most kAhead.
// Threads: now() on any core; everything else on core 0.
#pragma once
#include <memory>

#include "base/clock.h"
#include "base/cores.h"
#include "store/kv.h"

namespace helio::mtproto {

class IdClock final : public Clock {
 public:
  static constexpr seconds kAhead{6};

  // References outlive the clock.
  IdClock(Cores& cores, Clock& clock, store::Kv& kv);
  ~IdClock() override;

  // Reads the mark, for as long as it takes, then keeps it.
  void start();
  // Whether now() may be asked. Any core.
  bool started() const;
  // The last one: nothing asks for identifiers any more.
  Task<bool> stop();

  // For identifiers, and for whatever is compared with what clients make of them: salts, the life of keys.
  Wall now() const override;
  // The same, for what gives nothing away: an idle server writes no marks.
  Wall peek() const;
  Ticks ticks() const override;
  Task<> sleep_until(Ticks when) override;

 private:
  struct State;
  static Task<> run(std::shared_ptr<State> state);
  static Task<bool> read(std::shared_ptr<State> state);
  static Task<> renew(std::shared_ptr<State> state, std::int64_t mark);
  static Task<bool> write(std::shared_ptr<State> state, std::int64_t mark);
  static void anchor(State& state);
  static void given(const std::shared_ptr<State>& state, Wall time);
  static void raise(State& state, std::int64_t line);

  std::shared_ptr<State> state_;
};

}  // namespace helio::mtproto
