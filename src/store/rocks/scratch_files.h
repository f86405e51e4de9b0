// store/rocks/scratch_files.h: the file system as RocksDB is given it: a read that fails below one folder ends the
// process.
//
// Why: when RocksDB 7.8 ingests a table file, it reads its first and last key from it, and takes a file that it cannot
//      read for one without keys, with an OK status. Its rows would be lost for good. Files are only below that folder
//      (fold.h) while they are ingested; everywhere else RocksDB reports what it cannot read.
#pragma once
#include <rocksdb/env.h>

#include <filesystem>
#include <memory>

#include "store/rocks/failure.h"

namespace helio::store::rocks {

// `failure` outlives it, and it outlives the database.
std::unique_ptr<rocksdb::Env> env_with_scratch(const std::filesystem::path& scratch, Failure& failure);

}  // namespace helio::store::rocks
