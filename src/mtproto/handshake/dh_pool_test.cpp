#include "mtproto/handshake/dh_pool.h"

#include <gtest/gtest.h>

#include <set>

#include "base/virtual_clock.h"

namespace helio::mtproto {
namespace {

using MakeSeeded = std::unique_ptr<Random>;

// Takes what comes, and gives up some day; nothing sleeps.
std::optional<crypto::DhPair> take_when_ready(DhPool& pool) {
  for (int i = 0; i < 20'000'000; ++i) {
    if (auto pair = pool.take()) return pair;
    std::this_thread::yield();
  }
  return std::nullopt;
}

TEST(DhPool, B11_EachPairIsHandedOutOnce) {
  Cores cores(1);
  Workers workers(cores, {.threads = 2}, []() -> MakeSeeded { return std::make_unique<SystemRandom>(); });
  DhPool pool(workers, 3);
  std::set<crypto::Number256> secrets;
  for (int i = 0; i < 20; ++i) {
    const auto pair = take_when_ready(pool);
    ASSERT_TRUE(pair);
    EXPECT_TRUE(secrets.insert(pair->secret()).second);
    EXPECT_TRUE(crypto::dh_public_is_good(crypto::view(pair->public_number())));
  }
}

// Making pairs never keeps a client waiting that is in the queue already, and ends when the pool is full.
TEST(DhPool, IsFilledOnlyUpToItsSizeAndOnlyWhenNothingElseWaits) {
  struct Counting final : Random {
    explicit Counting(std::atomic<int>& count) : count(count) {}
    void fill(std::span<char> out) override {
      if (out.size() == 256) ++count;
      system.fill(out);
    }
    SystemRandom system;
    std::atomic<int>& count;
  };
  std::atomic<int> drawn = 0, done = 0;
  Cores cores(1);
  std::optional<Workers> workers;
  workers.emplace(cores, Workers::Limits{.threads = 1},
                  [&drawn]() -> MakeSeeded { return std::make_unique<Counting>(drawn); });
  std::mutex closed;
  closed.lock();
  workers->submit([&](Random&) { const std::lock_guard wait(closed); });
  DhPool pool(*workers, 2);
  int drawn_at_end = -1;
  for (int i = 0; i < 10; ++i) {
    workers->submit([&](Random&) {
      drawn_at_end = drawn;
      ++done;
    });
  }
  closed.unlock();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(take_when_ready(pool));
    ASSERT_EQ(done, 10);
    ASSERT_EQ(drawn_at_end, 0);
  }
  workers.reset();
  EXPECT_LE(drawn, 5 + 2);
}

TEST(DhPool, IsEmptyWithoutThreads) {
  Cores cores(1);
  Workers workers(cores, {.threads = 0}, []() -> MakeSeeded { return std::make_unique<SeededRandom>(1); });
  DhPool pool(workers);
  EXPECT_FALSE(pool.take());
}

}  // namespace
}  // namespace helio::mtproto
