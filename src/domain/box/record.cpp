#include "domain/box/record.h"

#include "base/log.h"
#include "store/kv.h"

namespace helio::domain {

void damaged(View partition, View key) {
  log::error("box.damaged", {{"partition", to_hex(partition)}, {"key", to_hex(key)}});
  throw store::StoreDown("a stored record does not decode");
}

}  // namespace helio::domain
