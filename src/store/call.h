// store/call.h: a coroutine waits for a thread that knows nothing of coroutines.
//
// The coroutine makes a Call, starts it (hands it to the thread) and sleeps. The thread puts the answer in and gives
// the Call to Answers, whose send() wakes all sleepers of one io_context with a single post.
//
// Cancelled: the sleeper is woken with operation_aborted at once; the answer, when it comes, finds nobody and is
//            dropped.
// Lifetimes: the Call is shared by both sides. Its io_context outlives both, and does not run dry while one waits.
// Threads:   Call::done() and Answers belong to the engine's threads; everything else happens on the sleeper's
//            io_context.
#pragma once
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <memory>
#include <vector>

#include "base/function.h"
#include "base/tasks.h"

namespace helio::store {

class Sleeper {
 public:
  virtual ~Sleeper() = default;
  virtual void wake() = 0;  // On executor(); the second and later times nothing happens.
  const Executor& executor() const { return executor_; }

 protected:
  explicit Sleeper(Executor executor) : executor_(executor) {}

 private:
  Executor executor_;
};

template <class T>
class Call final : public Sleeper {
 public:
  explicit Call(Executor executor) : Sleeper(executor), awaited_(executor) {}

  // The answer; once, before the Call is given to Answers.
  void done(T value) { value_ = std::move(value); }
  void failed(std::exception_ptr failure) { failure_ = failure; }

  void wake() override { resume(failure_, std::move(value_)); }

  // Runs start(call), which hands the call over, and returns the answer or throws the failure.
  template <class Start>
  static Task<T> wait(std::shared_ptr<Call> call, Start start) {
    return asio::async_initiate<const asio::use_awaitable_t<Executor>, void(std::exception_ptr, T)>(
        [](auto handler, std::shared_ptr<Call> self, Start begin) {
          auto slot = asio::get_associated_cancellation_slot(handler);
          if (slot.is_connected()) {
            // Weak: the slot belongs to the sleeper, whom the call owns.
            slot.assign([weak = std::weak_ptr<Call>(self)](asio::cancellation_type) {
              if (auto alive = weak.lock()) asio::post(alive->executor(), [alive] { alive->abort(); });
            });
          }
          self->sleeper_ = std::move(handler);
          begin(std::move(self));
        },
        use_task, std::move(call), std::move(start));
  }

 private:
  void abort() { resume(std::make_exception_ptr(boost::system::system_error(asio::error::operation_aborted)), T{}); }

  void resume(std::exception_ptr failure, T value) {
    awaited_.reset();
    auto sleeper = std::exchange(sleeper_, {});
    if (sleeper) sleeper(failure, std::move(value));
  }

  asio::executor_work_guard<Executor> awaited_;
  Function<void(std::exception_ptr, T)> sleeper_;
  std::exception_ptr failure_;
  T value_{};
};

// Calls that have their answer, sorted by io_context.
class Answers {
 public:
  void add(std::shared_ptr<Sleeper> call);
  void send();

 private:
  struct Home {
    Executor executor;
    std::vector<std::shared_ptr<Sleeper>> calls;
  };
  std::vector<Home> homes_;  // As many as there are cores: a short search.
};

}  // namespace helio::store
