// store/rocks/bench/probes.h: the measurements that are no load: opening, reads, boxes with long pasts.
#pragma once
#include <sys/types.h>

#include "store/rocks/bench/bench.h"
#include "store/rocks/bench/traffic.h"
#include "store/rocks/rocks_kv.h"

namespace helio::store::rocks::bench {

// A process of its own that fills a store, stops it cleanly, opens it again, and loads it until it is killed.
class Victim {
 public:
  // Forks: the process has one thread yet.
  Victim(RocksOptions options, std::uint32_t boxes, milliseconds load);
  Victim(const Victim&) = delete;
  ~Victim();  // Kills it.

  void fill();  // Returns when the filled store is closed.
  void kill();  // Lets it load the store for `load`, and kills it at that.

 private:
  void run(RocksOptions options, std::uint32_t boxes, milliseconds load);
  void await();
  void let_go();

  int to_[2] = {-1, -1}, from_[2] = {-1, -1};
  pid_t pid_ = -1;
};

// Seconds until a store that is there has answered a read. The files are not in the kernel's cache before.
double opening_seconds(const RocksOptions& options, Clock& clock);

BenchReport::Reads measure_reads(RocksOptions options, std::uint32_t boxes, Clock& clock);
BenchReport::LongBoxes measure_long_boxes(RocksOptions options, Clock& clock);

}  // namespace helio::store::rocks::bench
