#include "store/rocks/settle.h"

#include <rocksdb/env.h>

namespace helio::store::rocks {

namespace {

constexpr int kPauseMicros = 5'000;
// Between the end of one compaction and the choice of the next nothing is due for a moment.
constexpr int kQuietPauses = 4;
// RocksDB may call a compaction due for ever and yet find nothing to compact.
constexpr int kIdlePauses = 200;

using Properties = rocksdb::DB::Properties;

bool any(Database& database, std::initializer_list<std::string> properties) {
  for (auto* family : {database.rows(), database.meta()}) {
    for (const auto& property : properties) {
      std::uint64_t count = 0;
      if (database->GetIntProperty(family, property, &count) && count > 0) return true;
    }
  }
  return false;
}

}  // namespace

bool settle(Database& database, int patience) {
  for (auto* family : {database.rows(), database.meta()}) {
    if (!database->Flush(rocksdb::FlushOptions(), family).ok()) return false;
  }
  int quiet = 0, idle = 0;
  for (int i = 0; i < patience * (1'000'000 / kPauseMicros); ++i) {
    const bool runs = any(database, {Properties::kNumRunningCompactions, Properties::kNumRunningFlushes});
    const bool due = any(database, {Properties::kCompactionPending, Properties::kMemTableFlushPending});
    idle = runs ? 0 : idle + 1;
    quiet = runs || due ? 0 : quiet + 1;
    if (quiet == kQuietPauses || idle == kIdlePauses) return true;
    database->GetEnv()->SleepForMicroseconds(kPauseMicros);
  }
  return false;
}

}  // namespace helio::store::rocks
