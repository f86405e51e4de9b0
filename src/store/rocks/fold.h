// store/rocks/fold.h: a frozen generation becomes part of RocksDB.
//
// Its rows are written as sorted table files beside the database, which then takes all of them at once, together with
// the number of the last record they hold: after a crash the journal is replayed from exactly there.
// Errors: IsNoSpace: nothing was changed, and it may be tried again. Whatever else RocksDB or the file system says is
//         fatal.
#pragma once
#include <functional>

#include "store/rocks/database.h"
#include "store/rocks/generation.h"

namespace helio::store::rocks {

// `scratch`: a directory on the database's file system, for the files under way.
// `reached`: named points of the code, for tests; may be empty.
rocksdb::Status fold(Database& database, const Generation& generation, const std::filesystem::path& scratch,
                     const std::function<void(View)>& reached);

// Makes `scratch` when it is not there. Throws OpenError.
void make_scratch(const std::filesystem::path& scratch);

}  // namespace helio::store::rocks
