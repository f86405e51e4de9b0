// server/backup/job.h: long work for the owner (a backup, a check) beside a running server: one at a time, on a thread
// of its own, of low priority, watched from a core.
//
// Ends:    when whoever asked goes away, the work is told to stop. stop() waits until it has.
// Threads: all calls on one core.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "server/admin/listener.h"
#include "store/watch.h"

namespace helio::server::backup {

class Job {
 public:
  // Returns a sentence for the owner; what it throws is one too.
  using Work = std::function<std::string(const store::Watch&)>;

  explicit Job(Clock& clock) : clock_(clock) {}
  Job(const Job&) = delete;
  ~Job();  // Joins the thread: call stop() first, so that no core waits here.

  // Says how far it is once a second. A Job that is busy answers so.
  Task<admin::Reply> run(Work work, admin::Progress progress);
  // The work is told to stop. Returns when it has; later ones are refused.
  Task<> stop();

 private:
  struct State;
  bool busy();

  Clock& clock_;
  std::shared_ptr<State> state_;
  std::thread thread_;
  bool closed_ = false;
};

}  // namespace helio::server::backup
