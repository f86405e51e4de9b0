#include "server/backup/job.h"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>

#include "base/virtual_clock.h"

namespace helio::server::backup {

namespace {

class Jobs : public testing::Test {
 protected:
  ~Jobs() override { clock_.run(job_.stop()); }

  Task<> ask(Job::Work work, admin::Reply* reply) {
    admin::Progress progress = [this](std::string line) { return hear(std::move(line)); };
    *reply = co_await job_.run(std::move(work), std::move(progress));
  }
  Task<> hear(std::string line) {
    heard_.push_back(std::move(line));
    if (gone_) throw boost::system::system_error(asio::error::operation_aborted);
    co_return;
  }
  // Works until it is told to stop.
  static std::string last(const store::Watch& watch) {
    while (!watch.stopped()) std::this_thread::yield();
    throw store::Stopped();
  }

  asio::io_context context_;
  VirtualClock clock_{context_};
  Job job_{clock_};
  std::vector<std::string> heard_;
  bool gone_ = false;
};

}  // namespace

TEST_F(Jobs, AnswersWhatTheWorkReturnsOrThrows) {
  admin::Reply reply;
  clock_.run(ask([](const store::Watch&) { return std::string("done"); }, &reply));
  EXPECT_TRUE(reply.good);
  EXPECT_EQ(reply.text, "done");
  clock_.run(ask([](const store::Watch&) -> std::string { throw std::runtime_error("no disk"); }, &reply));
  EXPECT_FALSE(reply.good);
  EXPECT_EQ(reply.text, "no disk");
}

TEST_F(Jobs, SaysHowFarItIs) {
  std::binary_semaphore said{0}, heard{0};
  Job::Work work = [&](const store::Watch& watch) {
    watch.says("half");
    said.release();
    heard.acquire();
    return std::string();
  };
  admin::Reply reply;
  TaskGroup group(context_.get_executor());
  group.spawn(ask(std::move(work), &reply));
  clock_.run_for(milliseconds(10));
  said.acquire();
  clock_.run_for(milliseconds(2500));
  EXPECT_EQ(heard_, (std::vector<std::string>{"half", "half"}));
  heard.release();
  clock_.run(group.join());
  EXPECT_TRUE(reply.good);
}

TEST_F(Jobs, OneAtATime) {
  admin::Reply first, second;
  TaskGroup group(context_.get_executor());
  group.spawn(ask(last, &first));
  clock_.run_for(milliseconds(10));
  clock_.run(ask(last, &second));
  EXPECT_NE(second.text.find("another"), std::string::npos);
  clock_.run(job_.stop());
  clock_.run(group.join());
  EXPECT_FALSE(first.good);
}

TEST_F(Jobs, StopsWhenNobodyWaitsAnyMore) {
  std::atomic<bool> stopped = false;
  Job::Work work = [&](const store::Watch& watch) -> std::string {
    while (!watch.stopped()) std::this_thread::yield();
    stopped = true;
    return "";
  };
  admin::Reply reply{true, "none"};
  gone_ = true;
  TaskGroup group(context_.get_executor());
  group.spawn(ask(std::move(work), &reply));
  clock_.run(group.join());
  while (!stopped) std::this_thread::yield();
  EXPECT_EQ(reply.text, "none");
  EXPECT_EQ(heard_.size(), 1u);

  gone_ = false;
  clock_.run(job_.stop());
  clock_.run(ask(last, &reply));
  EXPECT_NE(reply.text.find("stopping"), std::string::npos);
}

}  // namespace helio::server::backup
