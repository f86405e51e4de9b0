#include "server/open_store.h"

#include "server/owner_error.h"

namespace helio::server {

std::unique_ptr<store::RocksKv> open_store(const DataFolder& folder, const Settings& settings) {
  store::RocksOptions options;
  options.directory = folder.store();
  options.memory = static_cast<std::size_t>(settings.number("store.memory_mib")) << 20;
  try {
    return std::make_unique<store::RocksKv>(std::move(options));
  } catch (const store::OpenError& error) {
    throw OwnerError(error.what());
  }
}

}  // namespace helio::server
