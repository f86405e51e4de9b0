// store/rocks/bench/bench.h: what the embedded engine costs on a disk, beside RocksDB written by a bare loop.
//
// Load:  private messages (traffic.h) by coroutines of one core (senders.h), and the same number of messages by the
//        bare loop (bare_loop.h): one of its batches has as many messages as the store has in flight. The two take
//        turns, each on a new store; the figures are medians of the rounds.
// CPU:   of the whole process, until every flush, fold and compaction that the messages caused is done.
// Units: seconds, microseconds, bytes, as names say.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace helio::store {

struct BenchOptions {
  std::filesystem::path directory = ".";  // On the disk that is meant. A new folder in it is used, and removed.
  milliseconds duration{5'000};           // Of the store's part of each round.
  int rounds = 3;
  std::uint32_t boxes = 10'000;  // At least twice the largest number in flight.
  std::size_t memory = 256 << 20;
  // The largest first: what earlier rounds leave in the allocator would hide how much memory it takes.
  std::vector<std::uint32_t> in_flight = {256, 64, 16, 1};

  int flushes = 1'000;  // Of the disk alone, before each round.

  bool opening = false;  // A store of one million boxes after a clean stop, and after its process was killed.
  bool reads = false;
  bool long_boxes = false;  // What a message costs in boxes of 10,000 messages.
};

struct BenchReport {
  struct Side {  // The store's, or the bare loop's.
    double messages = 0, messages_per_second = 0, messages_per_cpu_second = 0, cpu_us_per_message = 0;
    double commit_p50_us = 0, commit_p99_us = 0;
    double table_bytes_per_message = 0;  // In *.sst files at the end.
    double settle_seconds = 0;           // How long the work in the background went on after the last message.
  };
  struct Load {
    std::uint32_t in_flight = 0;
    Side store, bare;
    double commits_per_flush = 0;
    double ratio_to_rocksdb = 0;  // Messages per CPU second: the store's by the bare loop's.
    double peak_memory = 0;       // By how many bytes the process grew at most while the store worked.
  };
  std::vector<Load> loads;
  double flush_p50_us = 0;     // Of the disk: one overwritten block and fdatasync.
  double commit_to_flush = 0;  // A commit's p50 at 1 in flight by the disk's in the same minute; 0 = not measured.

  struct Opening {
    double boxes = 0;
    double clean_seconds = 0, killed_seconds = 0;  // Until the first read is answered.
  };
  std::vector<Opening> opening;  // None or one.
  struct Reads {
    double get_us = 0;            // CPU of one point read of a hot box, through Kv::get.
    double scan_long_box_us = 0;  // The same of the newest 50 of a box with `long_box_keys`: 20 not folded yet.
    double long_box_keys = 0;
  };
  std::vector<Reads> reads;
  struct LongBoxes {
    double messages_per_box = 0;
    double window_messages = 0;
    std::vector<double> window_cpu_us;  // Of a message, one window after the other in one store.
    // Windows behind messages_per_box, in the mean, by the first, less 1. The first has the advantage that RocksDB has
    // hardly anything to merge yet.
    double growth = 0;
  };
  std::vector<LongBoxes> long_boxes;
};

// `says` gets lines for people as figures come in. Blocks for minutes. Call it before the process has threads if
// `opening` is asked for: it forks. Throws OpenError, StoreDown or std::system_error.
BenchReport bench(const BenchOptions& options, const std::function<void(const std::string& line)>& says);

std::string to_json(const BenchOptions& options, const BenchReport& report);

}  // namespace helio::store
