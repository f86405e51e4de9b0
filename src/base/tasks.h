// base/tasks.h: coroutines, and who owns them.
//
// A Task runs on one io_context (one core) and is cancelled through it. Every spawned task has a TaskGroup, which is
// cancelled and joined by its owner; asio::detached appears only in this room.
// A task that throws anything but cancellation ends the process: a failure that its own code did not expect.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>

namespace helio {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;
template <class T = void>
using Task = asio::awaitable<T, Executor>;
inline constexpr asio::use_awaitable_t<Executor> use_task{};

// Wakes coroutines of one core. A notification that nobody waits for is not remembered: check the condition first.
class Signal {
 public:
  explicit Signal(Executor executor);
  Task<> wait();  // Until the next notify_all(); throws operation_aborted when the waiting task is cancelled.
  void notify_all();

 private:
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor> timer_;
};

// The tasks that one object started. All calls on the executor's core.
class TaskGroup {
 public:
  explicit TaskGroup(Executor executor);
  TaskGroup(const TaskGroup&) = delete;
  ~TaskGroup();  // Asserts that no task is left: cancel() and join() come first.

  void spawn(Task<> task);
  void cancel();  // Asks every task of the group to end at its current wait.
  Task<> join();  // Returns when none is left.
  std::size_t size() const { return running_.size(); }
  Executor executor() const { return executor_; }

 private:
  Executor executor_;
  std::list<asio::cancellation_signal> running_;
  Signal ended_;
};

// Runs `task` on `context` until it is done, together with whatever else is ready there. For main programs and tests.
void run_until_done(asio::io_context& context, Task<> task);

}  // namespace helio
