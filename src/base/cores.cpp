#include "base/cores.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <mutex>
#include <thread>

namespace helio {

namespace {
thread_local int current_core = -1;
}

// What came from other threads and is not yet in the loop. `posted` says that the loop has been woken for it.
struct Cores::Core {
  asio::io_context context{1};
  std::mutex mutex;
  std::vector<Function<void()>> mailbox;
  bool posted = false;

  void deliver() {
    std::vector<Function<void()>> arrived;
    {
      const std::lock_guard lock(mutex);
      arrived.swap(mailbox);
      posted = false;
    }
    for (auto& work : arrived) work();
  }
};

Cores::Cores(int count) {
  ASSERT(count >= 1);
  for (int i = 0; i < count; ++i) cores_.push_back(std::make_unique<Core>());
}

Cores::~Cores() = default;

asio::io_context& Cores::context(int core) {
  return cores_[static_cast<std::size_t>(core)]->context;
}

int Cores::here() const {
  return cores_.size() == 1 ? 0 : current_core;
}

void Cores::post(int core, Function<void()> work) {
  Core& to = *cores_[static_cast<std::size_t>(core)];
  bool wake = false;
  {
    const std::lock_guard lock(to.mutex);
    to.mailbox.push_back(std::move(work));
    wake = !std::exchange(to.posted, true);
  }
  // One wake-up carries whatever else arrives before the loop turns to it.
  if (wake) asio::post(to.context, [&to] { to.deliver(); });
}

void Cores::run() {
  std::vector<std::thread> threads;
  for (int i = 0; i < count(); ++i) {
    threads.emplace_back([this, i] {
      current_core = i;
      const auto work = asio::make_work_guard(context(i));
      context(i).run();
    });
  }
  for (auto& thread : threads) thread.join();
}

void Cores::stop() {
  for (auto& core : cores_) core->context.stop();
}

}  // namespace helio
