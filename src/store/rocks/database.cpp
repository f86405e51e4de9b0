#include "store/rocks/database.h"

#include <fcntl.h>
#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table.h>
#include <unistd.h>

#include <algorithm>
#include <bit>

#include "store/rocks/layout.h"
#include "store/rocks/scratch_files.h"

namespace helio::store::rocks {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMemoryMin = 16 << 20;
constexpr std::size_t kCacheShardMin = 4 << 20;
constexpr std::uint64_t kOpeningNeeds = 16 << 20;

[[noreturn]] void refuse(const fs::path& directory, std::string_view what) {
  throw OpenError("The store in " + directory.string() + " " + std::string(what));
}

// A new directory lasts once its parent has been flushed.
void make_directory(const fs::path& directory) {
  std::error_code error;
  if (fs::is_directory(directory, error)) return;
  const fs::path parent = directory.has_parent_path() ? directory.parent_path() : fs::path(".");
  if (parent != directory) make_directory(parent);
  fs::create_directory(directory, error);
  if (error) throw OpenError("The folder " + directory.string() + " cannot be made: " + error.message() + ".");

  const int fd = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool flushed = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!flushed) throw OpenError("The folder " + parent.string() + " cannot be flushed to its disk.");
}

// A compaction that fails is like a commit that fails, except for want of space: then RocksDB stops to compact until
// the folder, or RocksDB itself every few seconds, resumes it. Not in its list of files, though (fold.cpp).
class BackgroundErrors final : public rocksdb::EventListener {
 public:
  BackgroundErrors(Failure& failure, std::atomic<bool>& lacks_room) : failure_(failure), lacks_room_(lacks_room) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* status) override {
    if (status->IsNoSpace() && status->severity() < rocksdb::Status::Severity::kHardError) {
      lacks_room_ = true;
    } else {
      failure_.fail(status->ToString());
    }
  }

 private:
  Failure& failure_;
  std::atomic<bool>& lacks_room_;
};

// RocksDB's own log file ends the process when the disk is full (an assertion in 7.8), and names keys. What matters of
// it comes back as a status.
class Silent final : public rocksdb::Logger {
 public:
  using Logger::Logv;
  void Logv(const char*, va_list) override {}
};

rocksdb::DBOptions database_options() {
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.fail_if_options_file_error = true;

  // Loud about damage: nothing is skipped to start up, except the torn end of the log, which nobody was answered for.
  db.paranoid_checks = true;
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  db.track_and_verify_wals_in_manifest = true;
  // A disk that failed stays failed: RocksDB would resume by itself and go on.
  db.max_bgerror_resume_count = 0;

  db.IncreaseParallelism(2);
  db.max_open_files = 2'000;  // Connections want the others.
  db.skip_stats_update_on_db_open = true;
  db.bytes_per_sync = 1 << 20;

  db.info_log = std::make_shared<Silent>();
  db.stats_dump_period_sec = 0;
  return db;
}

// Rows come in as whole sorted files (fold.h), so what costs is how often compaction rewrites them. Files of about one
// size are merged with each other, many at a time, and nothing is compressed: docs/decisions/0007.
rocksdb::ColumnFamilyOptions family_options(std::size_t memory) {
  rocksdb::BlockBasedTableOptions table;
  // Few enough shards for each to hold several blocks of the largest values.
  const int shard_bits = std::clamp(static_cast<int>(std::bit_width(memory / kCacheShardMin)) - 1, 0, 6);
  table.block_cache = rocksdb::NewLRUCache(memory, shard_bits);
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
  table.format_version = 5;
  table.block_size = 16 << 10;

  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.write_buffer_size = 1 << 20;  // Holds the few rows that describe the store itself.
  family.compaction_style = rocksdb::kCompactionStyleUniversal;
  family.compaction_options_universal.size_ratio = 10;
  family.compaction_options_universal.min_merge_width = 4;
  family.compaction_options_universal.max_size_amplification_percent = 200;
  family.level0_file_num_compaction_trigger = 8;
  family.target_file_size_base = 64 << 20;
  family.compression = rocksdb::kNoCompression;
  return family;
}

// Table files whose ends do not say where what is in them.
std::vector<fs::path> broken_tables(const fs::path& directory) {
  std::vector<fs::path> broken;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.path().extension() != ".sst") continue;
    rocksdb::SstFileReader reader{rocksdb::Options()};
    if (!reader.Open(entry.path().string()).ok()) broken.push_back(entry.path());
  }
  return broken;
}

// A database lacks CURRENT before it is made, or when files were lost. Only the first may be taken for new.
void refuse_remains(rocksdb::Env& env, const fs::path& directory) {
  std::vector<std::string> files;
  if (env.FileExists((directory / "CURRENT").string()).ok()) return;
  if (!env.GetChildren(directory.string(), &files).ok()) return;
  for (const auto& file : files) {
    if (file.ends_with(".sst") || file.ends_with(".log")) {
      refuse(directory, "has data files but lacks the file CURRENT: restore it from a backup.");
    }
  }
}

template <class T>
Bytes number(T value) {
  Bytes bytes;
  append_le(bytes, value);
  return bytes;
}

}  // namespace

Database::Database(const RocksOptions& options, Failure& failure) : directory_(options.directory) {
  if (options.memory < kMemoryMin) refuse(options.directory, "needs at least 16 MiB of memory.");
  make_directory(options.directory.lexically_normal());
  // RocksDB ends in an assertion when it finds no room while it opens.
  const DiskSpace space = options.disk_space ? options.disk_space() : disk_space(options.directory);
  if (space.free < kOpeningNeeds) refuse(options.directory, "finds no room on its disk: free at least 16 MiB.");
  try {
    open(options, failure);
    check_format();
  } catch (...) {
    close_families();
    throw;
  }
}

Database::~Database() {
  close_families();
}

void Database::close_families() {
  for (auto* family : families_) db_->DestroyColumnFamilyHandle(family);
  families_.clear();
}

void Database::open(const RocksOptions& options, Failure& failure) {
  rocksdb::DBOptions db_options = database_options();
  env_ = env_with_scratch(options.directory / kScratchFolder, failure);
  db_options.env = env_.get();
  db_options.listeners.push_back(std::make_shared<BackgroundErrors>(failure, lacks_room_));
  // The other half is for generations (stack.h).
  const rocksdb::ColumnFamilyOptions family = family_options(options.memory / 2);
  const std::string path = options.directory.string();
  refuse_remains(*db_options.env, options.directory);

  const std::vector<std::string> ours = {rocksdb::kDefaultColumnFamilyName, kRowsFamily, kMetaFamily};
  std::vector<std::string> theirs;
  if (rocksdb::DB::ListColumnFamilies(db_options, path, &theirs).ok()) {
    for (const auto& name : theirs) {
      if (std::find(ours.begin(), ours.end(), name) == ours.end()) {
        refuse(options.directory, "was written by a newer release: start that one.");
      }
    }
  }

  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const auto& name : ours) descriptors.emplace_back(name, family);
  rocksdb::DB* opened = nullptr;
  const auto status = rocksdb::DB::Open(db_options, path, descriptors, &families_, &opened);
  db_.reset(opened);
  if (!status.ok()) {
    std::string why = status.ToString();
    // RocksDB looks for a table file under its old name last, and names that one.
    if (const auto old = why.find(".ldb"); old != std::string::npos) why.replace(old, 4, ".sst");
    if (status.IsIOError() && why.find("LOCK") != std::string::npos && why.find("lock") != std::string::npos) {
      refuse(options.directory, "is in use by another process: stop that one first, or choose another folder.");
    }
    const bool is_lost = status.IsPathNotFound() || why.find("No such file") != std::string::npos;
    if (why.find(".sst") == std::string::npos) {
      // RocksDB names another file when the end of a table is damaged.
      for (const fs::path& table : broken_tables(options.directory)) why += ", " + table.string();
    }
    if (status.IsCorruption() || is_lost) {
      refuse(options.directory, "is damaged (" + why + "): restore it from a backup.");
    }
    refuse(options.directory, "cannot be opened (" + why + ").");
  }
  rows_ = families_[1];
  meta_ = families_[2];
}

void Database::check_format() {
  const auto read = [&]<class T>(View key, std::optional<T>& number) {
    std::string value;
    const auto status = db_->Get(read_options(), meta_, rocksdb::Slice(key.data(), key.size()), &value);
    number.reset();
    if (status.IsNotFound()) return;
    if (!status.ok() || value.size() != sizeof(T)) {
      refuse(directory_, "is damaged (" + status.ToString() + "): restore it from a backup.");
    }
    number = load_le<T>(value.data());
  };
  const auto is_empty = [&](rocksdb::ColumnFamilyHandle* family) {
    const std::unique_ptr<rocksdb::Iterator> rows(db_->NewIterator(read_options(), family));
    rows->SeekToFirst();
    return !rows->Valid() && rows->status().ok();
  };

  std::optional<std::uint32_t> format, buckets, lost_ids_max;
  read(kFormatKey, format);
  if (!format) {
    if (!is_empty(meta_) || !is_empty(rows_)) refuse(directory_, "is not one of ours: choose another folder.");
    write({{kFormatKey, number(kFormat)}, {kBucketsKey, number(kBuckets)}});
    return;
  }
  if (*format > kFormat) {
    refuse(directory_, "has format " + std::to_string(*format) + ", this release knows " + std::to_string(kFormat) +
                           ": start a newer release.");
  }
  read(kBucketsKey, buckets);
  if (buckets != kBuckets) {
    refuse(directory_, "was made with " + std::to_string(buckets.value_or(0)) + " buckets, this release has " +
                           std::to_string(kBuckets) + ": export it with the release that made it, and import it here.");
  }
  if (*format < kFormat) take_over_format_1();
  read(kFoldedKey, folded_);
  read(kLostIdsMaxKey, lost_ids_max);
  lost_ids_max_ = lost_ids_max.value_or(0);
  if (lost_ids_max_ > kLostIdsLimit) refuse(directory_, "was restored more often than it has ids: start a new one.");
}

// It had no journal, and erased ranges: compaction leaves none.
void Database::take_over_format_1() {
  rocksdb::CompactRangeOptions all;
  all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  const auto status = db_->CompactRange(all, rows_, nullptr, nullptr);
  if (!status.ok()) refuse(directory_, "cannot be taken over from an older release (" + status.ToString() + ").");
  write({{kFormatKey, number(kFormat)}});
}

void Database::resume() {
  lacks_room_ = false;  // First: what is resumed may find no room at once.
  if (!db_->Resume().ok()) lacks_room_ = true;
}

void Database::begin_journal() {
  write({{kFoldedKey, number<std::uint64_t>(0)}});
}

void Database::write(const std::vector<std::pair<View, Bytes>>& rows) {
  rocksdb::WriteBatch batch;
  for (const auto& [key, value] : rows) batch.Put(meta_, rocksdb::Slice(key.data(), key.size()), value);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const auto status = db_->Write(synced, &batch);
  if (!status.ok()) refuse(directory_, "cannot be written (" + status.ToString() + ").");
}

}  // namespace helio::store::rocks
