#include "domain/contacts/commands.h"

#include "domain/box/keys.h"
#include "tl/types/records/Contact.h"
#include "tl/types/records/Done.h"
#include "tl/types/records/box/putContacts.h"

namespace helio::domain {

namespace {

void reads_of_put(const tl::box::putContacts&, Reads&) {}

Result<tl::record::Done> put(BoxTxn& box, const tl::box::putContacts& command) {
  if (!box.exists()) return tl::record::Done();
  for (const auto& contact : command.contacts) {
    const auto* named = tl::as<tl::record::Contact>(contact);
    box.put(key::contact(UserId{named->user_id}), *named);
  }
  return tl::record::Done();
}

constexpr CommandKind kCommands[] = {command<put, reads_of_put>()};

}  // namespace

std::span<const CommandKind> contact_commands() {
  return kCommands;
}

}  // namespace helio::domain
