#include "store/rocks/database.h"

#include <fcntl.h>
#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>
#include <unistd.h>

#include <algorithm>

#include "store/rocks/layout.h"

namespace helio::store::rocks {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMemoryMin = 16 << 20;

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

rocksdb::DBOptions database_options(const RocksOptions& options, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::DBOptions db;
  if (options.env) db.env = options.env;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.fail_if_options_file_error = true;

  // Loud about damage: nothing is skipped to start up, except the torn end of the log, which nobody was answered for.
  db.paranoid_checks = true;
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  db.track_and_verify_wals_in_manifest = true;
  // A disk that failed stays failed: RocksDB would resume by itself and go on.
  db.max_bgerror_resume_count = 0;

  // Buffers are charged to the cache, so that its capacity caps both.
  db.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(options.memory / 4, cache);
  db.max_total_wal_size = 256 << 20;  // Bounds the replay at start.
  db.IncreaseParallelism(2);
  db.bytes_per_sync = 1 << 20;

  db.max_log_file_size = 4 << 20;
  db.keep_log_file_num = 4;
  db.stats_dump_period_sec = 0;
  return db;
}

rocksdb::ColumnFamilyOptions family_options(const RocksOptions& options, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
  table.format_version = 5;
  table.block_size = 8 << 10;

  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.write_buffer_size = options.memory / 8;
  family.level_compaction_dynamic_level_bytes = true;
  family.compression = rocksdb::kLZ4Compression;
  family.bottommost_compression = rocksdb::kZSTD;
  return family;
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

}  // namespace

Database::Database(const RocksOptions& options) {
  if (options.memory < kMemoryMin) refuse(options.directory, "needs at least 16 MiB of memory.");
  make_directory(options.directory.lexically_normal());
  try {
    open(options);
    check_format(options.directory);
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

void Database::open(const RocksOptions& options) {
  const auto cache = rocksdb::NewLRUCache(options.memory);
  const rocksdb::DBOptions db_options = database_options(options, cache);
  const rocksdb::ColumnFamilyOptions family = family_options(options, cache);
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
    const std::string why = status.ToString();
    if (status.IsIOError() && why.find("LOCK") != std::string::npos && why.find("lock") != std::string::npos) {
      refuse(options.directory, "is in use by another process: stop that one first, or choose another folder.");
    }
    if (status.IsCorruption()) refuse(options.directory, "is damaged (" + why + "): restore it from a backup.");
    refuse(options.directory, "cannot be opened (" + why + ").");
  }
  rows_ = families_[1];
  meta_ = families_[2];
}

void Database::check_format(const fs::path& directory) {
  const auto read = [&](View key) -> std::optional<std::uint32_t> {
    std::string value;
    const auto status = db_->Get(rocksdb::ReadOptions(), meta_, rocksdb::Slice(key.data(), key.size()), &value);
    if (status.IsNotFound()) return std::nullopt;
    if (!status.ok() || value.size() != 4)
      refuse(directory, "is damaged (" + status.ToString() + "): restore it from a backup.");
    return load_le<std::uint32_t>(value.data());
  };
  const auto is_empty = [&](rocksdb::ColumnFamilyHandle* family) {
    const std::unique_ptr<rocksdb::Iterator> rows(db_->NewIterator(rocksdb::ReadOptions(), family));
    rows->SeekToFirst();
    return !rows->Valid() && rows->status().ok();
  };

  const auto format = read(kFormatKey);
  if (!format) {
    if (!is_empty(meta_) || !is_empty(rows_)) refuse(directory, "is not one of ours: choose another folder.");
    Bytes format_value, buckets_value;
    append_le(format_value, kFormat);
    append_le(buckets_value, kBuckets);
    rocksdb::WriteBatch batch;
    batch.Put(meta_, rocksdb::Slice(kFormatKey.data(), kFormatKey.size()), format_value);
    batch.Put(meta_, rocksdb::Slice(kBucketsKey.data(), kBucketsKey.size()), buckets_value);
    rocksdb::WriteOptions synced;
    synced.sync = true;
    const auto status = db_->Write(synced, &batch);
    if (!status.ok()) refuse(directory, "cannot be written (" + status.ToString() + ").");
    return;
  }
  if (*format > kFormat) {
    refuse(directory, "has format " + std::to_string(*format) + ", this release knows " + std::to_string(kFormat) +
                          ": start a newer release.");
  }
  const auto buckets = read(kBucketsKey);
  if (buckets != kBuckets) {
    refuse(directory, "was made with " + std::to_string(buckets.value_or(0)) + " buckets, this release has " +
                          std::to_string(kBuckets) + ": export it with the release that made it, and import it here.");
  }
}

}  // namespace helio::store::rocks
