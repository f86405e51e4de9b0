#include "store/rocks/bench/probes.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <system_error>

#include "base/assert.h"
#include "store/rocks/bench/meters.h"
#include "store/rocks/bench/senders.h"

namespace helio::store::rocks::bench {

namespace {

constexpr std::uint32_t kInFlight = 256;
constexpr milliseconds kForEver = std::chrono::hours(1);

Task<> read_rows(Kv& kv, Traffic& traffic, int times) {
  for (int i = 0; i < times; ++i) {
    std::vector<Bytes> keys{"0"};
    Bytes name = box_name(traffic.box());
    const Values found = co_await kv.get(std::move(name), std::move(keys));
    ASSERT(found.values.front());
  }
}

// Of box 0.
Task<> read_newest(Kv& kv, std::uint32_t rows, int times) {
  for (int i = 0; i < times; ++i) {
    Scan scan{.from = "m", .to = "n", .reverse = true, .limit = rows};
    Bytes name = box_name(0);
    const Page page = co_await kv.scan(std::move(name), std::move(scan));
    ASSERT(page.rows.size() == rows);
  }
}

// CPU of one of `times`, in microseconds.
double cpu_us(int times, Task<> task) {
  asio::io_context context(1);
  const double before = cpu_seconds();
  run_until_done(context, std::move(task));
  return (cpu_seconds() - before) / times * 1e6;
}

// Box 0 gets messages [from, to) of one dialog; `version` is the box's.
Task<> lengthen(Kv& kv, Traffic& traffic, std::uint32_t from, std::uint32_t to, std::uint64_t& version) {
  constexpr std::uint32_t kPerBatch = 1'000;
  while (from < to) {
    Batch batch{.partition = box_name(0), .expect = version};
    for (std::uint32_t i = 0; i < kPerBatch && from < to; ++i, ++from) {
      traffic.each_row(1, from, [&](View key, View value) {
        if (key.starts_with('m')) batch.puts.push_back({Bytes(key), Bytes(value)});
      });
    }
    const Commit done = co_await kv.commit(std::move(batch));
    ASSERT(done.outcome == Outcome::kCommitted);
    version = done.version;
  }
}

void check(bool good, const char* what) {
  if (!good) throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

Victim::Victim(RocksOptions options, std::uint32_t boxes, milliseconds load) {
  check(::pipe2(to_, O_CLOEXEC) == 0 && ::pipe2(from_, O_CLOEXEC) == 0, "no pipe for the second process");
  pid_ = ::fork();
  check(pid_ >= 0, "no second process");
  if (pid_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    run(std::move(options), boxes, load);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  ::_exit(1);
}

Victim::~Victim() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  for (const int fd : {to_[0], to_[1], from_[0], from_[1]}) {
    if (fd >= 0) ::close(fd);
  }
}

void Victim::run(RocksOptions options, std::uint32_t boxes, milliseconds load) {
  char go = 0;
  const auto wait = [&] { return ::read(to_[0], &go, 1) == 1; };
  const auto tell = [&] { return ::write(from_[1], "d", 1) == 1; };
  SystemClock clock;
  Traffic traffic(boxes);
  if (!wait()) return;
  auto kv = std::make_unique<RocksKv>(options);
  Senders senders(*kv, clock, traffic);
  senders.fill();
  kv.reset();
  if (!tell() || !wait()) return;

  kv = std::make_unique<RocksKv>(options);
  senders.reopened(*kv);
  senders.send(kInFlight, load);
  if (!tell()) return;
  senders.send(kInFlight, kForEver);
}

void Victim::let_go() {
  check(::write(to_[1], "g", 1) == 1, "the second process is gone");
}

void Victim::await() {
  ::close(std::exchange(from_[1], -1));  // So that its end is the end of the pipe.
  char done = 0;
  if (::read(from_[0], &done, 1) != 1) throw StoreDown("the second process ended before its time");
}

void Victim::fill() {
  let_go();
  await();
}

void Victim::kill() {
  let_go();
  await();
  ::kill(pid_, SIGKILL);
  ::waitpid(std::exchange(pid_, -1), nullptr, 0);
}

double opening_seconds(const RocksOptions& options, Clock& clock) {
  forget_cached_files(options.directory);
  const Ticks begin = clock.ticks();
  RocksKv kv(options);
  Traffic one(1);
  asio::io_context context(1);
  run_until_done(context, read_rows(kv, one, 1));
  return seconds_between(begin, clock.ticks());
}

BenchReport::Reads measure_reads(RocksOptions options, std::uint32_t boxes, Clock& clock) {
  constexpr std::uint32_t kLongBoxKeys = 1'000'000, kNewest = 20;
  constexpr int kGets = 200'000, kScans = 20'000;
  BenchReport::Reads reads;
  reads.long_box_keys = kLongBoxKeys;
  const std::filesystem::path parent = options.directory;
  {
    options.directory = parent / "hot";
    RocksKv kv(options);
    Traffic traffic(boxes);
    Senders senders(kv, clock, traffic);
    senders.fill();
    senders.send(kInFlight, kForEver, boxes);
    reads.get_us = cpu_us(kGets, read_rows(kv, traffic, kGets));
  }
  options.directory = parent / "long";
  RocksKv kv(options);
  Traffic one(1);
  asio::io_context context(1);
  std::uint64_t version = 0;
  run_until_done(context, lengthen(kv, one, 0, kLongBoxKeys - kNewest, version));
  if (!kv.settle()) throw StoreDown("the store is still busy, minutes after the last message");
  context.restart();
  // As after a quiet hour: a few rows in memory, the others in tables.
  run_until_done(context, lengthen(kv, one, kLongBoxKeys - kNewest, kLongBoxKeys, version));
  cpu_us(1, read_newest(kv, 50, 1));
  reads.scan_long_box_us = cpu_us(kScans, read_newest(kv, 50, kScans));
  return reads;
}

BenchReport::LongBoxes measure_long_boxes(RocksOptions options, Clock& clock) {
  // A window has several folds, though not enough for the moment of a compaction not to matter: look at all of them.
  constexpr std::uint32_t kBoxes = 200, kMessagesPerBox = 10'000, kFew = 64, kWindowsBefore = 2, kWindows = 4;
  constexpr std::uint32_t kWindow = kBoxes * kMessagesPerBox / 2 / kWindowsBefore;  // Each message is one in two boxes.
  BenchReport::LongBoxes result;
  result.messages_per_box = kMessagesPerBox;
  result.window_messages = kWindow;
  RocksKv kv(std::move(options));
  Traffic traffic(kBoxes);
  Senders senders(kv, clock, traffic);
  double behind = 0;
  for (std::uint32_t i = 0; i < kWindows; ++i) {
    const double before = cpu_seconds();
    senders.send(kFew, kForEver, kWindow);
    if (!kv.settle()) throw StoreDown("the store is still busy, minutes after the last message");
    result.window_cpu_us.push_back((cpu_seconds() - before) / kWindow * 1e6);
    if (i >= kWindowsBefore) behind += result.window_cpu_us.back() / (kWindows - kWindowsBefore);
  }
  result.growth = behind / result.window_cpu_us.front() - 1;
  return result;
}

}  // namespace helio::store::rocks::bench
