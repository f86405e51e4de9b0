#include "domain/box/settle.h"

#include "tl/types/records/Done.h"
#include "tl/types/records/box/settle.h"

namespace helio::domain {

namespace {

void reads_of_settle(const tl::box::settle&, Reads&) {}

Result<tl::record::Done> settle(BoxTxn& box, const tl::box::settle&) {
  if (box.exists()) box.write_cursor();
  return tl::record::Done();
}

constexpr CommandKind kCommands[] = {command<settle, reads_of_settle>()};

}  // namespace

std::span<const CommandKind> settle_commands() {
  return kCommands;
}

}  // namespace helio::domain
