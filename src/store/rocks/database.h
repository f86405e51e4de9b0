// store/rocks/database.h: the RocksDB underneath: opened with the options that its promises need, checked, closed.
#pragma once
#include <rocksdb/db.h>

#include <memory>

#include "store/rocks/rocks_kv.h"

namespace helio::store::rocks {

class Database {
 public:
  // Makes the directory and the database where there is none. Throws OpenError: in use, damaged, or of another format.
  explicit Database(const RocksOptions& options);
  ~Database();

  rocksdb::DB& operator*() { return *db_; }
  rocksdb::DB* operator->() { return db_.get(); }
  rocksdb::ColumnFamilyHandle* rows() const { return rows_; }
  rocksdb::ColumnFamilyHandle* meta() const { return meta_; }

 private:
  void open(const RocksOptions& options);
  void check_format(const std::filesystem::path& directory);
  void close_families();

  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  rocksdb::ColumnFamilyHandle* rows_ = nullptr;
  rocksdb::ColumnFamilyHandle* meta_ = nullptr;
};

}  // namespace helio::store::rocks
