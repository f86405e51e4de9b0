// bench/store_bench.cpp: what the embedded store costs.
//
//   store_bench [DIRECTORY] [SECONDS]      one line for each number of messages in flight
//
// A message is two commits of four puts each, the second after the first, as a private message makes them; values of
// about 100 bytes, 10,000 boxes, every commit flushed to the disk. CPU is the whole process's, background work
// included. DIRECTORY (default: a new one below /tmp) must be on the disk that is meant; it is removed at the end.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

#include "base/assert.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/tasks.h"
#include "store/rocks/rocks_kv.h"

namespace helio {

namespace {

constexpr std::uint32_t kBoxes = 10'000;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds_of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

struct Box {
  std::uint64_t version = 0;
  std::uint32_t pts = 0;
};

struct Load {
  store::Kv& kv;
  Clock& clock;
  Ticks end;
  std::vector<Box> boxes;
  std::vector<double> commit_us;
  std::uint64_t messages = 0;
};

Bytes name_of(std::uint32_t box) {
  Bytes name = "u";
  append_be(name, box);
  return name;
}

Task<> append(Load& load, std::uint32_t number, std::uint32_t peer, bool pending) {
  Box& box = load.boxes[number];
  ++box.pts;
  store::Batch batch{.partition = name_of(number), .expect = box.version, .pending = pending};
  Bytes message = "m", event = "e", dialog = "d";
  append_be(message, peer);
  append_be(message, box.pts);
  append_be(event, box.pts);
  append_be(dialog, peer);
  batch.puts.push_back({"0", Bytes(60, 'c')});
  batch.puts.push_back({std::move(message), Bytes(160, 'm')});
  batch.puts.push_back({std::move(event), Bytes(60, 'e')});
  batch.puts.push_back({std::move(dialog), Bytes(100, 'd')});
  const Ticks begin = load.clock.ticks();
  const store::Commit done = co_await load.kv.commit(std::move(batch));
  load.commit_us.push_back(std::chrono::duration<double, std::micro>(load.clock.ticks() - begin).count());
  ASSERT(done.outcome == store::Outcome::kCommitted);
  box.version = done.version;
}

// One sender and one recipient at a time out of the boxes that are this sender's own.
Task<> send(Load& load, std::uint32_t first, std::uint32_t step) {
  SeededRandom random(first);
  const std::uint32_t count = (kBoxes - first + step - 1) / step;
  while (load.clock.ticks() < load.end) {
    const std::uint32_t from = first + step * static_cast<std::uint32_t>(random.below(count));
    const std::uint32_t to = first + step * static_cast<std::uint32_t>(random.below(count));
    co_await append(load, from, to, true);
    co_await append(load, to, from, false);
    ++load.messages;
  }
}

Task<> send_all(Load& load, std::uint32_t in_flight) {
  TaskGroup group(co_await asio::this_coro::executor);
  for (std::uint32_t i = 0; i < in_flight; ++i) group.spawn(send(load, i, in_flight));
  co_await group.join();
}

Task<> read_hot(store::Kv& kv, int times, bool scanning) {
  SeededRandom random(1);
  for (int i = 0; i < times; ++i) {
    Bytes name = name_of(static_cast<std::uint32_t>(random.below(kBoxes)));
    if (scanning) {
      store::Scan scan{.from = "m", .to = "n", .reverse = true, .limit = 50};
      co_await kv.scan(std::move(name), std::move(scan));
    } else {
      std::vector<Bytes> keys{"0"};
      co_await kv.get(std::move(name), std::move(keys));
    }
  }
}

void measure(const std::filesystem::path& directory, seconds duration, std::uint32_t in_flight, bool reads) {
  std::filesystem::remove_all(directory);
  store::RocksOptions options;
  options.directory = directory;
  store::RocksKv kv(std::move(options));
  SystemClock clock;
  Load load{kv, clock, clock.ticks() + duration, std::vector<Box>(kBoxes), {}};
  asio::io_context context(1);

  const double cpu_before = cpu_seconds();
  const Ticks begin = clock.ticks();
  run_until_done(context, send_all(load, in_flight));
  const double wall = std::chrono::duration<double>(clock.ticks() - begin).count();
  const double cpu = cpu_seconds() - cpu_before;

  std::sort(load.commit_us.begin(), load.commit_us.end());
  const auto counts = kv.counts();
  const auto commits = static_cast<double>(counts.commits);
  const auto messages = static_cast<double>(load.messages);
  std::printf("in flight %4u: %8.0f messages/s, %8.0f messages/CPU-s, %8.0f commits/CPU-s, %6.1f us CPU/message, ",
              in_flight, messages / wall, messages / cpu, commits / cpu, cpu / messages * 1e6);
  std::printf("group %6.1f, commit p50 %5.0f us, p99 %6.0f us\n", commits / static_cast<double>(counts.groups),
              load.commit_us[load.commit_us.size() / 2], load.commit_us[load.commit_us.size() * 99 / 100]);

  for (const bool scanning : {false, true}) {
    if (!reads) break;
    constexpr int kTimes = 50'000;
    const double before = cpu_seconds();
    run_until_done(context, read_hot(kv, kTimes, scanning));
    std::printf("hot %s: %5.2f us CPU\n", scanning ? "scan of the newest 50" : "point read",
                (cpu_seconds() - before) / kTimes * 1e6);
  }
  std::fflush(stdout);
}

}  // namespace

}  // namespace helio

int main(int argc, char** argv) {
  const std::filesystem::path directory = argc > 1 ? std::filesystem::path(argv[1]) / "store_bench"
                                                   : std::filesystem::temp_directory_path() / "store_bench";
  const helio::seconds duration(argc > 2 ? std::atoi(argv[2]) : 3);
  for (const std::uint32_t in_flight : {1u, 16u, 64u, 256u}) {
    helio::measure(directory, duration, in_flight, in_flight == 256);
  }
  std::filesystem::remove_all(directory);
}
