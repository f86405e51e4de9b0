#include "mtproto/id_clock.h"

#include <gtest/gtest.h>

#include "base/virtual_clock.h"
#include "mtproto/msg_id.h"
#include "store/memory/model_kv.h"

namespace helio::mtproto {
namespace {

// A clock that somebody sets.
class SetClock final : public Clock {
 public:
  explicit SetClock(Clock& true_clock) : clock_(true_clock) {}
  Wall now() const override { return clock_.now() + off; }
  Ticks ticks() const override { return clock_.ticks(); }
  Task<> sleep_until(Ticks when) override { return clock_.sleep_until(when); }
  seconds off{0};

 private:
  Clock& clock_;
};

// One machine: its disk and its clock outlive the server.
class IdClockTest : public testing::Test {
 public:
  ~IdClockTest() override { stop(); }

  void start(store::ModelFaults faults = {}) {
    kv_ = std::make_unique<store::ModelKv>(disk_, time_, ++starts_, faults);
    ids_ = std::make_unique<IdClock>(cores_, wall_, *kv_);
    ids_->start();
    time_.run_for(milliseconds(0));
  }
  void stop() {
    if (!ids_) return;
    run(ids_->stop());
    ids_.reset();
    kv_.reset();
  }
  void kill() {
    kv_->crash();
    stop();
  }
  void run(Task<bool> task) { time_.run(finish(std::move(task))); }
  static Task<> finish(Task<bool> task) { co_await std::move(task); }
  // An identifier is larger than all before, across every start.
  void next() {
    const std::int64_t id = msg_ids_.next(*ids_, MsgKind::kOther);
    EXPECT_GT(id, newest_);
    newest_ = id;
  }
  // Each start has key objects of its own, which know nothing of those before.
  void forget() { msg_ids_ = MsgIds(); }
  double ahead() { return std::chrono::duration<double>(ids_->now() - wall_.now()).count(); }
  std::uint64_t commits() { return kv_->counts().committed; }

  Cores cores_{1};
  VirtualClock time_{cores_.context(0)};
  SetClock wall_{time_};
  store::ModelDisk disk_;
  std::unique_ptr<store::ModelKv> kv_;
  std::unique_ptr<IdClock> ids_;
  std::uint64_t starts_ = 0;
  MsgIds msg_ids_;
  std::int64_t newest_ = 0;
};

TEST_F(IdClockTest, IsTheWallClockAsLongAsThatGoesForward) {
  start();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(ids_->now(), wall_.now());
    time_.run_for(milliseconds(777));
    if (i % 10 == 0) wall_.off += seconds(i);
  }
}

TEST_F(IdClockTest, C18_RisesWhenTheClockIsSetBackWhileTheServerRuns) {
  start();
  next();
  time_.run_for(seconds(5));
  next();
  wall_.off = seconds(-3600);
  for (int i = 0; i < 100; ++i) {
    next();
    time_.run_for(milliseconds(500));
  }
  EXPECT_NEAR(ahead(), 3600 - 50 * 0.01, 1.1) << "and goes on, so that clients stay in step";
  // It is caught up with in the end.
  wall_.off = seconds(-20);
  time_.run_for(seconds(3600 * 101));
  EXPECT_NEAR(ahead(), 0, 0.001);
}

TEST_F(IdClockTest, C18_RisesAcrossAStopAndAClockThatWasSetBack) {
  for (const int back : {0, 1, 5, 3600, 100'000}) {
    start();
    forget();
    for (int i = 0; i < 30; ++i) {
      next();
      time_.run_for(milliseconds(333));
    }
    stop();
    wall_.off -= seconds(back);
  }
}

TEST_F(IdClockTest, C18_RisesAcrossAKillAtAnyMomentAndAClockThatWasSetBack) {
  for (int i = 0; i < 40; ++i) {
    start();
    forget();
    next();
    for (int j = 0; j < i; ++j) {
      time_.run_for(milliseconds(377));
      next();
    }
    if (i % 3 == 0) {  // Idle for a while, and busy again just before.
      time_.run_for(seconds(60));
      next();
      time_.run_for(milliseconds(0));
      next();
    }
    kill();
    wall_.off -= seconds(i * 7);
  }
}

TEST_F(IdClockTest, BeginsAFewSecondsAheadAfterAKillAndHardlyAfterAStop) {
  start();
  next();
  time_.run_for(seconds(20));
  next();
  stop();
  start();
  EXPECT_LE(ahead(), 2.0);
  time_.run_for(seconds(300));
  EXPECT_EQ(ahead(), 0);
  for (int i = 0; i < 10; ++i) {
    next();
    time_.run_for(seconds(1));
  }
  kill();
  start();
  EXPECT_LE(ahead(), 6.0);
  // One that dies at its start, every two seconds, does not run away.
  for (int i = 0; i < 100; ++i) {
    kill();
    time_.run_for(seconds(2));
    start();
  }
  EXPECT_LE(ahead(), 8.0);
}

TEST_F(IdClockTest, C18_AnIdleServerWritesNothingAndABusyOneEveryFiveSeconds) {
  start();
  next();
  time_.run_for(seconds(10));
  const auto before = commits();
  time_.run_for(seconds(1000));
  EXPECT_EQ(commits(), before);
  for (int i = 0; i < 1000; ++i) {
    next();
    time_.run_for(milliseconds(100));
  }
  EXPECT_GE(commits() - before, 19u);
  EXPECT_LE(commits() - before, 22u);
}

TEST_F(IdClockTest, C18_WaitsForAStoreThatIsDownAndLivesWithOneThatFails) {
  store::ModelFaults faults;
  faults.read_down = 1;
  start(faults);
  time_.run_for(seconds(30));
  EXPECT_FALSE(ids_->started()) << "nobody knows what was given out";
  kv_->set_faults({});
  time_.run_for(seconds(2));
  EXPECT_TRUE(ids_->started());
  faults = {.conflict = 0.3, .unavailable = 0.2, .unknown_applied = 0.1, .unknown_late = 0.1, .unknown_never = 0.1};
  kv_->set_faults(faults);
  for (int i = 0; i < 300; ++i) {
    next();
    time_.run_for(seconds(1));
  }
  EXPECT_EQ(ahead(), 0) << "its own marks do not push it";
  kv_->set_faults({});
  time_.run_for(seconds(3));
  next();
  time_.run_for(seconds(2));
  kill();
  wall_.off = seconds(-1000);
  start();
  forget();
  next();
}

}  // namespace
}  // namespace helio::mtproto
