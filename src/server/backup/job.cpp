#include "server/backup/job.h"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <mutex>

namespace helio::server::backup {

namespace {

constexpr milliseconds kLook{50};
constexpr milliseconds kSay{1000};

// Behind those who serve, where processors are short. On Linux this is the thread's own. Not the lowest there is: the
// thread holds locks of the database now and then.
void stand_back() {
  constexpr int kNice = 10;
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
}

}  // namespace

struct Job::State {
  std::atomic<bool> stopped = false;
  std::atomic<bool> done = false;
  std::mutex mutex;
  std::string line = "started";
  admin::Reply reply;  // Once done.
};

Job::~Job() {
  if (state_) state_->stopped = true;
  if (thread_.joinable()) thread_.join();
}

bool Job::busy() {
  if (thread_.joinable() && state_->done) thread_.join();  // It has nothing left to do.
  return thread_.joinable();
}

Task<admin::Reply> Job::run(Work work, admin::Progress progress) {
  if (closed_) co_return admin::Reply{false, "the server is stopping"};
  if (busy()) co_return admin::Reply{false, "another backup or check is running: wait until it ends"};

  auto state = std::make_shared<State>();
  state_ = state;
  thread_ = std::thread([state, work = std::move(work)] {
    stand_back();
    admin::Reply reply;
    try {
      store::Watch watch;
      watch.stopped = [&] { return state->stopped.load(); };
      watch.says = [&](std::string_view line) {
        const std::lock_guard lock(state->mutex);
        state->line = line;
      };
      reply = {true, work(watch)};
    } catch (const std::exception& failure) {
      reply = {false, failure.what()};
    }
    const std::lock_guard lock(state->mutex);
    state->reply = std::move(reply);
    state->done = true;
  });

  // However this coroutine ends, nobody waits for the work then.
  struct Waiting {
    std::shared_ptr<State> state;
    ~Waiting() { state->stopped = true; }
  } waiting{state};

  Ticks said = clock_.ticks();
  while (!state->done) {
    co_await clock_.sleep(kLook);
    if (clock_.ticks() - said < kSay) continue;
    said = clock_.ticks();
    std::string line;
    {
      const std::lock_guard lock(state->mutex);
      line = state->line;
    }
    co_await progress(std::move(line));
  }
  const std::lock_guard lock(state->mutex);
  co_return state->reply;
}

Task<> Job::stop() {
  closed_ = true;
  if (state_) state_->stopped = true;
  while (busy()) co_await clock_.sleep(kLook);
}

}  // namespace helio::server::backup
