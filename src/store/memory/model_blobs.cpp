#include "store/memory/model_blobs.h"

#include <set>

#include "base/assert.h"
#include "base/function.h"

namespace helio::store {

struct ModelBlobs::Process {
  ModelBlobDisk& disk;
  Clock& clock;
  SeededRandom random;
  ModelBlobFaults faults;
  Counts counts = {};
  bool dead = false;
  std::set<Bytes> open = {};

  bool chance(double probability) {
    constexpr std::uint64_t kParts = 1'000'000'000;
    return probability > 0 && random.below(kParts) < static_cast<std::uint64_t>(probability * kParts);
  }
  Ticks::duration delay() {
    return milliseconds(random.below(static_cast<std::uint64_t>(faults.delay_max.count()) + 1));
  }
  void stop_if_dead() const {
    if (dead) throw boost::system::system_error(asio::error::operation_aborted);
  }
  bool busy() { return chance(faults.busy) && ++counts.busy; }
  bool no_room() { return chance(faults.no_room) && ++counts.no_room; }
  void maybe_down(double probability) {
    if (!chance(probability)) return;
    ++counts.down;
    throw StoreDown("the model store of media is down");
  }

  static Task<> sleep_until(std::shared_ptr<Process> self, Ticks when) {
    // No engine acts within the caller's turn, not even a quick one.
    co_await asio::post(co_await asio::this_coro::executor, use_task);
    co_await self->clock.sleep_until(when);
    self->stop_if_dead();
  }
  static Task<> arrive(std::shared_ptr<Process> self) { return sleep_until(self, self->clock.ticks() + self->delay()); }
  static Task<> leave(std::shared_ptr<Process> self) { return arrive(self); }

  // A call that takes effect at one instant.
  template <class T>
  static Task<T> call(std::shared_ptr<Process> self, double ModelBlobFaults::*fault, Function<T(Process&)> effect) {
    co_await arrive(self);
    if (fault) self->maybe_down(self->faults.*fault);
    T answer = effect(*self);
    co_await leave(self);
    co_return answer;
  }
};

namespace {

bool is_size(std::optional<std::uint64_t> size) {
  return !size || (*size > 0 && *size <= kBlobSizeMax);
}

}  // namespace

class ModelBlobs::Draft final : public BlobDraft {
 public:
  struct State {
    std::shared_ptr<Process> process;
    Bytes name;
    std::optional<std::uint64_t> size;
    Stretches there = {};
    Bytes content = {};
    bool gone = false;
    Ticks last = {};  // When the latest call takes effect: none overtakes it.

    ~State() { process->open.erase(name); }
  };
  using Shared = std::shared_ptr<State>;

  explicit Draft(Shared state) : state_(std::move(state)) {}

  Bytes name() const override { return state_->name; }
  Task<BlobOutcome> write(std::uint64_t offset, Bytes piece) override {
    ASSERT(piece.size() <= kBlobPieceMax);
    return write(state_, arrive(state_), offset, std::move(piece));
  }
  Task<BlobOutcome> flush() override { return flush(state_, arrive(state_)); }
  Task<BlobStored> finish() override { return finish(state_, arrive(state_)); }
  Task<BlobOutcome> abandon() override { return abandon(state_, arrive(state_)); }

 private:
  static Task<> arrive(Shared state) {
    Process& process = *state->process;
    const Ticks now = process.clock.ticks();
    state->last = std::max(now + process.delay(), state->last + std::chrono::nanoseconds(1));
    return Process::sleep_until(state->process, state->last);
  }

  static void discard(State& state) {
    state.gone = true;
    state.process->disk.drafts.erase(state.name);
  }
  static void maybe_down(State& state) {
    try {
      state.process->maybe_down(state.process->faults.write_down);
    } catch (const StoreDown&) {
      discard(state);
      throw;
    }
  }

  static BlobOutcome take(State& state, std::uint64_t offset, View piece) {
    if (state.gone) return BlobOutcome::kGone;
    const std::uint64_t end_max = state.size.value_or(kBlobSizeMax);
    if (piece.empty() || piece.size() > end_max || offset > end_max - piece.size()) return BlobOutcome::kMisfit;
    const Stretch stretch{offset, offset + piece.size()};
    if (!state.there.takes(stretch)) return BlobOutcome::kMisfit;
    if (state.process->busy()) return BlobOutcome::kBusy;
    maybe_down(state);
    if (state.process->no_room()) {
      if (state.there.missing(stretch) < piece.size()) discard(state);
      return BlobOutcome::kNoRoom;
    }
    state.there.add(stretch);
    state.content.resize(std::max<std::size_t>(state.content.size(), stretch.to));
    state.content.replace(offset, piece.size(), piece);
    return BlobOutcome::kDone;
  }

  static BlobOutcome keep(State& state) {
    if (state.gone) return BlobOutcome::kGone;
    if (state.process->busy()) return BlobOutcome::kBusy;
    maybe_down(state);
    if (state.process->no_room()) {
      discard(state);
      return BlobOutcome::kNoRoom;
    }
    state.process->disk.drafts[state.name] = {state.content, state.process->clock.now()};
    return BlobOutcome::kDone;
  }

  static BlobStored publish(State& state) {
    if (state.gone) return {BlobOutcome::kGone};
    if (!state.there.whole() || state.there.end() != state.size.value_or(state.there.end())) {
      return {BlobOutcome::kMisfit};
    }
    if (state.process->busy()) return {BlobOutcome::kBusy};
    maybe_down(state);
    const bool no_room = state.process->no_room();
    discard(state);
    if (no_room) return {BlobOutcome::kNoRoom};
    state.content.resize(state.there.end());
    const BlobStored stored{BlobOutcome::kDone, {crypto::sha256(state.content)}, state.there.end()};
    state.process->disk.blobs[stored.id] = {std::move(state.content), state.process->clock.now()};
    state.process->maybe_down(state.process->faults.finish_lost);
    ++state.process->counts.stored;
    return stored;
  }

  static Task<BlobOutcome> write(Shared state, Task<> arrived, std::uint64_t offset, Bytes piece) {
    co_await std::move(arrived);
    const BlobOutcome outcome = take(*state, offset, piece);
    co_await Process::leave(state->process);
    co_return outcome;
  }
  static Task<BlobOutcome> flush(Shared state, Task<> arrived) {
    co_await std::move(arrived);
    const BlobOutcome outcome = keep(*state);
    co_await Process::leave(state->process);
    co_return outcome;
  }
  static Task<BlobStored> finish(Shared state, Task<> arrived) {
    co_await std::move(arrived);
    const BlobStored stored = publish(*state);
    co_await Process::leave(state->process);
    co_return stored;
  }
  static Task<BlobOutcome> abandon(Shared state, Task<> arrived) {
    co_await std::move(arrived);
    BlobOutcome outcome = BlobOutcome::kGone;
    if (!state->gone) {
      outcome = state->process->busy() ? BlobOutcome::kBusy : BlobOutcome::kDone;
      if (outcome == BlobOutcome::kDone) discard(*state);
    }
    co_await Process::leave(state->process);
    co_return outcome;
  }

  const Shared state_;
};

namespace {

template <class Process, class State>
BlobOutcome open_new(Process& process, State& state) {
  if (!is_size(state.size)) return BlobOutcome::kMisfit;
  if (process.busy()) return BlobOutcome::kBusy;
  if (process.no_room()) return BlobOutcome::kNoRoom;
  do state.name = to_hex(process.random.bytes(16));
  while (process.disk.drafts.contains(state.name) || !process.open.insert(state.name).second);
  return BlobOutcome::kDone;
}

template <class Process, class State>
BlobOutcome open_old(Process& process, State& state, const Bytes& name, const std::vector<Stretch>& there) {
  if (!is_size(state.size)) return BlobOutcome::kMisfit;
  for (const Stretch& stretch : there) {
    const bool fits =
        stretch.from < stretch.to && stretch.to <= state.size.value_or(kBlobSizeMax) && state.there.add(stretch);
    if (!fits) return BlobOutcome::kMisfit;
  }
  if (process.open.contains(name) || process.busy()) return BlobOutcome::kBusy;
  const auto found = process.disk.drafts.find(name);
  if (found == process.disk.drafts.end() || found->second.content.size() < state.there.end()) return BlobOutcome::kGone;
  if (process.no_room()) return BlobOutcome::kNoRoom;
  process.open.insert(name);
  state.name = name;
  state.content = found->second.content;
  return BlobOutcome::kDone;
}

}  // namespace

ModelBlobs::ModelBlobs(ModelBlobDisk& disk, Clock& clock, std::uint64_t seed, ModelBlobFaults faults)
    : process_(std::make_shared<Process>(disk, clock, SeededRandom(seed), faults)) {}

ModelBlobs::~ModelBlobs() {
  crash();
}

Task<BlobStarted> ModelBlobs::start(std::optional<std::uint64_t> size) {
  return Process::call<BlobStarted>(process_, nullptr, [self = process_, size](Process& process) {
    auto state = std::make_shared<Draft::State>(self, "", size);
    BlobStarted started{.outcome = open_new(process, *state)};
    if (started.outcome == BlobOutcome::kDone) started.draft = std::make_unique<Draft>(std::move(state));
    return started;
  });
}

Task<BlobStarted> ModelBlobs::resume(Bytes name, std::optional<std::uint64_t> size, std::vector<Stretch> there) {
  return Process::call<BlobStarted>(process_, nullptr, [self = process_, name, size, there](Process& process) {
    auto state = std::make_shared<Draft::State>(self, "", size);
    BlobStarted started{.outcome = open_old(process, *state, name, there)};
    if (started.outcome == BlobOutcome::kDone) started.draft = std::make_unique<Draft>(std::move(state));
    return started;
  });
}

Task<std::optional<Bytes>> ModelBlobs::read(BlobId id, std::uint64_t offset, std::size_t size) {
  ASSERT(size <= kBlobPieceMax);
  return Process::call<std::optional<Bytes>>(process_, &ModelBlobFaults::read_down,
                                             [id, offset, size](Process& process) -> std::optional<Bytes> {
                                               const auto found = process.disk.blobs.find(id);
                                               if (found == process.disk.blobs.end()) return std::nullopt;
                                               const Bytes& content = found->second.content;
                                               return offset < content.size() ? content.substr(offset, size) : Bytes();
                                             });
}

Task<std::optional<std::uint64_t>> ModelBlobs::size_of(BlobId id) {
  return Process::call<std::optional<std::uint64_t>>(process_, &ModelBlobFaults::read_down,
                                                     [id](Process& process) -> std::optional<std::uint64_t> {
                                                       const auto found = process.disk.blobs.find(id);
                                                       if (found == process.disk.blobs.end()) return std::nullopt;
                                                       return found->second.content.size();
                                                     });
}

Task<bool> ModelBlobs::renew(BlobId id) {
  return Process::call<bool>(process_, &ModelBlobFaults::write_down, [id](Process& process) {
    const auto found = process.disk.blobs.find(id);
    if (found == process.disk.blobs.end()) return false;
    found->second.answered = process.clock.now();
    return true;
  });
}

Task<BlobCheck> ModelBlobs::verify(BlobId id) {
  return Process::call<BlobCheck>(process_, &ModelBlobFaults::read_down, [id](Process& process) -> BlobCheck {
    const auto found = process.disk.blobs.find(id);
    if (found == process.disk.blobs.end()) return {};
    if (crypto::sha256(found->second.content) == id.hash) return {BlobCheck::kIntact, ""};
    return {BlobCheck::kDamaged, id.hex() + " is damaged"};
  });
}

Task<std::vector<BlobInfo>> ModelBlobs::list(std::uint8_t first) {
  return Process::call<std::vector<BlobInfo>>(process_, &ModelBlobFaults::read_down, [first](Process& process) {
    std::vector<BlobInfo> found;
    for (const auto& [id, blob] : process.disk.blobs) {
      if (static_cast<std::uint8_t>(id.hash[0]) == first) found.push_back({id, blob.content.size(), blob.answered});
    }
    return found;
  });
}

Task<bool> ModelBlobs::erase(BlobId id, seconds idle) {
  ASSERT(idle >= kBlobGrace);
  return Process::call<bool>(process_, &ModelBlobFaults::write_down, [id, idle](Process& process) {
    const auto found = process.disk.blobs.find(id);
    if (found == process.disk.blobs.end()) return true;
    if (process.clock.now() - found->second.answered < idle) return false;
    process.disk.blobs.erase(found);
    return true;
  });
}

Task<std::uint64_t> ModelBlobs::discard_drafts(seconds idle) {
  return Process::call<std::uint64_t>(process_, &ModelBlobFaults::write_down, [idle](Process& process) {
    return std::erase_if(process.disk.drafts, [&](const auto& entry) {
      return !process.open.contains(entry.first) && process.clock.now() - entry.second.changed >= idle;
    });
  });
}

void ModelBlobs::set_faults(ModelBlobFaults faults) {
  process_->faults = faults;
}

void ModelBlobs::crash() {
  process_->dead = true;
}

const ModelBlobs::Counts& ModelBlobs::counts() const {
  return process_->counts;
}

}  // namespace helio::store
