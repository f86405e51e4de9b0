#include "base/tasks.h"

#include <gtest/gtest.h>

#include "base/cores.h"
#include "base/virtual_clock.h"

namespace helio {

namespace {

Task<> sleep_then_log(Clock& clock, seconds duration, std::vector<int>& log, int number) {
  co_await clock.sleep(duration);
  log.push_back(number);
}

Task<> spawn_three(Clock& clock, std::vector<int>& log) {
  TaskGroup group(co_await asio::this_coro::executor);
  group.spawn(sleep_then_log(clock, seconds(3), log, 3));
  group.spawn(sleep_then_log(clock, seconds(1), log, 1));
  group.spawn(sleep_then_log(clock, seconds(1), log, 2));
  co_await group.join();
}

Task<> cancel_one(Clock& clock, std::vector<int>& log) {
  TaskGroup group(co_await asio::this_coro::executor);
  group.spawn(sleep_then_log(clock, seconds(1000), log, 1));
  co_await clock.sleep(seconds(1));
  group.cancel();
  co_await group.join();
  log.push_back(2);
}

Task<int> where(Cores& cores) {
  co_return cores.here();
}

Task<> visit_all(Cores& cores, std::vector<int>& seen) {
  for (int core = 0; core < cores.count(); ++core) {
    seen.push_back(co_await cores.on(core, [&cores] { return where(cores); }));
    seen.push_back(cores.here());
  }
  cores.stop();
}

}  // namespace

TEST(VirtualClock, WakesInOrderAndJumps) {
  asio::io_context context;
  VirtualClock clock(context);
  std::vector<int> log;
  const Wall start = clock.now();
  clock.run(spawn_three(clock, log));
  EXPECT_EQ(log, (std::vector{1, 2, 3}));
  EXPECT_EQ(clock.now() - start, seconds(3));
}

TEST(TaskGroup, CancelEndsSleepers) {
  asio::io_context context;
  VirtualClock clock(context);
  std::vector<int> log;
  clock.run(cancel_one(clock, log));
  EXPECT_EQ(log, std::vector{2});
  EXPECT_EQ(clock.ticks().time_since_epoch(), seconds(1));
}

TEST(Cores, WorkRunsWhereItIsSentAndComesBack) {
  Cores cores(3);
  std::vector<int> seen;
  TaskGroup group(cores.executor(1));
  cores.post(1, [&] { group.spawn(visit_all(cores, seen)); });
  cores.run();
  EXPECT_EQ(seen, (std::vector{0, 1, 1, 1, 2, 1}));
}

}  // namespace helio
