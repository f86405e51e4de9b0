#include "store/memory/model_blobs.h"

#include "base/virtual_clock.h"
#include "store/blob_conformance.h"

namespace helio::store {

namespace {

using namespace blob_conformance;

struct NoFaults {
  static constexpr ModelBlobFaults kFaults{};
};
struct Delays {
  static constexpr ModelBlobFaults kFaults{.delay_max = milliseconds(3)};
};

template <class F>
class ModelBlobEngine {
 public:
  ModelBlobEngine() { reopen(); }
  Blobs& blobs() { return *blobs_; }
  Clock& clock() { return clock_; }
  void advance(seconds by) { clock_.skip += by; }
  void reopen() {
    blobs_.reset();
    blobs_ = std::make_unique<ModelBlobs>(disk_, clock_, 1, F::kFaults);
  }
  void run(Task<> task) { clock_.virtual_clock.run(std::move(task)); }

 private:
  // Time that a running task can move on.
  struct SkippingClock final : Clock {
    explicit SkippingClock(asio::io_context& context) : virtual_clock(context) {}
    Wall now() const override { return virtual_clock.now() + skip; }
    Ticks ticks() const override { return virtual_clock.ticks(); }
    Task<> sleep_until(Ticks when) override { return virtual_clock.sleep_until(when); }
    VirtualClock virtual_clock;
    seconds skip{0};
  };

  asio::io_context context_;
  SkippingClock clock_{context_};
  ModelBlobDisk disk_;
  std::unique_ptr<ModelBlobs> blobs_;
};

constexpr ModelBlobFaults kRough{.delay_max = milliseconds(20),
                                 .busy = 0.05,
                                 .no_room = 0.05,
                                 .write_down = 0.05,
                                 .finish_lost = 0.1,
                                 .read_down = 0.1};

// Once, through whatever happens; what is answered must be there.
Task<bool> try_to_store(Blobs& blobs, Bytes whole) {
  BlobStarted started = co_await blobs.start(whole.size());
  if (!started.draft) co_return false;
  for (std::size_t at = 0; at < whole.size(); at += 1'000) {
    const BlobOutcome written = co_await started.draft->write(at, whole.substr(at, 1'000));
    if (written != BlobOutcome::kDone) co_return false;
  }
  const BlobStored stored = co_await started.draft->finish();
  co_return stored.outcome == BlobOutcome::kDone;
}

Task<> store_through(Blobs& blobs, Bytes whole) {
  bool stored = false;
  while (!stored) {
    try {
      stored = co_await try_to_store(blobs, whole);
    } catch (const StoreDown&) {
    }
  }
}

Task<> store_all(Blobs& blobs, int number) {
  TaskGroup group(co_await asio::this_coro::executor);
  for (int i = 0; i < number; ++i) group.spawn(store_through(blobs, content(i, 5'000)));
  co_await group.join();
}

Task<> flush_and_die(ModelBlobs& blobs, Bytes* name) {
  BlobStarted started = co_await blobs.start(std::nullopt);
  *name = started.draft->name();
  co_await started.draft->write(0, Bytes("abc"));
  co_await started.draft->flush();
  co_await started.draft->write(3, Bytes("def"));
  blobs.crash();
  bool died = false;
  try {
    co_await started.draft->finish();
  } catch (const boost::system::system_error& error) {
    died = error.code() == asio::error::operation_aborted;
  }
  EXPECT_TRUE(died);
}

}  // namespace

INSTANTIATE_TYPED_TEST_SUITE_P(Model, BlobConformance, ModelBlobEngine<NoFaults>);
INSTANTIATE_TYPED_TEST_SUITE_P(ModelWithDelays, BlobConformance, ModelBlobEngine<Delays>);

TEST(ModelBlobs, FaultsHappenAndEqualSeedsGiveEqualRuns) {
  ModelBlobs::Counts seen;
  std::string stories[2];
  for (std::string& story : stories) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      asio::io_context context;
      VirtualClock clock(context);
      ModelBlobDisk disk;
      ModelBlobs blobs(disk, clock, seed, kRough);
      clock.run(store_all(blobs, 10));
      EXPECT_EQ(disk.blobs.size(), 10u);
      EXPECT_TRUE(disk.drafts.empty());
      const ModelBlobs::Counts& counts = blobs.counts();
      seen.busy += counts.busy, seen.no_room += counts.no_room, seen.down += counts.down, seen.stored += counts.stored;
      story += std::to_string(clock.ticks().time_since_epoch().count()) + " " + std::to_string(counts.down) + " ";
    }
  }
  EXPECT_EQ(stories[0], stories[1]);
  EXPECT_GT(seen.busy, 0u);
  EXPECT_GT(seen.no_room, 0u);
  EXPECT_GT(seen.down, 0u);
  EXPECT_EQ(seen.stored, 200u);
}

TEST(ModelBlobs, ACrashLeavesWhatWasFlushed) {
  asio::io_context context;
  VirtualClock clock(context);
  ModelBlobDisk disk;
  ModelBlobs blobs(disk, clock, 1);
  Bytes name;
  clock.run(flush_and_die(blobs, &name));
  EXPECT_TRUE(disk.blobs.empty());
  ASSERT_EQ(disk.drafts.size(), 1u);
  EXPECT_EQ(disk.drafts[name].content, "abc");
}

}  // namespace helio::store
