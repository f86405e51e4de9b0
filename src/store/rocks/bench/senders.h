// store/rocks/bench/senders.h: coroutines of one core that send private messages through store/kv.h.
//
// Each takes two boxes that nobody uses, commits the sender's, then the recipient's, and takes two others.
#pragma once
#include "base/clock.h"
#include "store/kv.h"
#include "store/rocks/bench/traffic.h"

namespace helio::store::rocks::bench {

struct Sent {
  std::uint64_t messages = 0;
  double wall = 0;                // Seconds.
  std::vector<double> commit_us;  // Of each commit, as its caller waits for it.
};

class Senders {
 public:
  // All outlive its use. The boxes do not exist in `kv` yet.
  Senders(Kv& kv, Clock& clock, Traffic& traffic);

  // `in_flight` messages at a time (at most half as many as there are boxes) until `duration` is over or so many
  // have been sent. Blocks. A commit that is not kCommitted ends the program.
  Sent send(std::uint32_t in_flight, milliseconds duration, std::uint64_t messages_max = UINT64_MAX);
  // One commit of four rows in each box: all of them exist then.
  void fill();
  // Goes on in the same store, which was closed and opened.
  void reopened(Kv& kv) { kv_ = &kv; }

 private:
  struct Box {
    std::uint64_t version = 0;
    std::uint32_t pts = 0;
    bool is_busy = false;
  };

  std::uint32_t take();
  Task<> send_some(Sent& sent, Ticks end, std::uint64_t messages_max);
  Task<> fill_some(Sent& sent, std::uint32_t first, std::uint32_t step);
  Task<> append(Sent& sent, std::uint32_t number, std::uint32_t peer, bool pending);

  Kv* kv_;
  Clock& clock_;
  Traffic& traffic_;
  std::vector<Box> boxes_;
};

}  // namespace helio::store::rocks::bench
