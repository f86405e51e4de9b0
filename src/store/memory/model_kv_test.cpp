#include "store/memory/model_kv.h"

#include "base/virtual_clock.h"
#include "store/kv_conformance.h"

namespace helio::store {

namespace {

struct NoFaults {
  static constexpr ModelFaults kFaults{};
};
struct Delays {
  static constexpr ModelFaults kFaults{.delay_max = milliseconds(50), .slow = 0.01};
};

template <class F>
class ModelEngine {
 public:
  ModelEngine() { reopen(); }
  Kv& kv() { return *kv_; }
  Kv& other() { return *other_; }
  void reopen() {
    kv_ = std::make_unique<ModelKv>(disk_, clock_, 1, F::kFaults);
    other_ = std::make_unique<ModelKv>(disk_, clock_, 2, F::kFaults);
  }
  void run(Task<> task) { clock_.run(std::move(task)); }

 private:
  asio::io_context context_;
  VirtualClock clock_{context_};
  ModelDisk disk_;
  std::unique_ptr<ModelKv> kv_, other_;
};

// Adds `times` lines to one partition, each once whatever happens: the key of a line makes a repeat harmless.
Task<> add_lines(Kv& kv, Bytes writer, int times) {
  for (int line = 0; line < times; ++line) {
    const Bytes key = writer + std::to_string(line);
    while (true) {
      std::uint64_t version = 0, count = 0;
      bool done = false;
      try {
        std::vector<Bytes> keys{"count", key};
        const Values values = co_await kv.get("u1", std::move(keys));
        version = values.version;
        count = std::stoull(values.values[0].value_or("0"));
        done = values.values[1].has_value();
      } catch (const StoreDown&) {
        continue;
      }
      if (done) break;
      Batch batch{.partition = "u1", .expect = version, .puts = {{"count", std::to_string(count + 1)}, {key, "x"}}};
      const Commit commit = co_await kv.commit(std::move(batch));
      if (commit.outcome == Outcome::kCommitted) break;
    }
  }
}

Task<> add_lines_from_both(Kv& kv, Kv& other, int times) {
  TaskGroup group(co_await asio::this_coro::executor);
  group.spawn(add_lines(kv, "a", times));
  group.spawn(add_lines(other, "b", times));
  co_await group.join();
}

constexpr ModelFaults kRough{.delay_max = milliseconds(20),
                             .conflict = 0.05,
                             .unavailable = 0.05,
                             .unknown_applied = 0.05,
                             .unknown_late = 0.05,
                             .unknown_never = 0.05,
                             .read_down = 0.05,
                             .lost = 0.01,
                             .slow = 0.01};

// Everything that happened, as text. `seen` gathers what the faults did.
std::string story(std::uint64_t seed, ModelKv::Counts* seen = nullptr) {
  asio::io_context context;
  VirtualClock clock(context);
  ModelDisk disk;
  ModelKv kv(disk, clock, seed, kRough), other(disk, clock, seed + 1'000, kRough);
  clock.run(add_lines_from_both(kv, other, 50));
  clock.run_for(kRough.late_max);

  const ModelPartition& partition = disk.partitions["u1"];
  EXPECT_EQ(partition.rows.at("count"), "100") << "seed " << seed;
  EXPECT_EQ(partition.rows.size(), 101u) << "seed " << seed;
  EXPECT_GE(partition.version, 100u);
  const ModelKv::Counts& counts = kv.counts();
  if (seen) {
    seen->conflicts += counts.conflicts;
    seen->unavailable += counts.unavailable;
    seen->unknown += counts.unknown;
    seen->reads_failed += counts.reads_failed;
  }
  return std::to_string(clock.ticks().time_since_epoch().count()) + " " + std::to_string(partition.version) + " " +
         std::to_string(counts.unknown) + " " + std::to_string(counts.conflicts) + " " + std::to_string(counts.reads);
}

Task<> commit_once(Kv& kv, Bytes partition, Commit& commit) {
  Batch batch{.partition = std::move(partition), .puts = {{"a", "1"}}};
  commit = co_await kv.commit(std::move(batch));
}

Task<> sleep_long(Clock& clock) {
  co_await clock.sleep(seconds(10));
}

// A process that commits to one partition for ever, until it dies.
Task<> commit_for_ever(Kv& kv, std::uint64_t& answered) {
  while (true) {
    Batch batch{.partition = "u1", .expect = answered, .puts = {{"n", std::to_string(answered + 1)}}};
    const Commit commit = co_await kv.commit(std::move(batch));
    EXPECT_EQ(commit.outcome, Outcome::kCommitted);
    answered = commit.version;
  }
}

Task<> live_and_die(Clock& clock, ModelDisk& disk, std::uint64_t seed) {
  std::uint64_t answered = 0;
  TaskGroup group(co_await asio::this_coro::executor);
  auto kv = std::make_unique<ModelKv>(disk, clock, seed, ModelFaults{.delay_max = milliseconds(10)});
  group.spawn(commit_for_ever(*kv, answered));
  co_await clock.sleep(milliseconds(1'000 + seed));
  kv->crash();
  const std::uint64_t stored = disk.partitions["u1"].version;
  co_await group.join();  // The dead process's tasks end by themselves.
  EXPECT_EQ(disk.partitions["u1"].version, stored);
  EXPECT_GT(answered, 10u);
  EXPECT_TRUE(stored == answered || stored == answered + 1);  // Applied, but not answered.
}

}  // namespace

INSTANTIATE_TYPED_TEST_SUITE_P(Model, KvConformance, ModelEngine<NoFaults>);
INSTANTIATE_TYPED_TEST_SUITE_P(ModelWithDelays, KvConformance, ModelEngine<Delays>);

TEST(ModelKv, LosesAndDoublesNothingForCallersThatKeepTheContract) {
  ModelKv::Counts seen;
  for (std::uint64_t seed = 0; seed < 25; ++seed) story(seed, &seen);
  EXPECT_GT(seen.conflicts, 100u);
  EXPECT_GT(seen.unavailable, 100u);
  EXPECT_GT(seen.unknown, 100u);
  EXPECT_GT(seen.reads_failed, 100u);
}

TEST(ModelKv, TellsTheSameStoryForTheSameSeed) {
  for (std::uint64_t seed = 0; seed < 3; ++seed) EXPECT_EQ(story(seed), story(seed));
  EXPECT_NE(story(1), story(2));
}

TEST(ModelKv, UnknownMayBeAppliedLater) {
  asio::io_context context;
  VirtualClock clock(context);
  ModelDisk disk;
  ModelKv kv(disk, clock, 1, ModelFaults{.unknown_late = 1});
  Commit commit;
  clock.run(commit_once(kv, "u1", commit));
  EXPECT_EQ(commit.outcome, Outcome::kUnknown);
  EXPECT_EQ(disk.partitions.count("u1"), 0u);
  EXPECT_EQ(disk.late.size(), 1u);
  clock.run(sleep_long(clock));
  clock.run(commit_once(kv, "u1", commit));
  EXPECT_EQ(commit.outcome, Outcome::kConflict);
  EXPECT_EQ(disk.partitions["u1"].version, 1u);
}

TEST(ModelKv, ALostPartitionComesBack) {
  asio::io_context context;
  VirtualClock clock(context);
  ModelDisk disk;
  ModelKv kv(disk, clock, 1, ModelFaults{.lost = 1});
  Commit commit;
  clock.run(commit_once(kv, "u1", commit));
  EXPECT_EQ(commit.outcome, Outcome::kUnavailable);
  EXPECT_TRUE(disk.partitions.empty());
  kv.set_faults({});
  clock.run(commit_once(kv, "u1", commit));
  EXPECT_EQ(commit.outcome, Outcome::kCommitted);
}

TEST(ModelKv, ALatePartitionHoldsUpNobodyElse) {
  asio::io_context context;
  VirtualClock clock(context);
  ModelDisk disk;
  int late = 0, quick = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    // Half of the partitions are late, for a long time; each call of theirs is.
    ModelKv kv(disk, clock, seed, ModelFaults{.slow = 0.5, .slow_max = milliseconds(5'000)});
    for (const Bytes& name : {Bytes("a"), Bytes("b"), Bytes("c")}) {
      const Ticks before = clock.ticks();
      Commit commit;
      clock.run(commit_once(kv, name + std::to_string(seed), commit));
      EXPECT_EQ(commit.outcome, Outcome::kCommitted);
      ++(clock.ticks() - before > milliseconds(100) ? late : quick);
    }
  }
  EXPECT_GT(late, 10);
  EXPECT_GT(quick, 10);
}

Task<> list_pending(Kv& kv, int& failed) {
  for (std::uint32_t bucket = 0; bucket < kBuckets; ++bucket) {
    try {
      co_await kv.pending(bucket);
    } catch (const StoreDown&) {
      ++failed;
    }
  }
}

TEST(ModelKv, TheListOfPendingPartitionsMayBeOutOfReachAsWell) {
  asio::io_context context;
  VirtualClock clock(context);
  ModelDisk disk;
  ModelKv kv(disk, clock, 1, ModelFaults{.read_down = 0.5});
  int failed = 0;
  clock.run(list_pending(kv, failed));
  EXPECT_GT(failed, 80);
  EXPECT_LT(failed, 176);
}

TEST(ModelKv, ARestoredDiskIsTheBackupAndSaysWhatItForgot) {
  asio::io_context context;
  VirtualClock clock(context);
  ModelDisk disk, backup;
  {
    ModelKv kv(disk, clock, 1, ModelFaults{.unknown_late = 0.5});
    Commit commit;
    for (int i = 0; i < 20; ++i) clock.run(commit_once(kv, "a" + std::to_string(i), commit));
    backup = disk;
    EXPECT_FALSE(backup.late.empty());
    for (int i = 0; i < 20; ++i) clock.run(commit_once(kv, "b" + std::to_string(i), commit));
    EXPECT_EQ(kv.lost_ids_max(), 0u);
  }
  const std::size_t partitions = backup.partitions.size();
  for (const std::uint32_t lost_ids_max : {1'000u, 2'000u}) {
    restore(disk, lost_ids_max == 1'000 ? backup : disk, 1'000);
    ModelKv kv(disk, clock, 2);
    EXPECT_EQ(kv.lost_ids_max(), lost_ids_max);
    clock.run(sleep_long(clock));
    int failed = 0;
    clock.run(list_pending(kv, failed));  // Whatever was late would be there by now.
    EXPECT_EQ(disk.partitions.size(), partitions);
  }
}

TEST(ModelKv, ACrashKeepsTheDiskAndNothingElse) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    asio::io_context context;
    VirtualClock clock(context);
    ModelDisk disk;
    clock.run(live_and_die(clock, disk, seed));
  }
}

TEST(ModelKvDeathTest, CommitsOfOnePartitionMustNotOverlap) {
  asio::io_context context;
  VirtualClock clock(context);
  ModelDisk disk;
  ModelKv kv(disk, clock, 1, ModelFaults{.delay_max = milliseconds(10)});
  const auto overlap = [&] {
    Commit first, second;
    TaskGroup group(context.get_executor());
    group.spawn(commit_once(kv, "u1", first));
    group.spawn(commit_once(kv, "u1", second));
    clock.run(group.join());
  };
  EXPECT_DEATH(overlap(), "alone");
}

}  // namespace helio::store
