#include "mtproto/id_clock.h"

#include <atomic>

#include "base/log.h"

namespace helio::mtproto {

namespace {

using std::chrono::nanoseconds;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kFirstAhead = 2;  // A server that dies again and again at its start must not run away.

std::int64_t since_1970(Wall time) {
  return std::chrono::duration_cast<nanoseconds>(time.time_since_epoch()).count();
}
// What passes of this clock's time if the wall clock stands still: less than really does, so that it is caught up with.
std::int64_t slow(Ticks ticks) {
  return std::chrono::duration_cast<nanoseconds>(ticks.time_since_epoch()).count() / 100 * 99;
}

}  // namespace

struct IdClock::State {
  State(Cores& all_cores, Clock& wall, store::Kv& store)
      : cores(all_cores), clock(wall), kv(store), tasks(cores.executor(0)) {}

  Cores& cores;
  Clock& clock;
  store::Kv& kv;
  TaskGroup tasks;
  std::atomic<bool> started{false};
  std::atomic<std::int64_t> line{std::numeric_limits<std::int64_t>::min() / 2};  // Where slow() begins.
  std::atomic<std::int64_t> newest{0};                                           // The last second that was given out.
  std::atomic<std::int64_t> covered{0};  // The first one that must not be, as far as the store knows.
  std::atomic<bool> write_wanted{false};
  std::uint64_t version = 0;
  bool writing = false;
  bool stopped = false;
};

IdClock::IdClock(Cores& cores, Clock& clock, store::Kv& kv) : state_(std::make_shared<State>(cores, clock, kv)) {}

IdClock::~IdClock() = default;

void IdClock::start() {
  state_->tasks.spawn(run(state_));
}

bool IdClock::started() const {
  return state_->started.load(std::memory_order_acquire);
}

Wall IdClock::peek() const {
  const std::int64_t line = state_->line.load(std::memory_order_relaxed) + slow(state_->clock.ticks());
  const std::int64_t time = std::max(since_1970(state_->clock.now()), line);
  return Wall(std::chrono::duration_cast<Wall::duration>(nanoseconds(time)));
}

Wall IdClock::now() const {
  const Wall time = peek();
  if (since_1970(time) / kSecond > state_->newest.load(std::memory_order_relaxed)) given(state_, time);
  return time;
}

Ticks IdClock::ticks() const {
  return state_->clock.ticks();
}

Task<> IdClock::sleep_until(Ticks when) {
  return state_->clock.sleep_until(when);
}

// Once a second on each core at most.
void IdClock::given(const std::shared_ptr<State>& state, Wall time) {
  // A wall clock that went far ahead, for less than a second even, was believed.
  raise(*state, since_1970(time) - slow(state->clock.ticks()));
  const std::int64_t second = since_1970(time) / kSecond;
  std::int64_t newest = state->newest.load(std::memory_order_relaxed);
  while (second > newest && !state->newest.compare_exchange_weak(newest, second, std::memory_order_relaxed)) {
  }
  if (second < state->covered.load(std::memory_order_relaxed) || state->write_wanted.exchange(true)) return;
  state->cores.post(0, [weak = std::weak_ptr(state), second] {
    const auto it = weak.lock();
    if (it && !it->stopped) it->tasks.spawn(renew(it, second + kAhead.count()));
  });
}

// The line is where this clock would be if the wall clock stopped now.
void IdClock::anchor(State& state) {
  raise(state, since_1970(state.clock.now()) - slow(state.clock.ticks()));
}

void IdClock::raise(State& state, std::int64_t line) {
  std::int64_t present = state.line.load(std::memory_order_relaxed);
  while (line > present && !state.line.compare_exchange_weak(present, line, std::memory_order_relaxed)) {
  }
}

Task<> IdClock::run(std::shared_ptr<State> state) {
  bool known = false;
  while (!state->started) {
    if (!known) known = co_await read(state);
    if (known) {
      anchor(*state);
      const std::int64_t now = (state->line + slow(state->clock.ticks())) / kSecond;
      const bool written = co_await write(state, now + kFirstAhead);
      if (written) state->started.store(true, std::memory_order_release);
      known = written;  // Somebody else wrote, or the store does not know.
    }
    if (!state->started) co_await state->clock.sleep(seconds(1));
  }
  for (;;) {
    co_await state->clock.sleep(seconds(1));
    anchor(*state);
    const std::int64_t newest = state->newest;
    if (newest + 1 >= state->covered) co_await write(state, newest + kAhead.count());
  }
}

Task<bool> IdClock::read(std::shared_ptr<State> state) {
  try {
    std::vector<Bytes> keys{"t"};
    const store::Values found = co_await state->kv.get("w", std::move(keys));
    state->version = found.version;
    const auto& value = found.values.at(0);
    if (value && value->size() == 8) {
      const auto mark = load_le<std::int64_t>(value->data());
      state->covered = mark;
      if (state->started) co_return true;  // Our own, whose commit we did not hear of.
      const std::int64_t ahead = mark - since_1970(state->clock.now()) / kSecond;
      if (ahead > 2 * kAhead.count()) log::warn("clock.was_set_back", {{"seconds", ahead}});
      raise(*state, mark * kSecond - slow(state->clock.ticks()));
    }
    co_return true;
  } catch (const store::StoreDown&) {
    log::warn("clock.store_down");
  }
  co_return false;
}

Task<> IdClock::renew(std::shared_ptr<State> state, std::int64_t mark) {
  co_await write(std::move(state), mark);
}

// Whether `mark` is durable. If not, the next second tries again.
Task<bool> IdClock::write(std::shared_ptr<State> state, std::int64_t mark) {
  if (std::exchange(state->writing, true)) co_return false;
  Bytes value;
  append_le(value, mark);
  store::Batch batch{.partition = "w", .expect = state->version};
  batch.puts.push_back({.key = "t", .value = std::move(value)});
  const store::Commit commit = co_await state->kv.commit(std::move(batch));
  bool done = commit.outcome == store::Outcome::kCommitted;
  if (done) {
    state->version = commit.version;
    state->covered = mark;
  } else if (commit.outcome != store::Outcome::kUnavailable) {
    co_await read(state);
  }
  state->write_wanted = false;
  state->writing = false;
  co_return done;
}

Task<bool> IdClock::stop() {
  const auto state = state_;
  state->stopped = true;
  const bool writing = state->writing;
  state->tasks.cancel();
  co_await state->tasks.join();
  // One that is under way may yet be applied: its mark will do.
  if (!state->started || writing) co_return true;
  try {
    co_await write(state, state->newest + 2);
  } catch (const boost::system::system_error&) {
    // The store ended first: the mark that is there holds.
  }
  co_return true;
}

}  // namespace helio::mtproto
