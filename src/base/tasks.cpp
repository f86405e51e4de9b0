#include "base/tasks.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <exception>

#include "base/assert.h"

namespace helio {

Signal::Signal(Executor executor) : timer_(executor, std::chrono::steady_clock::time_point::max()) {}

Task<> Signal::wait() {
  const auto [error] = co_await timer_.async_wait(asio::as_tuple(use_task));
  // notify_all() and cancellation of the waiter both end the wait; only the second is seen by the coroutine's state.
  const auto state = co_await asio::this_coro::cancellation_state;
  if (error && state.cancelled() != asio::cancellation_type::none) {
    throw boost::system::system_error(asio::error::operation_aborted);
  }
}

void Signal::notify_all() {
  timer_.cancel();
}

TaskGroup::TaskGroup(Executor executor) : executor_(executor), ended_(executor) {}

TaskGroup::~TaskGroup() {
  ASSERT(running_.empty());
}

void TaskGroup::spawn(Task<> task) {
  const auto self = running_.emplace(running_.end());
  auto ended = [this, self](std::exception_ptr failure) {
    running_.erase(self);
    ended_.notify_all();
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
      if (error.code() != asio::error::operation_aborted) throw;
    }
  };
  asio::co_spawn(executor_, std::move(task), asio::bind_cancellation_slot(self->slot(), std::move(ended)));
}

void TaskGroup::cancel() {
  // A task may end, and leave the list, while it is being cancelled.
  for (auto it = running_.begin(); it != running_.end();) (it++)->emit(asio::cancellation_type::all);
}

Task<> TaskGroup::join() {
  while (!running_.empty()) co_await ended_.wait();
}

void run_until_done(asio::io_context& context, Task<> task) {
  bool done = false;
  std::exception_ptr failure;
  asio::co_spawn(context.get_executor(), std::move(task), [&](std::exception_ptr e) {
    done = true;
    failure = e;
  });
  while (!done) {
    context.restart();
    if (context.run_one() == 0 && !done) ASSERT(!"the task waits for something that will never come");
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace helio
