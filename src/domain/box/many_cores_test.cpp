// The domain on real threads and a real disk: what the simulation, being one thread, cannot show.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "domain/domain.h"
#include "domain/testing/world.h"
#include "store/rocks/rocks_kv.h"
#include "tl/types/records/Created.h"

namespace helio::domain {
namespace {

namespace fs = std::filesystem;

constexpr int kCores = 3;
constexpr int kPeople = 24;
constexpr int kMessagesEach = 40;

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "many_cores_test.XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path); }
};

UserId person(int number) {
  return UserId{1'000'000'000 + number};
}

// Everybody writes to everybody, each from another core than the one that owns the box.
class Crowd {
 public:
  explicit Crowd(Domain& domain, Cores& cores, Clock& clock) : domain_(domain), cores_(cores), clock_(clock) {
    for (int core = 0; core < kCores; ++core) tasks_.push_back(std::make_unique<TaskGroup>(cores.executor(core)));
  }

  void start() {
    for (int number = 0; number < kPeople; ++number) {
      const int core = number % kCores;
      cores_.post(core, [this, number, core] { tasks_[static_cast<std::size_t>(core)]->spawn(live(number)); });
    }
  }
  bool all_done() const { return heard_ == kPeople * kMessagesEach * 2; }
  int heard() const { return heard_; }
  int refused() const { return refused_; }

  void stop() {
    std::atomic<int> stopped = 0;
    for (int core = 0; core < kCores; ++core) {
      cores_.post(core, [this, core, &stopped] {
        asio::co_spawn(cores_.executor(core), leave(core), [&stopped](std::exception_ptr) { ++stopped; });
      });
    }
    while (stopped < kCores) std::this_thread::yield();
  }

 private:
  Task<> live(int number) {
    tl::record::Profile profile;
    profile.user_id = person(number).value;
    profile.phone = std::to_string(profile.user_id);
    profile.first_name = "Somebody";
    tl::box::create create;
    create.profile = std::move(profile);
    const auto created = co_await domain_.boxes.run(person(number), std::move(create));
    EXPECT_TRUE(created);
    const auto feed = co_await domain_.boxes.subscribe(person(number));
    ++arrived_;
    while (arrived_ < kPeople) co_await clock_.sleep(milliseconds(1));

    const int core = number % kCores;
    tasks_[static_cast<std::size_t>(core)]->spawn(write(number));
    std::int32_t pts = feed->since();
    for (;;) {
      const FeedBatch batch = co_await feed->next();
      EXPECT_FALSE(batch.too_long);
      for (const auto& item : batch.items) {
        EXPECT_EQ(item->what.pts, ++pts);
        if (item->what.message) ++heard_;
      }
    }
  }
  Task<> write(int number) {
    for (int i = 0; i < kMessagesEach; ++i) {
      Draft draft;
      draft.to = person((number + 1 + i) % kPeople == number ? (number + 1) % kPeople : (number + 1 + i) % kPeople);
      draft.random_id = 1 + i;
      draft.text.text = "x";
      const auto sent = co_await domain_.messages.send(person(number), std::move(draft));
      if (!sent) ++refused_;
    }
  }
  Task<> leave(int core) {
    TaskGroup& tasks = *tasks_[static_cast<std::size_t>(core)];
    tasks.cancel();
    co_await tasks.join();
    co_await domain_.boxes.stop();
  }

  Domain& domain_;
  Cores& cores_;
  Clock& clock_;
  std::vector<std::unique_ptr<TaskGroup>> tasks_;
  std::atomic<int> arrived_ = 0, heard_ = 0, refused_ = 0;
};

TEST(ManyCores, EveryMessageIsHeardOnBothSides) {
  const Folder folder;
  SystemClock clock;
  Cores cores(kCores);
  {
    store::RocksOptions options;
    options.directory = folder.path / "store";
    options.memory = 16 << 20;
    store::RocksKv kv(std::move(options));
    testing::RememberedCodes codes;
    SeededRandom random(1);
    DomainNeeds needs{.cores = cores,
                      .kv = kv,
                      .clock = clock,
                      .random = [&random]() -> Random& { return random; },
                      .code_sender = codes,
                      .secret = Secret<Bytes>(Bytes(32, 's'))};
    Domain domain(std::move(needs), {});
    Crowd crowd(domain, cores, clock);
    std::thread running([&cores] { cores.run(); });
    crowd.start();
    const auto deadline = std::chrono::seconds(30) + clock.ticks();
    while (!crowd.all_done() && clock.ticks() < deadline)
      std::this_thread::sleep_until(clock.ticks() + milliseconds(2));
    crowd.stop();
    cores.stop();
    running.join();
    EXPECT_EQ(crowd.heard(), kPeople * kMessagesEach * 2);
    EXPECT_EQ(crowd.refused(), 0);
  }
}

}  // namespace
}  // namespace helio::domain
