// store/rocks/database.h: the RocksDB underneath: opened with the options that its promises need, checked, closed.
#pragma once
#include <rocksdb/db.h>

#include <atomic>
#include <memory>

#include "store/rocks/failure.h"
#include "store/rocks/rocks_kv.h"

namespace helio::store::rocks {

// How everything is read. Iterators of RocksDB 7.8 forget that a block could not be read, because it is not in memory
// or is damaged, and go on without its rows, with an OK status, once they look out for erased ranges
// (facebook/rocksdb#11785, mended in 8.5). So nothing that is written here erases ranges (fold.cpp), and nothing that
// is read looks out for them.
inline rocksdb::ReadOptions read_options() {
  rocksdb::ReadOptions options;
  options.ignore_range_deletions = true;
  return options;
}

class Database {
 public:
  // Makes the directory and the database where there is none. Throws OpenError: in use, damaged, or of another format.
  // `failure` outlives it and is told when RocksDB's own work (compaction) fails.
  Database(const RocksOptions& options, Failure& failure);
  ~Database();

  rocksdb::DB& operator*() { return *db_; }
  rocksdb::DB* operator->() { return db_.get(); }
  rocksdb::ColumnFamilyHandle* rows() const { return rows_; }
  rocksdb::ColumnFamilyHandle* meta() const { return meta_; }

  // As it was at opening: the last record of the journal that is in here; none: there was no journal yet.
  std::optional<std::uint64_t> folded() const { return folded_; }
  std::uint32_t lost_ids_max() const { return lost_ids_max_; }

  // RocksDB's own work (compaction) found no room on the disk, and RocksDB has stopped it all. Any thread.
  bool lacks_room() const { return lacks_room_; }
  // Lets it try again.
  void resume();

  // There is a journal now, and from here on there must be one. Throws OpenError.
  void begin_journal();

 private:
  void open(const RocksOptions& options, Failure& failure);
  void check_format();
  void take_over_format_1();
  void write(const std::vector<std::pair<View, Bytes>>& rows);
  void close_families();

  const std::filesystem::path directory_;
  std::atomic<bool> lacks_room_ = false;  // Before what writes into it.
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  rocksdb::ColumnFamilyHandle* rows_ = nullptr;
  rocksdb::ColumnFamilyHandle* meta_ = nullptr;
  std::optional<std::uint64_t> folded_;
  std::uint32_t lost_ids_max_ = 0;
};

}  // namespace helio::store::rocks
