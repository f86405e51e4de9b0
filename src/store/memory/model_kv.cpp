#include "store/memory/model_kv.h"

#include <boost/asio/post.hpp>
#include <set>

#include "base/assert.h"
#include "store/limits.h"

namespace helio::store {

namespace {

void apply(ModelPartition& partition, Batch batch) {
  auto& rows = partition.rows;
  for (const Range& range : batch.erase_ranges) {
    if (range.from < range.to) rows.erase(rows.lower_bound(range.from), rows.lower_bound(range.to));
  }
  for (const Bytes& key : batch.erase) rows.erase(key);
  for (Put& put : batch.puts) rows[put.key] = std::move(put.value);
  partition.pending = batch.pending;
  ++partition.version;
}

std::uint64_t version_of(const ModelDisk& disk, const Bytes& partition) {
  const auto found = disk.partitions.find(partition);
  return found == disk.partitions.end() ? 0 : found->second.version;
}

// Applies the late commits whose time has come. Nobody can tell this from a timer: every look at the disk comes here
// first.
void settle(ModelDisk& disk, Ticks now) {
  while (!disk.late.empty() && disk.late.begin()->first <= now) {
    Batch batch = std::move(disk.late.extract(disk.late.begin()).mapped());
    if (version_of(disk, batch.partition) == batch.expect) {
      ModelPartition& partition = disk.partitions[batch.partition];
      apply(partition, std::move(batch));
    }
  }
}

Page read_page(const ModelPartition& partition, const Scan& scan) {
  Page page{.version = partition.version, .rows = {}, .more = false};
  std::size_t size = 0;
  const auto take = [&](const std::pair<const Bytes, Bytes>& row) {
    size += row.first.size() + row.second.size();
    page.more = page.rows.size() == scan.limit || (!page.rows.empty() && size > scan.size_max);
    if (!page.more) page.rows.push_back({row.first, row.second});
    return !page.more;
  };
  if (scan.from >= scan.to) return page;
  const auto from = partition.rows.lower_bound(scan.from);
  const auto to = partition.rows.lower_bound(scan.to);
  if (scan.reverse) {
    for (auto it = to; it != from && take(*std::prev(it)); --it) {
    }
  } else {
    for (auto it = from; it != to && take(*it); ++it) {
    }
  }
  return page;
}

}  // namespace

void restore(ModelDisk& disk, ModelDisk backup, std::uint32_t lost_ids) {
  backup.late.clear();  // Nobody was told of those.
  backup.lost_ids_max += lost_ids;
  ASSERT(backup.lost_ids_max <= kLostIdsLimit);
  disk = std::move(backup);
}

struct ModelKv::Process {
  // A partition that is lost or slow, until when.
  struct Trouble {
    Ticks until;
    bool lost = false;
  };
  enum class Reach { kThere, kLost };

  ModelDisk& disk;
  Clock& clock;
  SeededRandom random;
  ModelFaults faults;
  Counts counts = {};
  bool dead = false;
  std::set<Bytes> committing = {};
  std::map<Bytes, Trouble> troubles = {};

  bool chance(double probability) {
    constexpr std::uint64_t kParts = 1'000'000'000;
    return probability > 0 && random.below(kParts) < static_cast<std::uint64_t>(probability * kParts);
  }
  milliseconds up_to(milliseconds longest) {
    return milliseconds(random.below(static_cast<std::uint64_t>(longest.count()) + 1));
  }
  void stop_if_dead() const {
    if (dead) throw boost::system::system_error(asio::error::operation_aborted);
  }

  // What befalls a call that has arrived at `partition`.
  Trouble* find_trouble(const Bytes& partition) {
    const Ticks now = clock.ticks();
    auto found = troubles.find(partition);
    if (found != troubles.end() && found->second.until <= now) found = (troubles.erase(found), troubles.end());
    if (found == troubles.end()) {
      const bool lost = chance(faults.lost);
      if (!lost && !chance(faults.slow)) return nullptr;
      found = troubles.emplace(partition, Trouble{now + up_to(faults.trouble_max), lost}).first;
    }
    return &found->second;
  }

  static Task<> pause(std::shared_ptr<Process> self, milliseconds longest) {
    if (longest.count() > 0) co_await self->clock.sleep(self->up_to(longest));
    self->stop_if_dead();
  }

  // The way of every call to its partition.
  static Task<Reach> arrive(std::shared_ptr<Process> self, Bytes partition) {
    self->stop_if_dead();
    co_await pause(self, self->faults.delay_max);
    if (const Trouble* trouble = self->find_trouble(partition)) {
      if (trouble->lost) co_return Reach::kLost;
      co_await pause(self, self->faults.slow_max);
    }
    settle(self->disk, self->clock.ticks());
    co_return Reach::kThere;
  }

  static Task<> leave(std::shared_ptr<Process> self) { return pause(self, self->faults.delay_max); }

  // Takes effect at this instant, or not at all.
  Commit decide(Batch batch) {
    const std::uint64_t version = version_of(disk, batch.partition);
    if (version != batch.expect) return {Outcome::kConflict, version};
    if (chance(faults.unavailable)) return {Outcome::kUnavailable, 0};
    if (chance(faults.unknown_never)) return {Outcome::kUnknown, 0};
    if (chance(faults.unknown_late)) {
      const Ticks when = clock.ticks() + milliseconds(1) + up_to(faults.late_max);
      disk.late.emplace(when, std::move(batch));
      return {Outcome::kUnknown, 0};
    }
    if (version > 0 && chance(faults.conflict)) {
      return {Outcome::kConflict, ++disk.partitions[batch.partition].version};
    }
    ModelPartition& partition = disk.partitions[batch.partition];
    apply(partition, std::move(batch));
    if (chance(faults.unknown_applied)) return {Outcome::kUnknown, 0};
    return {Outcome::kCommitted, partition.version};
  }

  void count(Outcome outcome) {
    switch (outcome) {
      case Outcome::kCommitted: ++counts.committed; break;
      case Outcome::kConflict: ++counts.conflicts; break;
      case Outcome::kUnavailable: ++counts.unavailable; break;
      case Outcome::kUnknown: ++counts.unknown; break;
    }
  }

  // In the frame of a commit, however that ends.
  struct Committing {
    Process& process;
    Bytes partition;
    Committing(Process& owner, const Bytes& name) : process(owner), partition(name) {
      const bool alone = process.committing.insert(partition).second;
      ASSERT(alone);  // The caller let two commits of one partition overlap.
    }
    Committing(const Committing&) = delete;
    ~Committing() { process.committing.erase(partition); }
  };

  static Task<Commit> commit(std::shared_ptr<Process> self, Batch batch) {
    assert_within_limits(batch);
    const Committing committing(*self, batch.partition);
    // No engine commits within the caller's turn, not even a quick one.
    co_await asio::post(co_await asio::this_coro::executor, use_task);
    const Reach reach = co_await arrive(self, batch.partition);
    Commit commit;
    if (reach == Reach::kThere) commit = self->decide(std::move(batch));
    co_await leave(self);
    self->count(commit.outcome);
    co_return commit;
  }

  // Arrives for reading: from here to the end of the caller's turn the disk is one snapshot.
  static Task<> arrive_to_read(std::shared_ptr<Process> self, Bytes partition) {
    const Reach reach = co_await arrive(self, partition);
    self->read_or_fail(reach);
  }

  void read_or_fail(Reach reach) {
    ++counts.reads;
    if (reach == Reach::kThere && !chance(faults.read_down)) return;
    ++counts.reads_failed;
    throw StoreDown("the model store is down");
  }

  const ModelPartition& partition(const Bytes& name) const {
    static const ModelPartition kNone;
    const auto found = disk.partitions.find(name);
    return found == disk.partitions.end() ? kNone : found->second;
  }

  static Task<Values> get(std::shared_ptr<Process> self, Bytes name, std::vector<Bytes> keys) {
    assert_within_limits(name, keys);
    co_await arrive_to_read(self, name);
    const ModelPartition& partition = self->partition(name);
    Values values{.version = partition.version, .values = {}};
    for (const Bytes& key : keys) {
      const auto found = partition.rows.find(key);
      if (found == partition.rows.end()) {
        values.values.emplace_back();
      } else {
        values.values.emplace_back(found->second);
      }
    }
    co_await leave(self);
    co_return values;
  }

  static Task<Page> scan(std::shared_ptr<Process> self, Bytes name, Scan scan) {
    assert_within_limits(name, scan);
    co_await arrive_to_read(self, name);
    Page page = read_page(self->partition(name), scan);
    co_await leave(self);
    co_return page;
  }

  static Task<std::vector<Bytes>> pending(std::shared_ptr<Process> self, std::uint32_t bucket) {
    ASSERT(bucket < kBuckets);
    // No partition is lost or slow here: the list belongs to none.
    self->stop_if_dead();
    co_await pause(self, self->faults.delay_max);
    self->read_or_fail(Reach::kThere);
    settle(self->disk, self->clock.ticks());
    std::vector<Bytes> found;
    for (const auto& [name, partition] : self->disk.partitions) {
      if (partition.pending && bucket_of(name) == bucket) found.push_back(name);
    }
    co_await leave(self);
    co_return found;
  }
};

ModelKv::ModelKv(ModelDisk& disk, Clock& clock, std::uint64_t seed, ModelFaults faults)
    : process_(std::make_shared<Process>(disk, clock, SeededRandom(seed), faults)) {}

ModelKv::~ModelKv() {
  crash();
}

Task<Commit> ModelKv::commit(Batch batch) {
  return Process::commit(process_, std::move(batch));
}

Task<Values> ModelKv::get(Bytes partition, std::vector<Bytes> keys) {
  return Process::get(process_, std::move(partition), std::move(keys));
}

Task<Page> ModelKv::scan(Bytes partition, Scan scan) {
  return Process::scan(process_, std::move(partition), std::move(scan));
}

Task<std::vector<Bytes>> ModelKv::pending(std::uint32_t bucket) {
  return Process::pending(process_, bucket);
}

std::uint32_t ModelKv::lost_ids_max() const {
  return process_->disk.lost_ids_max;
}

void ModelKv::set_faults(ModelFaults faults) {
  process_->faults = faults;
  process_->troubles.clear();
}

void ModelKv::crash() {
  process_->dead = true;
}

const ModelKv::Counts& ModelKv::counts() const {
  return process_->counts;
}

}  // namespace helio::store
