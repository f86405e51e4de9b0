#include "store/rocks/reads.h"

#include <algorithm>

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

rocksdb::ReadOptions options_of(const Stack& stack, rocksdb::ReadTier tier) {
  rocksdb::ReadOptions options = read_options();
  options.read_tier = tier;
  options.snapshot = stack.base.get();
  return options;
}

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

// The rows of one generation, in the order of the scan, a few at a time.
class GenerationRows {
 public:
  // `live_max`, `rows_max` as Generation::rows() has them. Of the active generation all rows that may be needed are
  // taken at once, since it changes; the others are read on as they are used up.
  GenerationRows(const Generation& generation, const Name& name, const Scan& scan, std::size_t live_max,
                 std::size_t rows_max)
      : generation_(generation), name_(name), scan_(scan), live_max_(live_max), rows_max_(rows_max) {
    take(scan.from, scan.to);
    hidden_ = std::move(taken_.hidden);
  }

  const std::optional<Generation::Partition>& partition() const { return taken_.partition; }
  // Null at the end.
  const Row* row() const { return at_ < taken_.rows.size() ? &taken_.rows[at_] : nullptr; }
  void next() {
    ++at_;
    if (at_ < taken_.rows.size() || !taken_.more) return;
    const View last = taken_.rows.back().key;
    // The key right behind `last` is `last` and a zero byte.
    if (scan_.reverse) {
      take(scan_.from, last);
    } else {
      take(Bytes(last) + '\0', scan_.to);
    }
  }
  // Whether rows of this key in older generations and in RocksDB are erased.
  bool hides(View key) const {
    const auto starts_behind = [](View wanted, const Hidden& range) { return wanted < range.from; };
    const auto behind = std::upper_bound(hidden_.begin(), hidden_.end(), key, starts_behind);
    return behind != hidden_.begin() && key < std::prev(behind)->to;
  }

 private:
  void take(View from, View to) {
    at_ = 0;
    taken_ = generation_.rows(name_, from, to, scan_.reverse, live_max_, rows_max_);
  }

  const Generation& generation_;
  const Name& name_;
  const Scan& scan_;
  const std::size_t live_max_, rows_max_;
  Generation::Rows taken_;
  std::size_t at_ = 0;
  std::vector<Hidden> hidden_;
};

// The rows of RocksDB, in the order of the scan; none when `exists` is false.
class BaseRows {
 public:
  BaseRows(Database& database, View partition, const Scan& scan, rocksdb::ReadOptions options, bool exists)
      : prefix_(row_prefix(partition)), from_(prefix_ + scan.from), to_(prefix_ + scan.to), reverse_(scan.reverse) {
    if (!exists || from_ >= to_) return;
    lower_ = from_;
    upper_ = to_;
    options.iterate_lower_bound = &lower_;
    options.iterate_upper_bound = &upper_;
    rows_.reset(database->NewIterator(options, database.rows()));
    reverse_ ? rows_->SeekToLast() : rows_->SeekToFirst();
  }

  bool valid() const { return rows_ && rows_->Valid(); }
  View key() const { return rows_->key().ToStringView().substr(prefix_.size()); }
  View value() const { return rows_->value().ToStringView(); }
  void next() { reverse_ ? rows_->Prev() : rows_->Next(); }
  rocksdb::Status status() const { return rows_ ? rows_->status() : rocksdb::Status::OK(); }

 private:
  const Bytes prefix_, from_, to_;
  const bool reverse_;
  rocksdb::Slice lower_, upper_;
  std::unique_ptr<rocksdb::Iterator> rows_;
};

// Rows of a frozen generation that a scan takes at a time.
constexpr std::size_t kRowsAtATime = 128;

}  // namespace

bool read_values(Database& database, const Stack& stack, View partition, const std::vector<Bytes>& keys,
                 rocksdb::ReadTier tier, Values& out) {
  const Name name(partition);
  out.values.assign(keys.size(), std::nullopt);
  std::vector<bool> known(keys.size(), false);
  std::optional<Generation::Partition> newest;
  for (const auto& generation : stack.generations) {
    const auto found = generation->get(name, keys, known, out.values);
    if (!newest) newest = found;
    if (found && found->is_new) {
      out.version = newest->head.version;
      return true;
    }
  }

  const rocksdb::ReadOptions options = options_of(stack, tier);
  if (newest) {
    out.version = newest->head.version;
  } else if (!read_version(database, partition, options, out.version)) {
    return false;
  }
  if (out.version == 0) return true;
  const Bytes prefix = row_prefix(partition);
  Bytes key = prefix;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (known[i]) continue;
    key.resize(prefix.size());
    key.append(keys[i]);
    rocksdb::PinnableSlice value;
    const auto status = database->Get(options, database.rows(), key, &value);
    if (!is_answered(status)) return false;
    if (status.ok()) out.values[i].emplace(value.data(), value.size());
  }
  return true;
}

bool read_page(Database& database, const Stack& stack, View partition, const Scan& scan, rocksdb::ReadTier tier,
               Page& out) {
  const Name name(partition);
  // Newest first. One generation's row hides the same key in all that come after.
  std::vector<GenerationRows> sources;
  sources.reserve(stack.generations.size());
  std::optional<Generation::Partition> newest;
  bool is_in_base = true;
  for (const auto& generation : stack.generations) {
    const bool is_first = sources.empty();
    GenerationRows rows(*generation, name, scan, is_first ? std::size_t{scan.limit} + 1 : SIZE_MAX,
                        is_first ? SIZE_MAX : kRowsAtATime);
    const auto found = rows.partition();
    sources.push_back(std::move(rows));
    if (!newest) newest = found;
    is_in_base = !found || !found->is_new;
    if (!is_in_base) break;
  }

  const rocksdb::ReadOptions options = options_of(stack, tier);
  if (newest) {
    out.version = newest->head.version;
  } else {
    if (!read_version(database, partition, options, out.version)) return false;
    is_in_base = out.version != 0;
  }
  out.rows.clear();
  out.more = false;

  BaseRows base(database, partition, scan, options, is_in_base);
  const auto comes_before = [&](View a, View b) { return scan.reverse ? a > b : a < b; };
  std::size_t size = 0;
  while (true) {
    // The next key, and the newest source that has it.
    std::optional<View> key;
    std::size_t owner = sources.size();
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const Row* const row = sources[i].row();
      if (row && (!key || comes_before(row->key, *key))) {
        key = row->key;
        owner = i;
      }
    }
    if (base.valid() && (!key || comes_before(base.key(), *key))) {
      key = base.key();
      owner = sources.size();
    }
    if (!key) break;

    const bool is_from_base = owner == sources.size();
    const std::optional<View> value = is_from_base ? std::optional(base.value()) : sources[owner].row()->value;
    bool is_there = value.has_value();
    for (std::size_t i = 0; i < owner && is_there; ++i) is_there = !sources[i].hides(*key);
    if (is_there) {
      size += key->size() + value->size();
      out.more = out.rows.size() == scan.limit || (!out.rows.empty() && size > scan.size_max);
      if (out.more) break;
      out.rows.push_back({Bytes(*key), Bytes(*value)});
    }

    // `key` may be borrowed from the base, which moves last.
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const Row* const row = sources[i].row();
      if (row && row->key == *key) sources[i].next();
    }
    if (base.valid() && base.key() == *key) base.next();
  }
  return is_answered(base.status());
}

bool read_pending(Database& database, const Stack& stack, std::uint32_t bucket, rocksdb::ReadTier tier,
                  std::vector<Bytes>& out) {
  // What the newest generation says of a partition holds.
  std::unordered_map<View, bool> known;
  for (const auto& generation : stack.generations) {
    for (const auto& [partition, pending] : generation->marks(bucket)) known.try_emplace(partition, pending);
  }
  out.clear();
  for (const auto& [partition, pending] : known) {
    if (pending) out.emplace_back(partition);
  }

  const Bytes from = pending_prefix(bucket);
  // Names are shorter than this many bytes 0xff, so that no mark of the bucket lies above.
  const Bytes to = from + Bytes(kPartitionSizeMax + 1, '\xff');
  const rocksdb::Slice lower(from), upper(to);
  rocksdb::ReadOptions options = options_of(stack, tier);
  options.iterate_lower_bound = &lower;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> mark(database->NewIterator(options, database.meta()));
  for (mark->SeekToFirst(); mark->Valid(); mark->Next()) {
    const View partition = mark->key().ToStringView().substr(from.size());
    if (!known.contains(partition)) out.emplace_back(partition);
  }
  std::sort(out.begin(), out.end());
  return is_answered(mark->status());
}

}  // namespace helio::store::rocks
