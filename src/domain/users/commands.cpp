#include "domain/users/commands.h"

#include "domain/box/keys.h"
#include "tl/types/records/Created.h"
#include "tl/types/records/Profile.h"
#include "tl/types/records/box/create.h"

namespace helio::domain {

namespace {

// Not 0, which clients send when they have no state yet.
constexpr std::int32_t kFirstPts = 1;

void reads_of_create(const tl::box::create&, Reads& reads) {
  reads.push_back(key::profile());
}

Result<tl::record::Created> create(BoxTxn& box, const tl::box::create& command) {
  const auto* profile = tl::as<tl::record::Profile>(command.profile);
  tl::record::Created created;
  if (const auto before = box.find<tl::record::Profile>(key::profile())) {
    created.taken = before->phone != profile->phone;
    return created;
  }
  box.put(key::profile(), *profile);
  box.begin_counters(kFirstPts);
  return created;
}

constexpr CommandKind kCommands[] = {command<create, reads_of_create>()};

}  // namespace

std::span<const CommandKind> user_commands() {
  return kCommands;
}

}  // namespace helio::domain
