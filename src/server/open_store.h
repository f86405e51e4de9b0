// server/open_store.h: the embedded store of a data folder, with the owner's settings.
#pragma once
#include <memory>

#include "server/data_folder.h"
#include "server/settings.h"
#include "store/rocks/rocks_kv.h"

namespace helio::server {

// Makes it where there is none. Throws OwnerError.
std::unique_ptr<store::RocksKv> open_store(const DataFolder& folder, const Settings& settings);

}  // namespace helio::server
