// tests/simulation/device.h: a client's device: its own copy of the account, kept up to date by the rules of updates.
//
// Source: https://core.telegram.org/api/updates#message-related-event-sequences
#pragma once
#include <functional>

#include "base/clock.h"
#include "domain/domain.h"
#include "facts.h"

namespace helio::simulation {

Message message_of(const tl::record::Message& message);
Event event_of(const domain::LoggedEvent& logged);

class Device {
 public:
  struct Counts {
    std::uint64_t too_long = 0, gaps = 0, reloads = 0;
  };
  using Saw = std::function<void(domain::UserId, const Event&)>;

  Device(Executor executor, Clock& clock, domain::UserId user, domain::Origin origin, Counts& counts, Saw saw);

  domain::UserId user() const { return user_; }
  domain::Origin origin() const { return origin_; }
  const Knowledge& knowledge() const { return knowledge_; }
  bool online() const { return online_; }

  // Connects to the process that runs now; everything the device does hangs on `tasks`.
  void connect(domain::Domain& domain);
  // The connection is cut: what was asked and not answered is unknown to the device.
  Task<> disconnect();
  TaskGroup& tasks() { return tasks_; }

  // What the answer of an own request tells.
  void told(const Event& event);
  void told_pts(std::int32_t pts);

 private:
  Task<> follow(domain::Domain& domain);
  Task<> get_difference(domain::Domain& domain);
  Task<std::optional<Knowledge>> load(domain::Domain& domain);
  void offer(const Event& event);
  void apply(const Event& event);

  Clock& clock_;
  const domain::UserId user_;
  const domain::Origin origin_;
  Counts& counts_;
  const Saw saw_;  // Told of every event that the device believes.
  TaskGroup tasks_;
  Knowledge knowledge_;
  bool online_ = false;
  bool behind_ = false;  // Something is missing: the difference has it.
  Signal fell_behind_;
};

}  // namespace helio::simulation
