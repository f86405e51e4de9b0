// tests/crash/workload.h: what the writers of the crash driver ask for: the shapes that boxes of users have.
//
// Nothing here knows a store: a change is computed from the truth about one box, and from a seed.
#pragma once
#include "base/random.h"
#include "truth.h"

namespace helio::crash {

class Workload {
 public:
  // `boxes`: how many there are at first; more are made as time goes by.
  Workload(Truth& truth, Random& random, std::size_t boxes);

  Bytes any_partition();

  // A private message in the sender's box: counters, message, event, dialog and random_id, pending until the copy is
  // in the other box.
  Change message(const Box& box, const Bytes& peer);
  Change copy(const Box& box, const Bytes& peer);  // In the recipient's box.
  Change delivered(const Box& box);                // The cursor of the sender's box; no longer pending.
  // Everything else: edits, deletions of keys and of ranges, many rows, long values, nothing at all.
  Change other(const Box& box);
  Change row(const Box& box, Bytes key);  // One row.
  Change stale(const Box& box);           // Computed from another version.

  store::Scan scan(const Box& box);
  std::vector<Bytes> keys(const Box& box);
  Value value(std::uint32_t size) { return {random_.u64(), size}; }
  bool chance(unsigned percent) { return random_.below(100) < percent; }

 private:
  Change change(const Box& box);
  Bytes peer_key(char kind, const Bytes& peer);
  Bytes any_key(const Box& box);  // Mostly of a row that exists.
  Change bulk(const Box& box);
  Change trim(const Box& box);

  Truth& truth_;
  Random& random_;
  std::vector<Bytes> partitions_;
};

}  // namespace helio::crash
