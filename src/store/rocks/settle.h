// store/rocks/settle.h: waits until RocksDB has nothing left to do, so that its background work can be counted.
#pragma once
#include "store/rocks/database.h"

namespace helio::store::rocks {

// Flushes what RocksDB has in memory and waits until no flush or compaction runs or is due, for at most `patience`
// seconds. False: there is still work, or the flush failed. Blocks; no commits meanwhile.
bool settle(Database& database, int patience = 300);

}  // namespace helio::store::rocks
