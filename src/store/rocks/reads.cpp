#include "store/rocks/reads.h"

#include <rocksdb/perf_context.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/snapshot.h>

#include "base/log.h"
#include "store/rocks/layout.h"

namespace helio::store::rocks {

namespace {

[[noreturn]] void down(const std::string& reason) {
  log::error("store.read_failed", {{"reason", reason}});
  throw StoreDown("a read from the store failed: " + reason);
}

// Whether a read came to its end; false: memory did not have it.
bool is_answered(const rocksdb::Status& status) {
  if (status.ok() || status.IsNotFound()) return true;
  if (status.IsIncomplete()) return false;
  down(status.ToString());
}

// Whether this thread's reads since the beginning found every block in the cache.
//
// RocksDB 7.8 iterators sometimes forget that a block was missing and go on without its rows, with an OK status: at the
// border of two files, and behind a range erase (facebook/rocksdb#11785, mended in 8.5). So an iterator that was told
// to stay in memory is believed only if the cache counts no miss. Point reads have no such fault.
class CacheWatch {
 public:
  CacheWatch() : before_(misses()) {}
  bool saw_no_miss() const { return misses() == before_; }

 private:
  static std::uint64_t misses() {
    rocksdb::PerfContext* const context = rocksdb::get_perf_context();
    if (!context->per_level_perf_context_enabled) {
      rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableCount);
      context->EnablePerLevelPerfContext();
    }
    std::uint64_t count = 0;
    for (const auto& [level, counters] : *context->level_to_perf_context) count += counters.block_cache_miss_count;
    return count;
  }

  std::uint64_t before_;
};

bool read_version(Database& database, View partition, const rocksdb::ReadOptions& options, std::uint64_t& version) {
  rocksdb::PinnableSlice value;
  const auto status = database->Get(options, database.meta(), head_key(partition), &value);
  if (!is_answered(status)) return false;
  version = 0;
  if (status.ok()) {
    const auto head = decode_head(value.ToStringView());
    if (!head) down("the version of a partition is damaged");
    version = head->version;
  }
  return true;
}

}  // namespace

bool read_values(Database& database, View partition, const std::vector<Bytes>& keys, rocksdb::ReadTier tier,
                 Values& out) {
  rocksdb::ManagedSnapshot snapshot(&*database);
  rocksdb::ReadOptions options;
  options.read_tier = tier;
  options.snapshot = snapshot.snapshot();
  if (!read_version(database, partition, options, out.version)) return false;

  out.values.assign(keys.size(), std::nullopt);
  if (out.version == 0) return true;
  const Bytes prefix = row_prefix(partition);
  Bytes key = prefix;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    key.resize(prefix.size());
    key.append(keys[i]);
    rocksdb::PinnableSlice value;
    const auto status = database->Get(options, database.rows(), key, &value);
    if (!is_answered(status)) return false;
    if (status.ok()) out.values[i].emplace(value.data(), value.size());
  }
  return true;
}

bool read_page(Database& database, View partition, const Scan& scan, rocksdb::ReadTier tier, Page& out) {
  rocksdb::ManagedSnapshot snapshot(&*database);
  const Bytes prefix = row_prefix(partition);
  const Bytes from = prefix + scan.from, to = prefix + scan.to;
  const rocksdb::Slice lower(from), upper(to);
  rocksdb::ReadOptions options;
  options.read_tier = tier;
  options.snapshot = snapshot.snapshot();
  options.iterate_lower_bound = &lower;
  options.iterate_upper_bound = &upper;
  if (!read_version(database, partition, options, out.version)) return false;

  out.rows.clear();
  out.more = false;
  if (out.version == 0 || from >= to) return true;
  const CacheWatch watch;
  const std::unique_ptr<rocksdb::Iterator> row(database->NewIterator(options, database.rows()));
  std::size_t size = 0;
  for (scan.reverse ? row->SeekToLast() : row->SeekToFirst(); row->Valid(); scan.reverse ? row->Prev() : row->Next()) {
    const View key = row->key().ToStringView().substr(prefix.size());
    const View value = row->value().ToStringView();
    size += key.size() + value.size();
    out.more = out.rows.size() == scan.limit || (!out.rows.empty() && size > scan.size_max);
    if (out.more) break;
    out.rows.push_back({Bytes(key), Bytes(value)});
  }
  return is_answered(row->status()) && (tier == rocksdb::kReadAllTier || watch.saw_no_miss());
}

bool read_pending(Database& database, std::uint32_t bucket, rocksdb::ReadTier tier, std::vector<Bytes>& out) {
  const Bytes from = pending_prefix(bucket);
  // Names are shorter than this many bytes 0xff, so that no mark of the bucket lies above.
  const Bytes to = from + Bytes(kPartitionSizeMax + 1, '\xff');
  const rocksdb::Slice lower(from), upper(to);
  rocksdb::ReadOptions options;
  options.read_tier = tier;
  options.iterate_lower_bound = &lower;
  options.iterate_upper_bound = &upper;

  out.clear();
  const CacheWatch watch;
  const std::unique_ptr<rocksdb::Iterator> mark(database->NewIterator(options, database.meta()));
  for (mark->SeekToFirst(); mark->Valid(); mark->Next()) {
    out.emplace_back(mark->key().ToStringView().substr(from.size()));
  }
  return is_answered(mark->status()) && (tier == rocksdb::kReadAllTier || watch.saw_no_miss());
}

}  // namespace helio::store::rocks
