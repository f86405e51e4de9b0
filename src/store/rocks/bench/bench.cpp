#include "store/rocks/bench/bench.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/assert.h"
#include "store/rocks/bench/bare_loop.h"
#include "store/rocks/bench/meters.h"
#include "store/rocks/bench/probes.h"
#include "store/rocks/bench/senders.h"
#include "store/rocks/settle.h"

namespace helio::store {

namespace {

using namespace rocks;
using namespace rocks::bench;
namespace fs = std::filesystem;
using Says = std::function<void(const std::string& line)>;

constexpr std::uint32_t kOpeningBoxes = 1'000'000;

// A folder of its own, removed with everything in it.
struct Scratch {
  explicit Scratch(const fs::path& parent) : path(parent / ("store-bench-" + std::to_string(::getpid()))) {
    fs::create_directory(path);
  }
  Scratch(const Scratch&) = delete;
  ~Scratch() {
    std::error_code gone;
    fs::remove_all(path, gone);
  }
  fs::path path;
};

enum class Part { kWarm, kMeasured };

class Bench {
 public:
  Bench(const BenchOptions& options, const Says& says, const fs::path& scratch)
      : options_(options), says_(says), scratch_(scratch) {}

  RocksOptions store_options() const {
    RocksOptions store;
    store.directory = scratch_ / "store";
    store.memory = options_.memory;
    return store;
  }

  void load(BenchReport& report);
  void open(BenchReport& report, Victim& victim);
  void read(BenchReport& report);
  void write_long_boxes(BenchReport& report);

 private:
  struct Round {
    BenchReport::Side side;
    std::uint64_t warm_messages = 0;
    double commits_per_flush = 0, peak_memory = 0;
  };
  // Two times `send(part)`, each with everything settled after it; only the second is measured: a store makes the
  // files that it uses again and again in its first moments.
  template <class Send, class Settle>
  Round measure(Send send, Settle settle);
  Round store_round(std::uint32_t in_flight);
  Round bare_round(std::uint32_t in_flight, const Round& store);
  void wait_until_nothing_is_written();
  void give_write_buffers(rocks::Database& database) const;
  void clear() const { fs::remove_all(scratch_ / "store"); }

  const BenchOptions& options_;
  const Says& says_;
  const fs::path scratch_;
  SystemClock clock_;
};

template <class Send, class Settle>
Bench::Round Bench::measure(Send send, Settle settle) {
  const auto settled = [&] {
    if (!settle()) throw StoreDown("the store is still busy, minutes after the last message");
  };
  Round round;
  round.warm_messages = send(Part::kWarm).messages;
  settled();
  wait_until_nothing_is_written();

  const double cpu_before = cpu_seconds();
  Sent sent = send(Part::kMeasured);
  const Ticks last = clock_.ticks();
  settled();
  const double cpu = cpu_seconds() - cpu_before;

  const auto messages = static_cast<double>(sent.messages);
  BenchReport::Side& side = round.side;
  side.messages = messages;
  side.messages_per_second = messages / sent.wall;
  side.messages_per_cpu_second = messages / cpu;
  side.cpu_us_per_message = cpu / messages * 1e6;
  side.commit_p50_us = quantile(sent.commit_us, 0.5);
  side.commit_p99_us = quantile(sent.commit_us, 0.99);
  side.table_bytes_per_message =
      static_cast<double>(table_bytes(scratch_ / "store")) / (messages + static_cast<double>(round.warm_messages));
  side.settle_seconds = seconds_between(last, clock_.ticks());
  return round;
}

// For a while, and not for ever: a store may write by itself.
void Bench::wait_until_nothing_is_written() {
  constexpr milliseconds kWhile(250);
  constexpr int kWhilesMax = 120;
  asio::io_context context(1);
  std::uint64_t before = 0;
  for (int i = 0; i < kWhilesMax && written_bytes() != before; ++i) {
    before = written_bytes();
    run_until_done(context, clock_.sleep(kWhile));
  }
}

Bench::Round Bench::store_round(std::uint32_t in_flight) {
  clear();
  Traffic traffic(options_.boxes);
  forget_peak();
  const auto resident_before = static_cast<double>(resident_bytes());
  RocksKv kv(store_options());
  Senders senders(kv, clock_, traffic);
  const auto send = [&](Part part) {
    return senders.send(in_flight, part == Part::kWarm ? options_.duration / 4 : options_.duration);
  };
  Round round = measure(send, [&] { return kv.settle(); });
  round.peak_memory = static_cast<double>(peak_resident_bytes()) - resident_before;
  const auto counts = kv.counts();
  round.commits_per_flush = static_cast<double>(counts.commits) / static_cast<double>(std::max(counts.groups, 1ul));
  return round;
}

// The one option that differs: the store has no use for RocksDB's write buffers, the bare loop gets as much memory for
// them as the store has for generations.
void Bench::give_write_buffers(rocks::Database& database) const {
  for (auto* family : {database.rows(), database.meta()}) {
    const auto status = database->SetOptions(
        family, {{"write_buffer_size", std::to_string(options_.memory / 4)}, {"max_write_buffer_number", "2"}});
    if (!status.ok()) throw StoreDown("RocksDB refuses an option: " + status.ToString());
  }
}

Bench::Round Bench::bare_round(std::uint32_t in_flight, const Round& store) {
  clear();
  Traffic traffic(options_.boxes);
  rocks::Failure failure(nullptr);
  rocks::Database database(store_options(), failure);
  give_write_buffers(database);
  BareLoop loop(database, traffic, clock_);
  const auto measured = static_cast<std::uint64_t>(store.side.messages);
  const auto send = [&](Part part) {
    return loop.send(in_flight, part == Part::kWarm ? store.warm_messages : measured);
  };
  return measure(send, [&] { return rocks::settle(database); });
}

// Of each figure its median.
BenchReport::Side middle(const std::vector<BenchReport::Side>& sides) {
  const auto of = [&](double BenchReport::Side::*figure) {
    std::vector<double> values;
    for (const auto& side : sides) values.push_back(side.*figure);
    return median(std::move(values));
  };
  using Side = BenchReport::Side;
  Side result;
  for (double Side::*figure :
       {&Side::messages, &Side::messages_per_second, &Side::messages_per_cpu_second, &Side::cpu_us_per_message,
        &Side::commit_p50_us, &Side::commit_p99_us, &Side::table_bytes_per_message, &Side::settle_seconds}) {
    result.*figure = of(figure);
  }
  return result;
}

std::string describe(std::uint32_t in_flight, const char* who, const BenchReport::Side& side) {
  return fmt::format(
      "{:4} in flight, {:5}: {:7.0f} messages/s, {:7.0f} messages/CPU-s, {:6.1f} us CPU, commit p50 {:6.0f} us, "
      "p99 {:6.0f} us, {:5.0f} B/message in tables, settled in {:.1f} s",
      in_flight, who, side.messages_per_second, side.messages_per_cpu_second, side.cpu_us_per_message,
      side.commit_p50_us, side.commit_p99_us, side.table_bytes_per_message, side.settle_seconds);
}

void Bench::load(BenchReport& report) {
  std::vector<double> flushes, commit_to_flush;
  for (const std::uint32_t in_flight : options_.in_flight) {
    std::vector<BenchReport::Side> stores, bares;
    std::vector<double> ratios, groups, peaks;
    for (int i = 0; i < options_.rounds; ++i) {
      // Before and after: what else the disk does changes from one minute to the next.
      auto times = flush_times(scratch_, clock_, options_.flushes);
      const Round store = store_round(in_flight);
      const auto after = flush_times(scratch_, clock_, options_.flushes);
      times.insert(times.end(), after.begin(), after.end());
      flushes.insert(flushes.end(), times.begin(), times.end());
      if (in_flight == 1) commit_to_flush.push_back(store.side.commit_p50_us / median(std::move(times)));
      const Round bare = bare_round(in_flight, store);
      stores.push_back(store.side);
      bares.push_back(bare.side);
      ratios.push_back(store.side.messages_per_cpu_second / bare.side.messages_per_cpu_second);
      groups.push_back(store.commits_per_flush);
      peaks.push_back(store.peak_memory);
    }
    BenchReport::Load load{.in_flight = in_flight, .store = middle(stores), .bare = middle(bares)};
    load.commits_per_flush = median(groups);
    load.ratio_to_rocksdb = median(ratios);
    load.peak_memory = *std::max_element(peaks.begin(), peaks.end());
    says_(describe(in_flight, "store", load.store));
    says_(describe(in_flight, "bare", load.bare));
    says_(fmt::format(
        "{:4} in flight: {:.2f} times the bare loop, {:.1f} commits a flush, at most {:.0f} MiB more memory", in_flight,
        load.ratio_to_rocksdb, load.commits_per_flush, load.peak_memory / (1 << 20)));
    report.loads.push_back(load);
  }
  clear();
  report.flush_p50_us = median(flushes);
  report.commit_to_flush = median(commit_to_flush);
  says_(fmt::format("the disk flushes a block in {:.0f} us (p50)", report.flush_p50_us));
  if (report.commit_to_flush > 0) {
    says_(fmt::format("a commit at 1 in flight takes {:.2f} times as long", report.commit_to_flush));
  }
}

void Bench::open(BenchReport& report, Victim& victim) {
  BenchReport::Opening opening{.boxes = kOpeningBoxes};
  victim.fill();
  opening.clean_seconds = opening_seconds(store_options(), clock_);
  victim.kill();
  opening.killed_seconds = opening_seconds(store_options(), clock_);
  clear();
  says_(fmt::format("opening a store of {:.0f} boxes: {:.2f} s after a clean stop, {:.2f} s after kill -9",
                    opening.boxes, opening.clean_seconds, opening.killed_seconds));
  report.opening.push_back(opening);
}

void Bench::read(BenchReport& report) {
  const auto reads = measure_reads(store_options(), options_.boxes, clock_);
  clear();
  says_(fmt::format("point read of a hot box {:.2f} us CPU; newest 50 of a box of {:.0f} keys {:.1f} us", reads.get_us,
                    reads.long_box_keys, reads.scan_long_box_us));
  report.reads.push_back(reads);
}

void Bench::write_long_boxes(BenchReport& report) {
  const auto result = measure_long_boxes(store_options(), clock_);
  clear();
  std::string windows;
  for (const double cpu_us : result.window_cpu_us) windows += fmt::format(" {:.1f}", cpu_us);
  says_(fmt::format(
      "64 in flight, us CPU of a message in each {:.0f} messages of 200 boxes:{}; past {:.0f} a box {:+.0f} %",
      result.window_messages, windows, result.messages_per_box, result.growth * 100));
  report.long_boxes.push_back(result);
}

// ---- JSON ----

class Json {
 public:
  Json& add(std::string_view name, double value) { return raw(name, fmt::format("{:.6g}", value)); }
  Json& raw(std::string_view name, std::string_view value) {
    text_ += fmt::format("{}\"{}\": {}", text_.empty() ? "" : ", ", name, value);
    return *this;
  }
  std::string str() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

std::string to_json(const BenchReport::Side& side) {
  return Json()
      .add("messages", side.messages)
      .add("messages_per_second", side.messages_per_second)
      .add("messages_per_cpu_second", side.messages_per_cpu_second)
      .add("cpu_us_per_message", side.cpu_us_per_message)
      .add("commit_p50_us", side.commit_p50_us)
      .add("commit_p99_us", side.commit_p99_us)
      .add("table_bytes_per_message", side.table_bytes_per_message)
      .add("settle_seconds", side.settle_seconds)
      .str();
}

}  // namespace

BenchReport bench(const BenchOptions& options, const Says& says) {
  ASSERT(options.rounds > 0 && options.duration > milliseconds(0) && options.boxes > 0);
  for (const std::uint32_t in_flight : options.in_flight) ASSERT(in_flight > 0 && in_flight <= options.boxes / 2);
  const Scratch scratch(options.directory);
  Bench bench(options, says, scratch.path);
  BenchReport report;

  // First: nothing may have made a thread before the fork.
  std::optional<Victim> victim;
  if (options.opening) victim.emplace(bench.store_options(), kOpeningBoxes, options.duration);

  if (!options.in_flight.empty()) bench.load(report);
  if (options.reads) bench.read(report);
  if (options.long_boxes) bench.write_long_boxes(report);
  if (victim) bench.open(report, *victim);
  return report;
}

std::string to_json(const BenchOptions& options, const BenchReport& report) {
  Json out, ratios;
  std::string loads;
  for (const auto& load : report.loads) {
    ratios.add(std::to_string(load.in_flight), load.ratio_to_rocksdb);
    loads += (loads.empty() ? "" : ", ") + Json()
                                               .add("in_flight", load.in_flight)
                                               .raw("store", to_json(load.store))
                                               .raw("bare", to_json(load.bare))
                                               .add("ratio_to_rocksdb", load.ratio_to_rocksdb)
                                               .add("commits_per_flush", load.commits_per_flush)
                                               .add("peak_memory_bytes", load.peak_memory)
                                               .str();
  }
  out.add("boxes", options.boxes)
      .add("rounds", options.rounds)
      .add("seconds", std::chrono::duration<double>(options.duration).count())
      .add("memory_bytes", static_cast<double>(options.memory))
      .raw("ratio_to_rocksdb", ratios.str())
      .raw("loads", "[" + loads + "]")
      .add("flush_p50_us", report.flush_p50_us)
      .add("commit_to_flush", report.commit_to_flush);
  for (const auto& opening : report.opening) {
    out.raw("opening", Json()
                           .add("boxes", opening.boxes)
                           .add("clean_seconds", opening.clean_seconds)
                           .add("killed_seconds", opening.killed_seconds)
                           .str());
  }
  for (const auto& reads : report.reads) {
    out.raw("reads", Json()
                         .add("get_us", reads.get_us)
                         .add("scan_long_box_us", reads.scan_long_box_us)
                         .add("long_box_keys", reads.long_box_keys)
                         .str());
  }
  for (const auto& result : report.long_boxes) {
    std::string windows;
    for (const double cpu_us : result.window_cpu_us)
      windows += fmt::format("{}{:.6g}", windows.empty() ? "" : ", ", cpu_us);
    out.raw("long_boxes", Json()
                              .add("messages_per_box", result.messages_per_box)
                              .add("window_messages", result.window_messages)
                              .raw("window_cpu_us", "[" + windows + "]")
                              .add("growth", result.growth)
                              .str());
  }
  return out.str();
}

}  // namespace helio::store
