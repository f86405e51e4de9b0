// store/rocks/content.h: what a database holds, as counts and one digest, so that a copy can be compared with what it
// is a copy of, however its files are arranged.
#pragma once
#include <rocksdb/db.h>

#include "store/rocks/backup.h"
#include "store/watch.h"

namespace helio::store::rocks {

// Reads everything, from one snapshot, past the block cache and with every block's checksum verified; memory does not
// grow with the database. Throws BackupFailed when the disk fails or is damaged, Stopped.
Content content_of(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* rows, rocksdb::ColumnFamilyHandle* meta,
                   const Watch& watch);

}  // namespace helio::store::rocks
