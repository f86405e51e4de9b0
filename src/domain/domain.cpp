#include "domain/domain.h"

#include "domain/auth/commands.h"
#include "domain/box/settle.h"
#include "domain/contacts/commands.h"
#include "domain/messages/commands.h"
#include "domain/users/commands.h"

namespace helio::domain {

Commands all_commands() {
  return {settle_commands(),  user_commands(),   contact_commands(),
          message_commands(), number_commands(), device_commands()};
}

Domain::Domain(DomainNeeds needs, DomainSettings settings)
    : commands(all_commands()),
      boxes(needs.cores, needs.kv, needs.clock, commands, settings.boxes),
      users(needs.kv, settings.service_name),
      access_hashes(needs.secret),
      devices(boxes, needs.kv, needs.cores),
      auth(boxes, users, devices, needs.clock, needs.random, needs.code_sender, needs.secret, settings.auth),
      contacts(boxes, needs.kv, users),
      messages(boxes, needs.kv, needs.clock, users),
      dialogs(needs.kv),
      updates(boxes, needs.kv, needs.clock) {}

}  // namespace helio::domain
