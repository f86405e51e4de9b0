#include "domain/box/delivery.h"

#include <map>

#include "domain/box/box_core.h"
#include "domain/box/keys.h"
#include "tl/types/records/box/receive.h"

namespace helio::domain {

namespace {

constexpr std::size_t kReadyMax = 256;      // Beyond, the log is read again when it is their turn.
constexpr std::size_t kEffectsAtOnce = 64;  // Of one window: at most about 1.2 MiB of messages.
constexpr milliseconds kFirstPause{10};

}  // namespace

// What is carried at once: everything up to `until`, each target's effects in order.
struct Delivery::Window {
  std::map<UserId, std::vector<tl::Box<tl::record::TypeEffect>>> by_target;
  std::int32_t until = 0;

  void add(std::optional<OutgoingEffect> out) {
    if (out) by_target[out->target].push_back(std::move(out->effect));
  }
};

// How many targets of a window are still to be reached; shared, since its tasks may outlive each other when all is
// stopped.
struct Delivery::Progress {
  std::size_t left;
  Signal all_done;
};

Delivery::Delivery(BoxCore& core, UserId source, std::function<void()> when_settled)
    : core_(core), source_(source), when_settled_(std::move(when_settled)) {}

void Delivery::look_up(std::int32_t settled, std::int32_t effects) {
  settled_ = std::max(settled_, settled);
  effects_ = std::max(effects_, effects);
  ready_.clear();
  ready_after_ = effects_;
  wake();
}

void Delivery::add(const LoggedEvent& logged) {
  if (!has_effect(*logged.event)) return;
  effects_ = logged.pts;
  ready_.push_back({logged.pts, effect_of(source_, logged)});
  if (ready_.size() > kReadyMax) {
    ready_.clear();
    ready_after_ = effects_;
  }
  wake();
}

void Delivery::wake() {
  if (settled_ < effects_ && !std::exchange(carrying_, true)) core_.tasks.spawn(carry());
}

Task<> Delivery::carry() {
  milliseconds pause = kFirstPause;
  while (settled_ < effects_) {
    std::optional<Window> window;
    try {
      window = co_await next_window();
    } catch (const store::StoreDown&) {
    }
    if (!window) {
      co_await core_.clock.sleep(pause);
      pause = std::min(pause * 2, core_.limits.retry_max);
      continue;
    }
    pause = kFirstPause;

    // Targets do not wait for each other, the cursor waits for all of them.
    const auto progress =
        std::make_shared<Progress>(Progress{window->by_target.size(), Signal(core_.tasks.executor())});
    for (auto& [target, effects] : window->by_target) {
      core_.tasks.spawn(send_one_of(target, std::move(effects), progress));
    }
    while (progress->left > 0) co_await progress->all_done.wait();
    settled_ = window->until;
  }
  carrying_ = false;
  when_settled_();
}

Task<Delivery::Window> Delivery::next_window() {
  Window window;
  if (settled_ >= ready_after_) {
    for (std::size_t taken = 0; taken < kEffectsAtOnce && !ready_.empty(); ++taken) {
      window.until = ready_.front().pts;
      window.add(std::move(ready_.front().out));
      ready_.pop_front();
    }
    co_return window;
  }
  const std::int32_t until = ready_after_;  // More may be missed while this much is read.
  const LogPage page = co_await read_log(core_.kv, source_, settled_, until, kEffectsAtOnce);
  for (const LoggedEvent& logged : page.events) {
    window.add(effect_of(source_, logged));
  }
  window.until = page.more ? page.events.back().pts : until;
  co_return window;
}

Task<> Delivery::send_one_of(UserId target, std::vector<tl::Box<tl::record::TypeEffect>> effects,
                             std::shared_ptr<Progress> progress) {
  co_await send(target, std::move(effects));
  if (--progress->left == 0) progress->all_done.notify_all();
}

Task<> Delivery::send(UserId target, std::vector<tl::Box<tl::record::TypeEffect>> effects) {
  tl::box::receive command;
  command.source = source_.value;
  command.effects = std::move(effects);
  for (milliseconds pause = kFirstPause;; pause = std::min(pause * 2, core_.limits.retry_max)) {
    tl::Box<tl::Object> copy = command;
    const auto answer = co_await core_.send(user_partition(target), std::move(copy));
    if (answer) co_return;
    // Whatever it was, the message has to arrive: its sender has been told that it was sent.
    co_await core_.clock.sleep(pause);
  }
}

}  // namespace helio::domain
