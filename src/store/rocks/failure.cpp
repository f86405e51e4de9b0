#include "store/rocks/failure.h"

#include <cstdlib>

#include "base/log.h"

namespace helio::store::rocks {

void Failure::fail(std::string_view reason) {
  if (failed_.exchange(true)) return;
  log::error("store.failed", {{"reason", reason}});
  if (fatal_) {
    fatal_(reason);
    return;
  }
  log::stop();
  std::_Exit(1);
}

}  // namespace helio::store::rocks
