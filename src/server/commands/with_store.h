// server/commands/with_store.h: a command that needs the store: asked of the server that has it open, or done here.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "server/data_folder.h"
#include "store/rocks/rocks_kv.h"

namespace helio::server::commands {

using Work = std::function<std::string(const DataFolder& folder, store::RocksKv& kv, const store::Watch& watch)>;

// Sends `words` to the server that runs on `data`; where none runs, opens the store and does `work`. Prints what came
// of it; returns the exit code, or throws OwnerError.
int with_store(const std::filesystem::path& data, const std::vector<std::string>& words, const Work& work);

}  // namespace helio::server::commands
